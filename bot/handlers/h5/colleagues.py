"""The people of an enterprise: who acts for it, inviting, confirming, removing, leaving."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID, uuid4

from aiohttp import web
from markupsafe import Markup
from pydantic import Field

from bot.deps import DEPS
from bot.domain import qr
from bot.domain.bindings import HOLDING, Role, State
from bot.domain.dates import in_words
from bot.domain.errors import NotFound
from bot.domain.workdays import BEIJING
from bot.handlers import filled, forms, pages
from bot.handlers.members import enterprise_id, member, path_id
from bot.services import bindings, claim_reviews, colleagues, invitations
from bot.services.colleagues import Colleague

TAGS: Mapping[State, str] = {
    State.ACTIVE: "ok",
    State.SUSPENDED: "fix",
    State.DISPUTED: "waiting",
    State.REQUESTED: "waiting",
}


class Invite(forms.Input):
    role: Literal["legal", "agent"]
    number: UUID | None = None  # of this page: the form that is sent twice invites once


class Reason(forms.Input):
    reason: str | None = Field(None, max_length=60, title="原因")


class Accept(forms.Input):
    person: str = Field(min_length=2, max_length=40, title="您的姓名")


async def show(request: web.Request) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    mine = await bindings.require(who, enterprise_id(request), now=now)
    team = await colleagues.team(mine.enterprise_id, actor=who, now=now)
    links = await invitations.listed(mine.enterprise_id, actor=who, now=now)
    return pages.render(
        request,
        "h5/colleagues.html",
        mine=mine,
        holders=[one for one in team if one.state in HOLDING],
        claimants=[one for one in team if one.state not in HOLDING],
        tags=TAGS,
        links=[(one, in_words(one.expires_at.astimezone(BEIJING).date())) for one in links],
        may_hand_over=mine.role is Role.LEGAL,
        number=uuid4(),
    )


async def show_one(request: web.Request) -> web.Response:
    mine, one = await _one(request)
    return pages.render(
        request,
        "h5/colleague.html",
        mine=mine,
        one=one,
        tag=TAGS[one.state],
        since=in_words(one.since.astimezone(BEIJING).date()),
        restorable=one.state is State.SUSPENDED and mine.role.covers(one.role),
        form=filled.blank(Reason),
    )


async def confirm(request: web.Request) -> web.Response:
    mine, one = await _one(request)
    now = request.app[DEPS].clock()
    await claim_reviews.confirm(one.binding_id, actor=member(request), now=now)
    return _back(request, mine, "已确认，对方现在是经办人")


async def remove(request: web.Request) -> web.Response:
    mine, one = await _one(request)
    given = await forms.read_form(request, Reason)
    now = request.app[DEPS].clock()
    await colleagues.remove(
        one.binding_id, actor=member(request), reason=given.reason or "由法定代表人解除", now=now
    )
    return _back(request, mine, "已解除，对方马上不能再查看和办理")


async def suspend(request: web.Request) -> web.Response:
    mine, one = await _one(request)
    now = request.app[DEPS].clock()
    await colleagues.suspend(
        one.binding_id, actor=member(request), reason="法定代表人报告手机丢失", now=now
    )
    return _back(request, mine, "已暂停，并退出了对方的所有登录")


async def invite(request: web.Request) -> web.Response:
    """Make a link and show it this once: nobody can read it again, only take it back."""
    deps = request.app[DEPS]
    given = await forms.read_form(request, Invite)
    wanted = enterprise_id(request)
    who, now = member(request), deps.clock()
    made = await invitations.invite(
        wanted, Role(given.role), actor=who, now=now, number=given.number
    )
    mine = await bindings.require(who, wanted, now=now)
    link = f"{deps.config.public_url}/h5/invitations/{made.token}"
    return pages.render(
        request,
        "h5/invited.html",
        here=f"/h5/e/{wanted}/colleagues",
        mine=mine,
        made=made,
        link=link,
        code=Markup(qr.svg(link, title="邀请二维码")),  # noqa: S704  # our own drawing
        until=in_words(made.expires_at.astimezone(BEIJING).date()),
    )


async def revoke(request: web.Request) -> web.Response:
    mine = await bindings.require(
        member(request), enterprise_id(request), now=request.app[DEPS].clock()
    )
    await invitations.revoke(
        mine.enterprise_id,
        path_id(request, "invitation"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return _back(request, mine, "已收回邀请链接")


async def ask_leaving(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    mine = await bindings.require(member(request), enterprise_id(request), now=now)
    return pages.render(request, "h5/leave.html", mine=mine)


async def leave(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    await colleagues.leave(enterprise_id(request), actor=member(request), now=now)
    return pages.see_other(request, "/h5/me", said="已退出，您不再是这家企业的联系人")


async def offer(request: web.Request) -> web.Response:
    return await _offer(request, filled.blank(Accept))


async def accept(request: web.Request) -> web.Response:
    form = await forms.fill(request, Accept)
    if form.value is None:
        return await _offer(request, form)
    now = request.app[DEPS].clock()
    joined = await invitations.accept(
        request.match_info["token"], form.value.person, actor=member(request), now=now
    )
    return pages.see_other(request, f"/h5/e/{joined}", said="您已成为这家企业的联系人")


async def _offer(request: web.Request, form: filled.Filled[Accept]) -> web.Response:
    found = await invitations.look(request.match_info["token"], now=request.app[DEPS].clock())
    return pages.render(request, "h5/invitation.html", status=form.status, form=form, offer=found)


async def _one(request: web.Request) -> tuple[bindings.Bound, Colleague]:
    """A colleague of an enterprise that is the member's; an id from elsewhere is not found."""
    who, now = member(request), request.app[DEPS].clock()
    mine = await bindings.require(who, enterprise_id(request), now=now)
    wanted = path_id(request, "binding")
    for one in await colleagues.team(mine.enterprise_id, actor=who, now=now):
        if one.binding_id == wanted:
            return mine, one
    raise NotFound


def _back(request: web.Request, mine: bindings.Bound, said: str) -> web.Response:
    return pages.see_other(request, f"/h5/e/{mine.enterprise_id}/colleagues", said=said)
