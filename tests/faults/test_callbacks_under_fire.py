"""Real web processes that are killed and starved while pushes arrive: each has one effect."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from bot.handlers.wechat.words import WORDS
from tests.product import Running, running, settings
from tests.waiting import until
from tests.wechat_peer import Peer, text

pytestmark = pytest.mark.faults

MESSAGES = 20_000
REPEATED = 0.05
AT_ONCE = 48
KILLS = 6
MOST_ATTEMPTS = 60
peer = Peer()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def product(db: str, redis_url: str, folder: Path) -> AsyncIterator[Running]:
    given = settings(folder, DATABASE_URL=db, REDIS_URL=redis_url, LOG_LEVEL="warning")
    environ = {name: value for name, value in given.items() if not name.startswith("COV")}
    with running("web", folder, environ) as product:
        await product.ready()
        yield product


async def deliver(http: aiohttp.ClientSession, url: str, xml: str) -> str:
    """Send as WeChat does, but do not give up: the test is about effects, not about patience."""
    for _ in range(MOST_ATTEMPTS):
        push = peer.push(xml, at=datetime.now(UTC))
        try:
            async with http.post(url, params=push.query, data=push.body) as answer:
                body = await answer.read()
                if answer.status == 200:
                    return peer.open(body, nonce=push.query["nonce"])
        except (aiohttp.ClientError, ConnectionError):
            pass
        await asyncio.sleep(0.05)
    raise AssertionError(f"not answered after {MOST_ATTEMPTS} attempts")


async def test_20000_pushes_with_killed_workers_have_one_effect_each(
    product: Running, emptier: asyncpg.Connection
):
    dice = random.Random(7)
    numbers = list(range(MESSAGES)) + dice.sample(range(MESSAGES), int(MESSAGES * REPEATED))
    dice.shuffle(numbers)
    answers: Counter[str] = Counter()
    killed = 0
    waiting = iter(numbers)
    url = f"{product.base}/hooks/wechat/oa"

    async def sender(http: aiohttp.ClientSession) -> None:
        for number in waiting:
            xml = text(f"oUser{number % 500:023d}", "你好", number=number, at=datetime.now(UTC))
            answers[await deliver(http, url, xml)] += 1

    async def killer() -> None:
        nonlocal killed
        for mark in range(1, KILLS + 1):
            wanted = len(numbers) * mark // (KILLS + 1)

            async def passed(wanted: int = wanted) -> bool:
                return answers.total() >= wanted

            await until(passed, f"{wanted} answers", limit_s=300)
            os.kill(dice.choice(product.children()).pid, signal.SIGKILL)
            killed += 1

    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.TaskGroup() as group:
        group.create_task(killer())
        for _ in range(AT_ONCE):
            group.create_task(sender(http))

    rows = await emptier.fetchrow(
        "SELECT count(*) AS messages, count(DISTINCT dedupe_key) AS keys FROM inbound_message"
    )
    assert killed == KILLS
    assert answers == {WORDS["greeting"]: len(numbers)}
    assert (rows["messages"], rows["keys"]) == (MESSAGES, MESSAGES)
    assert await emptier.fetchval("SELECT count(*) FROM contact") == 500
