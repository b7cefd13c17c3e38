"""Real web processes that are killed and starved while pushes arrive: each has one effect."""

import asyncio
import os
import random
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from bot.handlers.wechat.words import WORDS
from tests.amounts import amount
from tests.bench.cycles import Callback
from tests.bench.load import as_request
from tests.product import Running, running, settings
from tests.waiting import until
from tests.wechat_peer import Peer, text

pytestmark = pytest.mark.faults

MESSAGES = amount(20_000, part=2_000)
REPEATED = 0.05
AT_ONCE = 48
KILLS = amount(6, part=3)
MOST_ATTEMPTS = 60
LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)")
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


class Line:
    """One kept-alive connection, opened anew when the other side has gone: a whole HTTP client
    would take more of the machine than the product does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, callback: Callback) -> tuple[int, bytes]:
        parts = urlsplit(self._url)
        self._open = self._open or await asyncio.open_connection(parts.hostname, parts.port)
        reader, writer = self._open
        try:
            writer.write(as_request(self._url, callback))
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(int(LENGTH.search(head)[1]))
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            raise ConnectionError from None
        return int(head.split()[1]), body

    def close(self) -> None:
        if self._open:
            self._open[1].close()
            self._open = None


async def deliver(line: Line, xml: str) -> str:
    """Send as WeChat does, but do not give up: the test is about effects, not about patience."""
    for _ in range(MOST_ATTEMPTS):
        push = peer.push(xml, at=datetime.now(UTC))
        try:
            status, body = await line.post(Callback(push.body, push.query))
            if status == 200:
                return peer.open(body, nonce=push.query["nonce"])
        except ConnectionError:
            pass
        await asyncio.sleep(0.05)
    raise AssertionError(f"not answered after {MOST_ATTEMPTS} attempts")


async def test_pushes_with_killed_workers_have_one_effect_each(
    product: Running, emptier: asyncpg.Connection
):
    dice = random.Random(7)
    numbers = list(range(MESSAGES)) + dice.sample(range(MESSAGES), int(MESSAGES * REPEATED))
    dice.shuffle(numbers)
    answers: Counter[str] = Counter()
    killed = 0
    waiting = iter(numbers)
    url = f"{product.base}/hooks/wechat/oa"

    async def sender() -> None:
        line = Line(url)
        for number in waiting:
            xml = text(f"oUser{number % 500:023d}", "你好", number=number, at=datetime.now(UTC))
            answers[await deliver(line, xml)] += 1
        line.close()

    async def killer() -> None:
        nonlocal killed
        for mark in range(1, KILLS + 1):
            wanted = len(numbers) * mark // (KILLS + 1)

            async def passed(wanted: int = wanted) -> bool:
                return answers.total() >= wanted

            await until(passed, f"{wanted} answers", limit_s=300)
            os.kill(dice.choice(product.children()).pid, signal.SIGKILL)
            killed += 1

    async with asyncio.TaskGroup() as group:
        group.create_task(killer())
        for _ in range(AT_ONCE):
            group.create_task(sender())

    rows = await emptier.fetchrow(
        "SELECT count(*) AS messages, count(DISTINCT dedupe_key) AS keys FROM inbound_message"
    )
    assert killed == KILLS
    assert answers == {WORDS["greeting"]: len(numbers)}
    assert (rows["messages"], rows["keys"]) == (MESSAGES, MESSAGES)
    assert await emptier.fetchval("SELECT count(*) FROM contact") == 500
