"""Deps: everything the application is given from outside, and the typed keys it is found under."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import SystemRandom

from aiohttp import web

from bot.clients.hints import Hints
from bot.clients.patience import Patience
from bot.clients.wechat_account import Account, WeChatHttp
from bot.clients.wechat_crypto import Codec
from bot.clients.wechat_http import open_transport
from bot.config import Config
from bot.services.bookshelf import Bookshelf
from bot.services.sending import Accounts
from bot.services.tokens import SharedTokens

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Deps:
    config: Config
    clock: Callable[[], datetime]
    """Aware, in UTC."""
    hints: Hints
    patience: Patience = field(default_factory=Patience)
    """Holds the effects of callbacks that their senders no longer wait for."""
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    """The WeChat accounts that may push to us, by their name in /hooks/wechat/{account}."""
    bookshelf: Bookshelf = field(default_factory=Bookshelf)
    """What the chat says and knows, in memory; empty in an application that does not chat."""
    accounts: Accounts | None = None
    """WeChat as we call it; None in an application that calls nobody."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """What /readyz asks, by name; a check returns when all is well and raises when not."""


DEPS = web.AppKey("DEPS", Deps)
REQUEST_ID = web.RequestKey("REQUEST_ID", str)
# What the audience's proof found out about the asker; the type narrows with the first real actor.
ACTOR = web.RequestKey("ACTOR", object)


@asynccontextmanager
async def open_accounts(config: Config, clock: Callable[[], datetime]) -> AsyncIterator[Accounts]:
    """Both accounts on one pool of connections; asks nothing until it is used."""
    secrets = (
        (config.oa_appid, config.oa_secret),
        (config.mini_appid, config.mini_secret),
    )
    async with open_transport(config.wechat_apis) as transport:
        service, mini = (
            WeChatHttp(
                Account(appid, secret.get_secret_value(), config.mini_appid),
                transport,
                SharedTokens(),
                clock=clock,
                jitter=SystemRandom().random,
            )
            for appid, secret in secrets
        )
        try:
            yield Accounts(service, mini, config.template_id, config.public_url)
        finally:
            await service.close()
            await mini.close()
