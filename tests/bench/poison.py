"""How long others wait while five hundred poisoned files are taken apart.

    python -m tests.bench poison [SENDERS]

One web process with its jail; somebody else asks who they are fifty times a second, first alone,
then while the files come in, and while poisoned workbooks come in as statements of accounts.
"""

import asyncio
import io
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import aiohttp
import uvloop

from bot.clients.database import close_database, open_database
from bot.domain.sessions import Door
from bot.scoring.library import PACKS
from bot.services import schemes
from tests import people
from tests.bench.callback import free_port
from tests.bench.load import listening
from tests.bench.paired import server
from tests.engines import TEMPLATE, Engines, create_database
from tests.faults import poison
from tests.faults.poison import workbooks

SENDERS, ALONE_S, EVERY_S = 4, 10.0, 0.02
GOAL_S = 0.25
"""The slowest of a hundred: less than anybody notices between a tap and a page."""
SCHEME = "sme-credit-rating"


async def begin(url: str) -> tuple[UUID, str, str]:
    """An enterprise, and the tokens of its person in the mini-program and on the pages."""
    database = await open_database(url, pool=2, application="bench")
    now = datetime.now(UTC)  # the server under test reads the real clock
    source = (PACKS / SCHEME / "1.toml").read_text(encoding="utf-8")
    made = await schemes.propose(
        source, file="1.toml", effective_on=date(2026, 1, 1), by="王芳", now=now
    )
    await schemes.approve(SCHEME, made.version, digest=made.digest, by="李强", now=now)
    enterprise = await people.enterprise(now=now)
    tokens = []
    for door in (Door.MINI, Door.H5):
        opened = await people.opened(door=door, now=now)
        await people.bind(opened.member.user_id, enterprise, now=now)
        tokens.append(opened.token)
    await close_database(database)
    return enterprise, tokens[0], tokens[1]


@asynccontextmanager
async def waiting(http: aiohttp.ClientSession, base: str, token: str) -> AsyncIterator[list[float]]:
    """Somebody who asks who they are, again and again; how long each answer took."""
    waits: list[float] = []

    async def ask() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        while True:
            began = time.perf_counter()
            async with http.get(f"{base}/api/me", headers=headers) as answer:
                assert answer.status == 200, await answer.text()
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(EVERY_S)

    asking = asyncio.create_task(ask())
    yield waits
    asking.cancel()


async def all_of(many: list[bytes], send: Callable[[bytes], Awaitable[None]], senders: int) -> None:
    queue = list(many)

    async def work() -> None:
        while queue:
            await send(queue.pop())

    await asyncio.gather(*(work() for _ in range(senders)))


def told(what: str, waits: list[float]) -> float:
    ordered = sorted(waits)
    slow = ordered[len(ordered) * 99 // 100]
    half = ordered[len(ordered) // 2]
    print(
        f"{what:28} {len(waits):5} answers: median {half * 1e3:6.1f} ms,"
        f" p99 {slow * 1e3:6.1f} ms, longest {ordered[-1] * 1e3:6.1f} ms",
        flush=True,
    )
    return slow


async def run(base: str, begun: tuple[UUID, str, str], senders: int) -> bool:
    enterprise, mini, pages = begun
    await listening(base)
    async with aiohttp.ClientSession() as http:

        async def paper(data: bytes) -> None:
            form = aiohttp.FormData({"kind": "other"})
            form.add_field("file", io.BytesIO(data), filename="a.pdf")
            headers = {"Authorization": f"Bearer {mini}", "Idempotency-Key": uuid4().hex}
            path = f"{base}/api/enterprises/{enterprise}/files"
            async with http.post(path, data=form, headers=headers) as answer:
                assert answer.status in {200, 422}, await answer.text()

        async def statements(data: bytes) -> None:
            form = aiohttp.FormData({"seen": "0"})
            form.add_field("statements", io.BytesIO(data), filename="a.xlsx")
            headers = {"Cookie": f"session={pages}", "Origin": base}
            path = f"{base}/h5/e/{enterprise}/self/{SCHEME}/statements"
            async with http.post(path, data=form, headers=headers) as answer:
                assert answer.status in {200, 422}, await answer.text()

        async with waiting(http, base, mini) as alone:
            await asyncio.sleep(ALONE_S)
        files = [one.data for one in poison.corpus()]
        async with waiting(http, base, mini) as beside_files:
            await all_of(files, paper, senders)
        async with waiting(http, base, mini) as beside_books:
            await all_of([*workbooks()] * 3, statements, senders)
    told("alone", alone)
    slow = told("beside poisoned files", beside_files)
    slower = told("beside poisoned workbooks", beside_books)
    return max(slow, slower) <= GOAL_S


def main(arguments: list[str]) -> int:
    senders = int(arguments[0]) if arguments else SENDERS
    engines = Engines({})
    try:
        engines.announce()
        with tempfile.TemporaryDirectory() as state:
            url = asyncio.run(create_database(engines.postgres.url_of(TEMPLATE), "bench_poison"))
            begun, port = asyncio.run(begin(url)), free_port()
            env = {
                "CREDIT_STATE_DIR": state,
                "CREDIT_DATABASE_URL": url,
                "CREDIT_REDIS_URL": engines.valkey.url,
                "CREDIT_WEB_PORT": str(port),
                "CREDIT_WEB_PROCESSES": "1",
                "CREDIT_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "CREDIT_METRICS_PORT": str(free_port()),
            }
            with server((sys.executable, "-m", "bot", "web"), env):
                good = uvloop.run(run(f"http://127.0.0.1:{port}", begun, senders))
    finally:
        engines.stop()
    print(f"{'✓' if good else '✗'} the slowest of a hundred within {GOAL_S * 1e3:.0f} ms")
    return 0 if good else 1
