"""The certificates on the phone: the list, the card that is shown to others, the plaque."""

from collections.abc import Mapping

from aiohttp import web
from markupsafe import Markup
from pydantic import Field

from bot.deps import DEPS, Deps
from bot.domain import qr
from bot.domain.certificates import State
from bot.domain.errors import BadInput, DomainError
from bot.domain.papers import Address, OrderState
from bot.domain.workdays import BEIJING
from bot.handlers import filled, forms, pages
from bot.handlers.h5.reminding import reminders
from bot.handlers.members import enterprise_id, member
from bot.handlers.seal_words import root_of_seal
from bot.services import bindings, held_certificates, plaques
from bot.services.held_certificates import Whole

TAGS: Mapping[State, str] = {State.ACTIVE: "ok", State.DUE: "soon", State.SUSPENDED: "fix"}
KINDS: Mapping[str, str] = {"签发": "good", "年审通过": "good", "暂停": "warn", "撤销": "bad"}


class Delivery(forms.Input):
    person: str = Field(min_length=2, max_length=40, title="收件人")
    phone: str = Field(
        min_length=7, max_length=20, pattern=r"^[0-9+\- ]+$", title="联系电话",
        description="只给快递使用",
    )  # fmt: skip
    place: str = Field(
        min_length=8, max_length=200, title="收件地址", description="省、市、区、街道和门牌号"
    )


async def show_all(request: web.Request) -> web.Response:
    who, now = member(request), _deps(request).clock()
    mine = await bindings.require(who, enterprise_id(request), now=now)
    held = await held_certificates.listed(mine.enterprise_id, actor=who, now=now)
    return pages.render(
        request,
        "h5/certificates.html",
        mine=mine,
        held=held,
        tags=TAGS,
        here=request.path,
        reminders=reminders(_deps(request).config),
    )


async def show(request: web.Request) -> web.Response:
    """The card, as of the instant at which it is opened; a script lets the time go on."""
    found, now = await _look(request), _deps(request).clock()
    at = now.astimezone(BEIJING)
    return pages.render(
        request,
        "h5/certificate.html",
        home=_home(request, found),
        found=found,
        tag=TAGS.get(found.held.state, "ended"),
        code=Markup(qr.svg(found.verify_url, title="核验二维码"))  # noqa: S704  # drawn by us
        if found.verify_url
        else "",
        opened_at=at.isoformat(timespec="seconds"),
        opened=f"{at:%Y-%m-%d %H:%M:%S}",
        history=[
            {"when": pages.day(one.at), "title": one.title, "text": one.reason,
             "kind": KINDS.get(one.title, "")}
            for one in found.history
        ],
        sent=OrderState.SENT,
        root=root_of_seal(request),
    )  # fmt: skip


async def ask_plaque(request: web.Request) -> web.Response:
    return _plaque_page(request, await _look(request), filled.blank(Delivery))


async def order_plaque(request: web.Request) -> web.Response:
    deps, found = _deps(request), await _look(request)
    form = await forms.fill(request, Delivery)
    if form.value is not None:
        try:
            await plaques.order(
                found.held.certificate.enterprise_id,
                found.held.certificate.number,
                Address(form.value.person, form.value.phone, form.value.place),
                actor=member(request),
                vault=deps.vault,
                now=deps.clock(),
            )
        except BadInput as refusal:
            form = form.refused(str(refusal), refusal.field)
        except DomainError as refusal:
            form = form.refused(str(refusal))
        else:
            return pages.see_other(request, _home(request, found), said="牌匾已登记")
    return _plaque_page(request, found, form)


async def cancel_plaque(request: web.Request) -> web.Response:
    found = await _look(request)
    await plaques.cancel(
        found.held.certificate.enterprise_id,
        found.held.certificate.number,
        actor=member(request),
        now=_deps(request).clock(),
    )
    return pages.see_other(request, _home(request, found), said="已取消，收件信息已删除")


def _plaque_page(request: web.Request, found: Whole, form: filled.Filled[Delivery]) -> web.Response:
    return pages.render(
        request,
        "h5/certificate_plaque.html",
        status=form.status,
        home=_home(request, found),
        found=found,
        form=form,
    )


async def _look(request: web.Request) -> Whole:
    deps = _deps(request)
    return await held_certificates.look(
        enterprise_id(request),
        request.match_info["certificate"],
        actor=member(request),
        base=deps.config.public_url,
        now=deps.clock(),
    )


def _home(request: web.Request, found: Whole) -> str:
    return f"/h5/e/{enterprise_id(request)}/certificates/{found.held.certificate.number}"


def _deps(request: web.Request) -> Deps:
    return request.app[DEPS]
