"""Deps: everything the application is given from outside, and the typed keys it is found under."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from bot.config import Config

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Deps:
    config: Config
    clock: Callable[[], datetime]
    """Aware, in UTC."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """What /readyz asks, by name; a check returns when all is well and raises when not."""


DEPS = web.AppKey("DEPS", Deps)
REQUEST_ID = web.RequestKey("REQUEST_ID", str)
# What the audience's proof found out about the asker; the type narrows with the first real actor.
ACTOR = web.RequestKey("ACTOR", object)
