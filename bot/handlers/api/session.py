"""The mini-program signs in, asks who it is, and signs out."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.actors import Member
from bot.domain.errors import Unavailable
from bot.domain.sessions import Door
from bot.handlers import forms
from bot.handlers.members import member
from bot.services import logins, sessions


class Login(forms.Input):
    code: str = Field(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="wx.login 得到的 code，五分钟内用一次",
    )


class Me(BaseModel):
    id: UUID = Field(description="您在本系统中的编号")
    door: Door = Field(description="从哪里登录：mini 小程序，h5 网页")
    signed_in_at: datetime = Field(description="登录时间")
    expires_at: datetime = Field(description="到这个时间为止不使用，就需要重新登录")


class Session(BaseModel):
    token: str = Field(description="以后每次请求放在 Authorization: Bearer 之后")
    me: Me


async def create(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    if deps.accounts is None:
        raise Unavailable
    given = forms.body(request, Login)
    opened = await logins.from_mini(given.code, wechat=deps.accounts.mini, now=deps.clock())
    answer = Session(token=opened.token, me=_me(opened.member))
    return web.json_response(text=answer.model_dump_json(), status=201)


class PhoneCode(forms.Input):
    code: str = Field(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="手机号按钮得到的 code（不是 wx.login 的），五分钟内用一次",
    )


class Phone(BaseModel):
    number: str = Field(description="手机号，供您填表；本系统此时并不保存")


async def phone(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    if deps.accounts is None:
        raise Unavailable
    code = forms.body(request, PhoneCode).code
    number = await logins.phone(code, actor=member(request), wechat=deps.accounts.mini)
    return web.json_response(text=Phone(number=number).model_dump_json())


async def show(request: web.Request) -> web.Response:
    return web.json_response(text=_me(member(request)).model_dump_json())


async def end(request: web.Request) -> web.Response:
    await sessions.end(member(request), now=request.app[DEPS].clock())
    return web.Response(status=204)


async def end_all(request: web.Request) -> web.Response:
    """Sign out everywhere: of a phone that was lost, nothing is needed for that."""
    await sessions.end_all(member(request), now=request.app[DEPS].clock())
    return web.Response(status=204)


def _me(who: Member) -> Me:
    return Me(
        id=who.user_id, door=who.door, signed_in_at=who.signed_in_at, expires_at=who.expires_at
    )
