"""PostgreSQL and Valkey stopped in their tracks: every push is answered, nothing noted is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import asyncpg
import psutil
import pytest

from tests.engines import Engines
from tests.product import Running, running, settings
from tests.wechat_peer import Peer, text

pytestmark = pytest.mark.faults

FROZEN = (("postgres",), ("valkey",), ("postgres", "valkey"))
FROZEN_S = 10.0
ANSWER_WITHIN_S = 4.0
EVERY_S = 0.1
peer = Peer()


@dataclass(frozen=True, slots=True)
class House:
    """A product and servers of its own, with the settings that real ones have."""

    engines: Engines
    product: Running

    def servers(self, names: Collection[str]) -> list[int]:
        pids = {"postgres": self.engines.postgres_pid, "valkey": self.engines.valkey_pid}
        return [pids[name] for name in names]


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    engines = Engines(settings={}, planted=True)
    environ = settings(
        engines.folder,
        DATABASE_URL=engines.postgres.url,
        REDIS_URL=engines.valkey.url,
        LOG_LEVEL="warning",
    )
    try:
        with running("web", engines.folder, environ) as product:
            await product.ready()
            yield House(engines, product)
    finally:
        engines.stop()


def everything_of(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


async def send(http: aiohttp.ClientSession, base: str, number: int, word: str) -> int:
    """One push; an answer that does not come in time is an error of the test."""
    now = datetime.now(UTC)
    push = peer.push(text(f"oUser{number:023d}", word, number=number, at=now), at=now)
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    url = f"{base}/hooks/wechat/oa"
    async with http.post(url, params=push.query, data=push.body, timeout=timeout) as answer:
        await answer.read()
        return answer.status


async def probe(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(url, timeout=aiohttp.ClientTimeout(total=2.0)) as answer:
        return answer.status


async def test_every_push_is_answered_in_time_and_nothing_acknowledged_is_lost():
    """The three pairs of servers stand still at the same time."""
    async with AsyncExitStack() as stack:
        houses = [await stack.enter_async_context(open_house()) for _ in FROZEN]
        async with asyncio.TaskGroup() as group:
            seen = [
                group.create_task(pushes_to(house, frozen))
                for house, frozen in zip(houses, FROZEN, strict=True)
            ]
        kept = [await numbers_kept(house.engines.postgres.url) for house in houses]

    for frozen, task, noted in zip(FROZEN, seen, kept, strict=True):
        (alive, ready), statuses = task.result()
        acknowledged = {n for n, status in statuses.items() if status == 200 and n % 2 == 0}
        assert (alive, ready) == (200, 503), frozen
        assert set(statuses.values()) <= {200, 503}, frozen
        # No effect: answered all the same.
        assert {statuses[n] for n in statuses if n % 2} == {200}, frozen
        assert acknowledged <= noted, frozen
        if frozen == ("valkey",):
            assert acknowledged == {n for n in statuses if n % 2 == 0}


async def pushes_to(
    house: House, frozen: Collection[str]
) -> tuple[tuple[int, int], dict[int, int]]:
    """What the probes said at the end of the frost, and the status of each push in it."""
    base, connector = house.product.base, aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        assert await send(http, base, 0, "你好") == 200
        servers = house.servers(frozen)
        for server in servers:
            os.kill(server, signal.SIGSTOP)  # first: whoever stands still makes no more processes
        victims = [process for server in servers for process in everything_of(server)]
        for victim in victims:
            victim.send_signal(signal.SIGSTOP)
        sent: dict[int, asyncio.Task[int]] = {}
        try:
            for number in range(1, int(FROZEN_S / EVERY_S) + 1):
                word = "帮助" if number % 2 else "你好"
                sent[number] = asyncio.create_task(send(http, base, number, word))
                await asyncio.sleep(EVERY_S)
            probes = await probe(http, f"{base}/healthz"), await probe(http, f"{base}/readyz")
        finally:
            for victim in victims:
                victim.send_signal(signal.SIGCONT)
        statuses = {number: await task for number, task in sent.items()}
        assert await send(http, base, 9999, "你好") == 200
    return probes, statuses


async def numbers_kept(url: str) -> set[int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT dedupe_key FROM inbound_message")
        return {int(row["dedupe_key"].removeprefix("m:")) for row in rows}
    finally:
        await connection.close()
