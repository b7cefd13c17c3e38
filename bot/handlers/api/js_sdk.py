"""What a page of ours needs before it may use WeChat's JS-SDK."""

import secrets

import structlog
from aiohttp import web
from pydantic import BaseModel, Field

from bot.clients.wechat_errors import WeChatError
from bot.deps import DEPS
from bot.domain.errors import BadInput, Unavailable
from bot.domain.js_sdk import own_address, signature
from bot.handlers import forms
from bot.handlers.surface import Contract

log = structlog.get_logger()


class Page(forms.Input):
    url: str = Field(max_length=2048, description="当前页面的完整网址；# 及其后面的部分不参与签名")


class JsSdk(BaseModel):
    """The names are those of wx.config: there the S of nonceStr is a capital one."""

    appId: str = Field(description="服务号的 AppID")  # noqa: N815  # WeChat's name
    timestamp: int = Field(description="签名的时间，秒")
    nonceStr: str = Field(description="签名的随机串")  # noqa: N815  # WeChat's name
    signature: str = Field(description="签名")


SIGN = Contract(
    "本站页面使用微信 JS-SDK 所需的签名",
    query=Page,
    returns=JsSdk,
    refusals=(BadInput, Unavailable),
)


async def sign(request: web.Request) -> web.Response:
    """Sign the address of one of our pages, and of nobody else's."""
    deps = request.app[DEPS]
    page = own_address(forms.query(request, Page).url, public_url=deps.config.public_url)
    if deps.accounts is None:
        raise Unavailable
    service = deps.accounts.service
    try:
        ticket = await service.jsapi_ticket()
    except WeChatError as error:
        log.warning("js_sdk_unsigned", reason=str(error))
        raise Unavailable from None
    nonce = secrets.token_urlsafe(12)
    timestamp = int(deps.clock().timestamp())
    signed = signature(ticket=ticket, nonce=nonce, timestamp=timestamp, url=page)
    answer = JsSdk(appId=service.appid, timestamp=timestamp, nonceStr=nonce, signature=signed)
    return web.json_response(text=answer.model_dump_json())
