"""Signing by a forwarded one-time link: for the legal representative, without a login."""

from aiohttp import web

from bot.deps import DEPS
from bot.domain.consents import TEXTS, Purpose
from bot.domain.dates import in_words
from bot.domain.errors import BadInput
from bot.domain.workdays import BEIJING
from bot.handlers import filled, forms, pages
from bot.handlers.h5.commitment import SIGNATURE_BYTES, Sign
from bot.services import signing_links


async def ask(request: web.Request) -> web.Response:
    """Anybody who holds the link sees what is to be signed; looking uses nothing up."""
    return await _page(request, filled.blank(Sign))


async def sign(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    form = await forms.fill(request, Sign, limit=SIGNATURE_BYTES)
    if form.value is None:
        return await _page(request, form)
    try:
        row = await signing_links.sign(
            request.match_info["token"], form.value.signature, vault=deps.vault, now=deps.clock()
        )
    except BadInput as refusal:
        return await _page(request, form.refused(str(refusal), "signature"))
    return pages.render(request, "h5/commitment_signed.html", row=row)


async def _page(request: web.Request, form: filled.Filled[Sign]) -> web.Response:
    now = request.app[DEPS].clock()
    asked = await signing_links.look(request.match_info["token"], now=now)
    until = in_words(asked.expires_at.astimezone(BEIJING).date())
    return pages.render(
        request,
        "h5/commitment_link.html",
        status=form.status,
        asked=asked,
        form=form,
        until=until,
        publication=TEXTS[Purpose.PUBLICATION],
    )
