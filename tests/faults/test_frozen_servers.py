"""PostgreSQL and Valkey stopped in their tracks: every push is answered, nothing noted is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg
import psutil
import pytest

from tests.engines import Engines
from tests.product import Running, running, settings
from tests.wechat_peer import Peer, text

pytestmark = pytest.mark.faults

FROZEN_S = 10.0
ANSWER_WITHIN_S = 4.0
EVERY_S = 0.1
peer = Peer()


@pytest.fixture
def engines() -> Iterator[Engines]:
    """Servers of this test's own, with the settings that real ones have."""
    engines = Engines(settings={}, planted=True)
    yield engines
    engines.stop()


@pytest.fixture
async def product(engines: Engines, tmp_path: Path) -> AsyncIterator[Running]:
    environ = settings(
        tmp_path,
        DATABASE_URL=engines.postgres.url,
        REDIS_URL=engines.valkey.url,
        LOG_LEVEL="warning",
    )
    with running("web", tmp_path, environ) as product:
        await product.ready()
        yield product


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


@pytest.mark.parametrize("frozen", ["postgres", "valkey", "both"])
async def test_every_push_is_answered_in_time_and_nothing_acknowledged_is_lost(
    engines: Engines, product: Running, frozen: str
):
    pids = {"postgres": [engines.postgres_pid], "valkey": [engines.valkey_pid]}
    servers = pids.get(frozen, [engines.postgres_pid, engines.valkey_pid])
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        assert await send(http, product.base, 0, "你好") == 200
        for server in servers:
            os.kill(server, signal.SIGSTOP)  # first: whoever stands still makes no more processes
        victims = [process for server in servers for process in everything_of(server)]
        for victim in victims:
            victim.send_signal(signal.SIGSTOP)
        sent: dict[int, asyncio.Task[int]] = {}
        try:
            for number in range(1, int(FROZEN_S / EVERY_S) + 1):
                word = "帮助" if number % 2 else "你好"
                sent[number] = asyncio.create_task(send(http, product.base, number, word))
                await asyncio.sleep(EVERY_S)
            alive = await probe(http, f"{product.base}/healthz")
            ready = await probe(http, f"{product.base}/readyz")
        finally:
            for victim in victims:
                victim.send_signal(signal.SIGCONT)
        statuses = {number: await task for number, task in sent.items()}
        assert await send(http, product.base, 9999, "你好") == 200

    kept = await numbers_kept(engines.postgres.url)
    acknowledged = {n for n, status in statuses.items() if status == 200 and n % 2 == 0}
    assert (alive, ready) == (200, 503)
    assert set(statuses.values()) <= {200, 503}
    assert {statuses[n] for n in statuses if n % 2} == {200}  # no effect: answered all the same
    assert acknowledged <= kept
    if frozen == "valkey":
        assert acknowledged == {n for n in statuses if n % 2 == 0}


async def numbers_kept(url: str) -> set[int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT dedupe_key FROM inbound_message")
        return {int(row["dedupe_key"].removeprefix("m:")) for row in rows}
    finally:
        await connection.close()
