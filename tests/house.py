"""The product and the simulated WeChat in one test process, each on a port of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from aiohttp.test_utils import TestServer
from redis import asyncio as aioredis

from bot.app import build_app
from bot.config import Config
from bot.sandbox.app import FIRST_MENU, build_sandbox
from bot.sandbox.world import WORLD
from bot.web import equipped


@dataclass(frozen=True, slots=True)
class House:
    """Where both are."""

    product: TestServer
    wechat: TestServer
    redis: aioredis.Redis

    @property
    def phone_page(self) -> str:
        return f"http://127.0.0.1:{self.wechat.port}/"


@asynccontextmanager
async def open_house(redis_url: str, *, clock: Callable[[], datetime]) -> AsyncIterator[House]:
    """Open both doors; the ORM is the caller's."""
    async with (
        equipped(Config(), redis_url, clock) as deps,
        TestServer(build_app(deps)) as product,
    ):
        await deps.hints._redis.flushdb()  # the clock stands still: what came before is a repeat
        base = f"http://127.0.0.1:{product.port}"
        app: web.Application = build_sandbox(Config(), clock=clock, callback_base=base)
        app[WORLD].ledger.remember("menu", FIRST_MENU)
        async with TestServer(app) as wechat:
            yield House(product, wechat, deps.hints._redis)
