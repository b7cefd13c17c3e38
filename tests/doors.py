"""The product and the simulated WeChat that it logs in with, each on a port of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import aiohttp
from aiohttp.test_utils import TestServer, unused_port

from bot.app import build_app
from bot.clients.limits import Limits
from bot.config import Config
from bot.sandbox.app import FIRST_MENU, build_sandbox
from bot.sandbox.people import FIRST_PEOPLE
from bot.sandbox.world import WORLD
from bot.services.sending import Accounts
from bot.services.verification import Verifier
from bot.web import equipped
from tests.onlooking import onlooker

WANG, LI = FIRST_PEOPLE[0][0], FIRST_PEOPLE[1][0]


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Doors:
    """Both, and a clock that stands still until a test moves it."""

    url: str
    wechat: str
    http: aiohttp.ClientSession = field(repr=False)
    clock: Clock
    accounts: Accounts = field(repr=False)
    limits: Limits = field(repr=False)
    verifier: Verifier = field(repr=False)

    async def control(self, path: str, body: object = None) -> dict:
        async with self.http.post(f"{self.wechat}/_control/{path}", json=body or {}) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def code(self, openid: str = WANG, **more: object) -> str:
        given = await self.control("code", {"openid": openid, **more})
        return given["code"]

    async def catch_up(self, db: str) -> None:
        """The register knows what stands in the database by now."""
        await self.verifier.register.catch_up(await onlooker(db), now=self.clock())

    async def ledger(self, table: str) -> list[dict]:
        async with self.http.get(
            f"{self.wechat}/_control/ledger", params={"table": table}
        ) as answer:
            return (await answer.json())[table]

    async def ask(self, method: str, path: str, **more: object) -> aiohttp.ClientResponse:
        """Ask the product; a redirect is not followed, a cookie not kept.

        A POST to the API gets an idempotency key of its own, unless it brings one.
        """
        if method == "POST" and path.startswith("/api/"):
            more["headers"] = {"Idempotency-Key": uuid4().hex, **(more.get("headers") or {})}
        answer = await self.http.request(method, self.url + path, allow_redirects=False, **more)
        await answer.read()
        return answer


@asynccontextmanager
async def open_doors(redis_url: str, *, now: datetime, **settings: object) -> AsyncIterator[Doors]:
    """Open both; the ORM is the caller's. `settings` replace ours, such as public_url."""
    clock = Clock(now)
    web_port, sandbox_port = unused_port(), unused_port()
    config = Config(
        **{
            "web_port": web_port,
            "sandbox_port": sandbox_port,
            "public_url": f"http://127.0.0.1:{web_port}",
        }
        | settings
    )
    simulated = build_sandbox(config, clock=clock)
    simulated[WORLD].ledger.remember("menu", FIRST_MENU)
    async with (
        equipped(config, redis_url, clock) as deps,
        TestServer(build_app(deps), port=web_port),
        TestServer(simulated, port=sandbox_port),
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        accounts = deps.accounts
        assert accounts
        await deps.hints._redis.flushdb()  # what earlier tests have counted
        url = f"http://127.0.0.1:{web_port}"
        yield Doors(
            url, config.sandbox_url, http, clock, accounts, deps.limits, deps.verifier
        )  # fmt: skip
