"""Deps: everything the application is given from outside, and the typed keys it is found under."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from bot.clients.hints import Hints
from bot.clients.patience import Patience
from bot.clients.wechat_crypto import Codec
from bot.config import Config
from bot.services.bookshelf import Bookshelf

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
    checks: Mapping[str, Check] = field(default_factory=dict)
    """What /readyz asks, by name; a check returns when all is well and raises when not."""


DEPS = web.AppKey("DEPS", Deps)
REQUEST_ID = web.RequestKey("REQUEST_ID", str)
# What the audience's proof found out about the asker; the type narrows with the first real actor.
ACTOR = web.RequestKey("ACTOR", object)
