"""A member's own data: a copy asked for and linked to, and the account closed."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.closing import STAYS
from bot.domain.errors import NotFound, TooMany
from bot.domain.exports import NotReady
from bot.handlers import forms
from bot.handlers.members import enterprise_id, member, path_id
from bot.handlers.surface import Contract
from bot.services import closing, exports
from bot.services.bindings import TooFresh
from bot.services.exports import Pack


class Export(BaseModel):
    id: UUID = Field(description="编号")
    enterprise: UUID | None = Field(description="哪家企业的；本人的为 null")
    asked_at: datetime = Field(description="什么时候要的")
    expires_at: datetime = Field(description="保存到什么时候")
    ready: bool = Field(description="是否已经备好")
    files: int | None = Field(description="共多少个文件；还没有清点时为 null")
    copied: int = Field(description="已经放进多少个")
    size: int = Field(description="字节数，备好以后才有")


class Exports(BaseModel):
    export: Export | None = Field(description="没有时为 null")


class ExportLink(BaseModel):
    url: str = Field(description="下载页，用一次就失效；微信里下载不了时请在浏览器打开")
    expires_at: datetime = Field(description="到什么时候为止")


class Close(forms.Input):
    understood: Literal[True] = Field(description="本人已经看过会删除什么、保留什么")


class Consequence(BaseModel):
    name: str = Field(description="企业名称")
    last: bool = Field(description="您是最后一位联系人")


class Kept(BaseModel):
    what: str = Field(description="什么")
    how_long: str = Field(description="多久")
    why: str = Field(description="为什么")


class Closing(BaseModel):
    enterprises: list[Consequence] = Field(description="会退出的企业，会撤回的申请")
    stays: list[Kept] = Field(description="注销以后仍然保留的")


SHOW = Contract("我的资料导出", returns=Exports)
SHOW_ENTERPRISE = Contract("这家企业的资料导出", returns=Exports)
ASK = Contract("导出我的资料", returns=Export, refusals=(TooMany,))
ASK_ENTERPRISE = Contract("导出企业的资料", returns=Export, refusals=(TooFresh, TooMany))
LINK = Contract("取得下载链接", returns=ExportLink, refusals=(NotFound, NotReady, TooFresh))
CONSEQUENCES = Contract("注销账号会怎样", returns=Closing)
CLOSE = Contract("注销账号，不能恢复", body=Close, statuses=(204,))


async def show(request: web.Request) -> web.Response:
    return await _latest(request, None)


async def show_enterprise(request: web.Request) -> web.Response:
    return await _latest(request, enterprise_id(request))


async def ask(request: web.Request) -> web.Response:
    return await _asked(request, None)


async def ask_enterprise(request: web.Request) -> web.Response:
    return await _asked(request, enterprise_id(request))


async def _latest(request: web.Request, enterprise: UUID | None) -> web.Response:
    now = request.app[DEPS].clock()
    found = await exports.latest(enterprise, actor=member(request), now=now)
    answer = Exports(export=_export(found) if found else None)
    return web.json_response(text=answer.model_dump_json())


async def _asked(request: web.Request, enterprise: UUID | None) -> web.Response:
    now = request.app[DEPS].clock()
    found = await exports.ask(enterprise, actor=member(request), now=now)
    return web.json_response(text=_export(found).model_dump_json())


async def link(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    made = await exports.link(path_id(request, "export"), actor=member(request), now=deps.clock())
    url = f"{deps.config.public_url}/h5/x/{made.token}"
    answer = ExportLink(url=url, expires_at=made.expires_at)
    return web.json_response(text=answer.model_dump_json())


async def consequences(request: web.Request) -> web.Response:
    found = await closing.affected(member(request), now=request.app[DEPS].clock())
    answer = Closing(
        enterprises=[Consequence(name=one.name, last=one.last) for one in found],
        stays=[Kept(what=one.what, how_long=one.how_long, why=one.why) for one in STAYS],
    )
    return web.json_response(text=answer.model_dump_json())


async def close(request: web.Request) -> web.Response:
    await closing.close(actor=member(request), now=request.app[DEPS].clock())
    return web.Response(status=204)


def _export(found: Pack) -> Export:
    return Export(
        id=found.id,
        enterprise=found.enterprise_id,
        asked_at=found.asked_at,
        expires_at=found.expires_at,
        ready=found.ready,
        files=found.files,
        copied=found.copied,
        size=found.size,
    )
