"""The people of an enterprise in the mini-program: listed, invited, confirmed, removed."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.bindings import Role, State
from bot.domain.errors import NotFound, Stale, TooMany
from bot.handlers import forms, once
from bot.handlers.members import enterprise_id, member, path_id
from bot.handlers.surface import Contract
from bot.services import claim_reviews, colleagues, invitations
from bot.services.bindings import NeedsLegal
from bot.services.claims import HeldAlready
from bot.services.colleagues import MayNotRemove
from bot.services.invitations import NoInvitation


class Colleague(BaseModel):
    id: UUID
    person: str
    role: Role
    state: State
    since: datetime
    me: bool = Field(description="是不是我自己")
    removable: bool = Field(description="我能不能解除或暂停")


class OpenInvitation(BaseModel):
    id: UUID
    role: Role
    expires_at: datetime


class Team(BaseModel):
    colleagues: list[Colleague]
    invitations: list[OpenInvitation] = Field(description="还没有人用的邀请链接")


class Wanted(forms.Input):
    role: Role


class Invited(BaseModel):
    id: UUID
    role: Role
    expires_at: datetime
    link: str = Field(description="只在这里出现一次，请马上发给对方")


class Offer(BaseModel):
    name: str = Field(description="企业名称")
    role: Role
    expires_at: datetime


class Accepted(forms.Input):
    person: str = Field(min_length=2, max_length=40, description="您的姓名")


class Joined(BaseModel):
    enterprise_id: UUID


class Why(forms.Input):
    reason: str = Field("", max_length=60, description="原因，对方会看到")


LIST = Contract("联系人、等待核实的申请和没用过的邀请", returns=Team, refusals=(NotFound,))
INVITE = Contract(
    "邀请一位联系人",
    body=Wanted,
    returns=Invited,
    refusals=(NotFound, NeedsLegal, Stale, TooMany),
)
REVOKE = Contract("收回没用过的邀请", statuses=(204,), refusals=(NotFound,))
OFFER = Contract("看邀请", returns=Offer, refusals=(NoInvitation,))
ACCEPT = Contract(
    "接受邀请",
    body=Accepted,
    returns=Joined,
    refusals=(NoInvitation, HeldAlready, TooMany, Stale),
)
CONFIRM = Contract(
    "确认有争议的申请人是同事，或者因手机丢失暂停的是其本人：成为经办人",
    statuses=(204,),
    refusals=(NotFound, NeedsLegal, Stale),
)
REMOVE = Contract(
    "解除一位经办人", body=Why, statuses=(204,), refusals=(NotFound, MayNotRemove, Stale)
)
SUSPEND = Contract(
    "一位经办人的手机丢了：暂停并退出其所有登录",
    statuses=(204,),
    refusals=(NotFound, MayNotRemove, Stale),
)


async def listed(request: web.Request) -> web.Response:
    who, now, wanted = member(request), request.app[DEPS].clock(), enterprise_id(request)
    team = await colleagues.team(wanted, actor=who, now=now)
    links = await invitations.listed(wanted, actor=who, now=now)
    answer = Team(
        colleagues=[
            Colleague(
                id=one.binding_id,
                person=one.person,
                role=one.role,
                state=one.state,
                since=one.since,
                me=one.me,
                removable=one.removable,
            )
            for one in team
        ],
        invitations=[
            OpenInvitation(id=one.id, role=one.role, expires_at=one.expires_at) for one in links
        ],
    )
    return web.json_response(text=answer.model_dump_json())


async def invite(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    role = forms.body(request, Wanted).role
    made = await invitations.invite(
        enterprise_id(request),
        role,
        actor=member(request),
        now=deps.clock(),
        number=once.number(request),
    )
    answer = Invited(
        id=made.id,
        role=made.role,
        expires_at=made.expires_at,
        link=f"{deps.config.public_url}/h5/invitations/{made.token}",
    )
    return web.json_response(text=answer.model_dump_json())


async def revoke(request: web.Request) -> web.Response:
    await invitations.revoke(
        enterprise_id(request),
        path_id(request, "invitation"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return web.Response(status=204)


async def offer(request: web.Request) -> web.Response:
    found = await invitations.look(request.match_info["token"], now=request.app[DEPS].clock())
    answer = Offer(name=found.name, role=found.role, expires_at=found.expires_at)
    return web.json_response(text=answer.model_dump_json())


async def accept(request: web.Request) -> web.Response:
    person = forms.body(request, Accepted).person
    joined = await invitations.accept(
        request.match_info["token"],
        person,
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return web.json_response(text=Joined(enterprise_id=joined).model_dump_json())


async def confirm(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    await claim_reviews.confirm(await _here(request), actor=member(request), now=now)
    return web.Response(status=204)


async def remove(request: web.Request) -> web.Response:
    reason = forms.body(request, Why).reason or "由法定代表人解除"
    now = request.app[DEPS].clock()
    await colleagues.remove(await _here(request), actor=member(request), reason=reason, now=now)
    return web.Response(status=204)


async def suspend(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    await colleagues.suspend(
        await _here(request), actor=member(request), reason="法定代表人报告手机丢失", now=now
    )
    return web.Response(status=204)


async def _here(request: web.Request) -> UUID:
    """A binding of the enterprise in the address; one from elsewhere is not found."""
    wanted = path_id(request, "binding")
    await colleagues.check_here(
        wanted, enterprise_id(request), actor=member(request), now=request.app[DEPS].clock()
    )
    return wanted
