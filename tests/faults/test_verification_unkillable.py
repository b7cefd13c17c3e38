"""Verifications with PostgreSQL and Redis stopped, frozen and killed; changes that reach everybody.

VERIFICATIONS=1000000 in the environment asks as many times: the long run.
"""

import asyncio
import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import aiohttp
import psutil
import pytest
import tortoise.context

from bot.clients.database import close_database, open_database
from bot.domain.actors import Staff
from bot.domain.certificates import Action, Reason
from bot.embedded.postgres import STOP_WITH
from bot.services import certificate_life
from bot.services.register_folder import RECENT
from models import Certificate
from tests.amounts import amount
from tests.bench.register import Sample, fill
from tests.engines import Engines
from tests.product import START_S, Running, running, settings
from tests.waiting import until

pytestmark = pytest.mark.faults

BASE = "https://cx.example.org.cn"
ASKED = int(os.environ.get("VERIFICATIONS") or amount(12_000, part=3_000))
CERTIFICATES = 2_000
AT_ONCE = 32
RIGHT = 0.9999


@asynccontextmanager
async def apart(url: str) -> AsyncIterator[None]:
    """The tables of these servers, whatever other ones this process has open."""
    before, tortoise.context._global_context = tortoise.context._global_context, None
    opened = await open_database(url, pool=2, application="tests")
    try:
        yield
    finally:
        await close_database(opened)
        tortoise.context._global_context = before


@contextmanager
def real_servers() -> Iterator[Engines]:
    engines = Engines(settings={}, planted=True)
    try:
        yield engines
    finally:
        engines.stop()  # also what a test has ended already


@pytest.fixture(scope="module")
def servers() -> Iterator[Engines]:
    with real_servers() as engines:
        yield engines


@pytest.fixture(scope="module")
async def home(
    servers: Engines, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Running, list[Sample]]]:
    """One register and one product for all tests: neither is what they break."""
    folder = tmp_path_factory.mktemp("home")
    environ = environ_of(servers, folder)
    base = f"http://127.0.0.1:{environ['CREDIT_WEB_PORT']}"
    url, many = servers.postgres.url, CERTIFICATES
    async with apart(url):
        samples = await fill(url, folder, base, many, real=many, is_open=True)
    with running("web", folder, environ) as product:
        await product.ready()
        yield product, samples


def environ_of(servers: Engines, folder: Path) -> dict[str, str]:
    return settings(
        folder,
        DATABASE_URL=servers.postgres.url,
        REDIS_URL=servers.valkey.url,
        LOG_LEVEL="error",
        WEB_PROCESSES="2",
    )


@pytest.fixture
async def engines(servers: Engines, home: tuple[Running, list[Sample]]) -> Engines:
    """Both servers, whatever the test before did to them, and every process has heard of it."""
    began = time.time()
    servers.again()
    product, _ = home
    metrics = int(product.environ["CREDIT_METRICS_PORT"])

    async def all_follow() -> bool:
        places = (0, 1, 3)  # two web processes, and the keeper of the register after the worker
        return min([await followed_until(metrics + place) for place in places]) > began

    await product.ready()
    await until(all_follow, "every process to follow the database", limit_s=START_S)
    return servers


@pytest.fixture
async def house(
    engines: Engines, home: tuple[Running, list[Sample]]
) -> tuple[Running, list[Sample]]:
    product, samples = home
    await known(product, samples[0])
    return home


async def known(product: Running, sample: Sample) -> None:
    """Wait until each process knows the register; connections are spread over them."""

    async def everywhere() -> bool:
        found = [await outcome(product, sample.path(".json")) for _ in range(20)]
        return set(found) == {sample.state.replace("active", "valid")}

    await until(everywhere, "every process to know the register", limit_s=START_S)


async def outcome(product: Running, path: str) -> str:
    """Ask on a connection of its own."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http,
            http.get(product.base + path) as answer,
        ):
            return str((await answer.json())["outcome"])
    except (aiohttp.ClientError, TimeoutError):
        return "nothing"


WORDS = {"有效": "valid", "已撤销": "revoked", "签名不符": "unknown", "查无此证": "unknown"}


def told(text: str) -> str:
    """The outcome that an answer tells: data, or the first heading of a page."""
    if text.startswith("{"):
        return str(json.loads(text)["outcome"])
    heading = text.partition("<h1>")[2].partition("</h1>")[0]
    return WORDS.get(heading, heading or "nothing")


def question(samples: list[Sample], random: Random) -> tuple[str, str]:
    """An address and the right answer to it."""
    sample = random.choice(samples)
    ending = random.choice((".json", ""))
    match random.randrange(10):
        case 0:
            place = random.randrange(len(sample.token) - 90)
            letter = "A" if sample.token[place] != "A" else "B"
            token = sample.token[:place] + letter + sample.token[place + 1 :]
            return f"/v/{sample.number}{ending}?t={token}", "unknown"
        case 1:
            return f"/v/2026CNSAAA{random.randrange(10**5):05d}{ending}?t={sample.token}", "unknown"
        case _:
            return sample.path(ending), sample.state.replace("active", "valid")


async def ask_many(product: Running, samples: list[Sample], count: int) -> Counter[tuple[str, str]]:
    """How often which right answer met which given one."""
    met: Counter[tuple[str, str]] = Counter()
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=5)

    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:

        async def one_of_many(number: int) -> None:
            random = Random(number)
            for _ in range(count // AT_ONCE):
                path, right = question(samples, random)
                try:
                    async with http.get(product.base + path) as answer:
                        given = told(await answer.text())
                except (aiohttp.ClientError, TimeoutError):
                    given = "nothing"
                met[right, given] += 1

        await asyncio.gather(*(one_of_many(number) for number in range(AT_ONCE)))
    return met


def everything_of(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def send_all(processes: list[psutil.Process], number: signal.Signals) -> None:
    """Some end by themselves meanwhile, or with their parent."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


ENDS = {
    "stopped": (STOP_WITH, signal.SIGTERM),
    "killed": (signal.SIGKILL, signal.SIGKILL),
}


@pytest.mark.parametrize("order", ["PostgreSQL first", "Redis first"])
@pytest.mark.parametrize("end", ENDS)
async def test_every_answer_is_right_whatever_the_servers_do(house, engines, end, order):
    """Each frozen alone, both together, then one ended and then the other, and the web as well."""
    product, samples = house
    servers = [everything_of(engines.postgres_pid), everything_of(engines.valkey_pid)]
    ends = list(zip((engines.postgres_pid, engines.valkey_pid), ENDS[end], strict=True))
    if order == "Redis first":
        servers.reverse()
        ends.reverse()
    share = ASKED // len(ENDS) // 2 // 7
    met = await ask_many(product, samples, share)
    for frozen in (servers[0], servers[1], servers[0] + servers[1]):
        send_all(frozen, signal.SIGSTOP)
        met += await ask_many(product, samples, share)
        send_all(frozen, signal.SIGCONT)
    for pid, how in ends:
        send_all(everything_of(pid) if end == "killed" else [psutil.Process(pid)], how)
        met += await ask_many(product, samples, share)
    for child in product.children():  # and now the web processes too: they start without a database
        child.kill()
    await known(product, samples[0])
    met += await ask_many(product, samples, share)

    wrong_valid = {pair: n for pair, n in met.items() if pair[1] == "valid" != pair[0]}
    right = sum(n for pair, n in met.items() if pair[0] == pair[1])
    assert wrong_valid == {}
    assert right / met.total() >= RIGHT, met
    assert met.total() >= share // AT_ONCE * AT_ONCE * 7
    assert {pair[0] for pair in met} == {"valid", "revoked", "unknown"}


async def test_a_revocation_reaches_every_process_within_five_seconds(house, engines):
    product, samples = house
    victim = next(sample for sample in samples if sample.state == "active")
    samples.remove(victim)  # later tests find it revoked
    async with apart(engines.postgres.url):
        row = await Certificate.get(number=victim.number)
        assert row.state == "active"
        now = datetime.now(UTC)
        began = time.monotonic()
        await certificate_life.change(
            victim.number, Action.REVOKE, reason=Reason.MISUSE, words="演示", second="李强",
            actor=Staff("王芳"), now=now,
        )  # fmt: skip

        async def everywhere() -> bool:
            found = {await outcome(product, victim.path(".json")) for _ in range(20)}
            return found == {"revoked"}

        await until(everywhere, "every process to know the revocation", limit_s=5)
    assert time.monotonic() - began < 5


METRICS = r"^certificate_register_as_of (\S+)$"


async def followed_until(port: int) -> float:
    """Up to when the register of the process behind these metrics is right; 0 for never."""
    try:
        async with (
            aiohttp.ClientSession() as asker,
            asker.get(f"http://127.0.0.1:{port}/metrics") as answer,
        ):
            found = re.search(METRICS, await answer.text(), re.MULTILINE)
    except aiohttp.ClientError:
        return 0
    return float(found[1]) if found else 0


@pytest.mark.parametrize(("command", "place"), [("worker", 2), ("web", 3)])
async def test_the_worker_follows_the_database_and_leaves_the_files_to_their_keeper(
    tmp_path, command, place
):
    """Each has metrics of its own, after those of the two web processes."""
    with real_servers() as fresh:
        async with apart(fresh.postgres.url):
            await fill(fresh.postgres.url, tmp_path, BASE, 10, real=10, is_open=True)
        await follow(environ_of(fresh, tmp_path), tmp_path, command, place)

    assert (tmp_path / "certificates.lock").exists() == (command == "web")


async def follow(environ: dict[str, str], folder: Path, command: str, place: int) -> None:
    port = int(environ["CREDIT_METRICS_PORT"]) + place

    async def follows() -> bool:
        return await followed_until(port) > 0

    async def is_written() -> bool:
        return (folder / RECENT).exists()

    with running(command, folder, environ):
        await until(follows, f"the {command} to follow the database", limit_s=START_S)
        if command == "web":
            await until(is_written, "the keeper to write", limit_s=START_S)
