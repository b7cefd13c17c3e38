"""The mini-program signs in, asks who it is, and signs out."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.actors import Member
from bot.domain.consents import Purpose
from bot.domain.errors import TooMany, Unavailable
from bot.domain.sessions import Door
from bot.handlers import forms, throttle
from bot.handlers.members import member
from bot.handlers.surface import Contract
from bot.services import consents, logins, sessions
from bot.services.consents import NoConsent


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
    asks_privacy: bool = Field(
        description="还没有同意“使用信用服务”：先显示这项说明，同意以后再继续（/api/consents）"
    )


CREATE = Contract(
    "小程序登录：用 wx.login 的 code 换取会话",
    body=Login,
    returns=Session,
    statuses=(201,),
    refusals=(logins.Unproven, logins.Frozen, TooMany, Unavailable),
)


async def create(request: web.Request) -> web.Response:
    await throttle.check(request, throttle.LOGIN)
    deps = request.app[DEPS]
    if deps.accounts is None:
        raise Unavailable
    given = forms.body(request, Login)
    opened = await logins.from_mini(given.code, wechat=deps.accounts.mini, now=deps.clock())
    agreed = await consents.agrees(Purpose.PRIVACY, actor=opened.member)
    answer = Session(token=opened.token, me=_me(opened.member), asks_privacy=not agreed)
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


PHONE = Contract(
    "用手机号按钮的 code 得到自己的手机号（须先同意 phone 这项用途）",
    body=PhoneCode,
    returns=Phone,
    refusals=(NoConsent, logins.Unproven, Unavailable),
)


async def phone(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    if deps.accounts is None:
        raise Unavailable
    code = forms.body(request, PhoneCode).code
    number = await logins.phone(code, actor=member(request), wechat=deps.accounts.mini)
    return web.json_response(text=Phone(number=number).model_dump_json())


SHOW = Contract("我是谁，登录到什么时候", returns=Me)


async def show(request: web.Request) -> web.Response:
    return web.json_response(text=_me(member(request)).model_dump_json())


END = Contract("退出登录", statuses=(204,))


async def end(request: web.Request) -> web.Response:
    await sessions.end(member(request), now=request.app[DEPS].clock())
    return web.Response(status=204)


END_ALL = Contract("退出所有设备上的登录", statuses=(204,))


async def end_all(request: web.Request) -> web.Response:
    """Sign out everywhere: of a phone that was lost, nothing is needed for that."""
    await sessions.end_all(member(request), now=request.app[DEPS].clock())
    return web.Response(status=204)


def _me(who: Member) -> Me:
    return Me(
        id=who.user_id, door=who.door, signed_in_at=who.signed_in_at, expires_at=who.expires_at
    )
