"""The papers of an enterprise: what is there, handing in more, who has looked at them."""

from aiohttp import web
from pydantic import Field

from bot.deps import DEPS
from bot.domain.errors import BadInput, Stale, Unavailable
from bot.domain.files import KINDS, WARNINGS, Media, Unreadable
from bot.domain.workdays import BEIJING
from bot.handlers import filled, forms, pages, papers
from bot.handlers.filled import Filled
from bot.handlers.members import enterprise_id, member
from bot.services import bindings, files, openings
from bot.services.consents import NoConsent

CHOICES = [(name, kind.name) for name, kind in KINDS.items()]
SHOWN_OPENINGS = 50


class Sent(forms.Input):
    kind: str = Field(max_length=40, title="材料种类")
    agreed: int = 0  # the version of the text that stands beside the button
    file: str | None = Field(
        None,
        title="文件",
        description="拍照、从相册选图片，或选 PDF；每个最多 20 MB，可一次选多个",
    )


async def show(request: web.Request) -> web.Response:
    return await _page(request, filled.blank(Sent))


async def send(request: web.Request) -> web.Response:
    """Keep every file of the form; the first that is refused is told, those before it are kept."""
    deps, who = request.app[DEPS], member(request)
    enterprise = enterprise_id(request)
    await bindings.require(who, enterprise, now=deps.clock())
    form: Filled[Sent] = filled.blank(Sent)
    kept = 0
    try:
        async with papers.received(request, limits=papers.SEVERAL) as (parts, given):
            form = filled.check(parts.fields.items(), Sent)
            if form.value is None:
                return await _page(request, form)
            await papers.agree(request, form.value.kind, form.value.agreed)
            for one in given:
                await files.keep(
                    one,
                    kind=form.value.kind,
                    enterprise_id=enterprise,
                    actor=who,
                    now=deps.clock(),
                    cabinet=papers.cabinet(request),
                )
                kept += 1
    except BadInput as refusal:
        form = form.refused(str(refusal), refusal.field or "file")
    except (NoConsent, Stale, Unreadable, Unavailable) as refusal:
        form = form.refused(str(refusal), "file")
    if form.errors:
        return await _page(request, form)
    return pages.see_other(
        request, f"/h5/e/{enterprise}/papers", said=f"已收到 {kept} 个文件，都可以打开。"
    )


async def _page(request: web.Request, form: Filled[Sent]) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    mine = await bindings.require(who, enterprise_id(request), now=now)
    found = await files.listed(mine.enterprise_id, actor=who, now=now)
    looked = await openings.listed(mine.enterprise_id, actor=who, now=now, limit=SHOWN_OPENINGS)
    return pages.render(
        request,
        "h5/papers.html",
        status=form.status,
        mine=mine,
        form=form,
        choices=CHOICES,
        asked=await papers.asked(request, "identity_card"),
        papers=found,
        kinds=KINDS,
        warnings=WARNINGS,
        pdf=Media.PDF,
        openings=[(one, f"{one.at.astimezone(BEIJING):%Y-%m-%d %H:%M}") for one in looked],
    )
