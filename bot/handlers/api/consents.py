"""What a member agreed to: shown, given and revoked, each purpose by itself."""

from datetime import datetime

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.consents import Purpose
from bot.domain.errors import NotFound, Stale
from bot.handlers import forms
from bot.handlers.members import member
from bot.handlers.surface import Contract
from bot.services import consents


class Given(forms.Input):
    purpose: Purpose = Field(description="用途")
    version: int = Field(ge=1, description="您看到的说明的版本")


class Consent(BaseModel):
    purpose: Purpose = Field(description="用途")
    version: int = Field(description="现行说明的版本")
    title: str = Field(description="标题")
    words: str = Field(description="说明")
    afterwards: str = Field(description="撤回以后会怎样")
    given_at: datetime | None = Field(description="同意现行说明的时间；没有同意为 null")
    older_given_at: datetime | None = Field(
        description="只同意过旧说明的，同意的时间，可以撤回；其他为 null"
    )


class Consents(BaseModel):
    consents: list[Consent]


SHOW = Contract("各项用途的说明，以及我同意了哪些", returns=Consents)


async def show(request: web.Request) -> web.Response:
    return await _all(request)


GIVE = Contract("同意一项用途的现行说明", body=Given, returns=Consents, refusals=(Stale,))


async def give(request: web.Request) -> web.Response:
    given = forms.body(request, Given)
    now = request.app[DEPS].clock()
    await consents.give(given.purpose, given.version, actor=member(request), now=now)
    return await _all(request)


REVOKE = Contract(
    "撤回对一项用途的同意；撤回 privacy 会退出所有登录", returns=Consents, refusals=(NotFound,)
)


async def revoke(request: web.Request) -> web.Response:
    try:
        purpose = Purpose(request.match_info["purpose"])
    except ValueError:
        raise NotFound from None
    await consents.revoke(purpose, actor=member(request), now=request.app[DEPS].clock())
    return await _all(request)


async def _all(request: web.Request) -> web.Response:
    found = await consents.standings(actor=member(request))
    answer = Consents(
        consents=[
            Consent(
                purpose=one.purpose,
                version=one.text.version,
                title=one.text.title,
                words=one.text.words,
                afterwards=one.text.afterwards,
                given_at=one.given_at,
                older_given_at=one.older_at,
            )
            for one in found
        ]
    )
    return web.json_response(text=answer.model_dump_json())
