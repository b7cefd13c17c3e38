"""`db`, `redis_url`, the fixed instant, one jail for all: nothing else at the root."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from pathlib import Path

import asyncpg
import pytest
import uvloop
from asyncpg.prepared_stmt import PreparedStatement

from bot import deps
from bot.clients.database import close_database, open_database
from bot.clients.jail import Jail
from bot.services import content
from tests import amounts, onlooking, scratch
from tests.engines import DATABASE_URL, REDIS_URL, Engines, create_database

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)  # a Monday morning in Beijing

INSTALLING, TOOLS = "TEST_TOOLS", Path(".state/tools")  # see `run`
# As how many short tests one of these takes, on average.
LENGTHS = {"mass": amounts.amount(150, part=60), "faults": 90, "browser": 10}
# How seldom to look for garbage: as often as Python does by itself, it is 3 % of a test's work.
SELDOM = (20_000, 20, 20)
# What was deleted stays in a table until it is vacuumed, and every look goes through it again.
WORN = 1_000_000  # bytes
# Each application would bring its two hundred texts anew; one that finds them does not.
STAYS = {"content_version": f"author = '{content.FILES}'"}
LOOKING_FOR_GAPS = ("tests.covering", "tests.judging")  # present when the whole suite runs

_engines = pytest.StashKey[Engines]()
_gaps = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(*SELDOM)
    if hasattr(config, "workerinput") or config.option.collectonly:
        return  # the servers belong to the process that started the run
    config.stash[_engines] = Engines()
    config.stash[_engines].announce()
    if installing := os.environ.pop(INSTALLING, ""):
        await_tools(int(installing))


def await_tools(pid: int) -> None:
    """The browser and its like, which `./run` installs meanwhile, as a child of this process."""
    with suppress(ChildProcessError):  # the shell that we were has seen its end already
        os.waitpid(pid, 0)
    if not TOOLS.exists():
        pytest.exit("the tests lack a tool, see above", returncode=1)


def pytest_report_header() -> str:
    rest = f"a part of each; all: ./run test {amounts.WORD}"
    return f"long drills: {'in full' if amounts.in_full() else rest}"


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the product runs on."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_unconfigure(config: pytest.Config) -> None:
    try:
        if engines := config.stash.get(_engines, None):
            engines.stop()
    finally:
        scratch.clear()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deal the modules among the processes: the longest kinds first, so that all have as long to
    go, then short tests up to the number with which pytest-xdist begins. What is left for whoever
    is done early is short."""
    count = getattr(config, "workerinput", {}).get("workercount", 1)
    modules = [list(module) for _, module in groupby(items, lambda item: item.path)]
    modules.sort(key=lambda module: -max(map(length, module)))
    long = [module for module in modules if max(map(length, module)) > 1]
    short = chain.from_iterable(modules[len(long) :])
    hands: list[list[pytest.Item]] = [[] for _ in range(count)]
    for module in long:
        min(hands, key=lambda hand: sum(map(length, hand))).extend(module)
    for place, hand in enumerate(hands):
        share = (len(items) + place) // count
        hand.extend(islice(short, max(0, share - len(hand))))
    items[:] = [*chain.from_iterable(hands), *short]


def pytest_collection_finish() -> None:
    """What was imported stays: no later collection looks through it again."""
    gc.collect()
    gc.freeze()


def length(item: pytest.Item) -> int:
    return next((long for kind, long in LENGTHS.items() if item.get_closest_marker(kind)), 1)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test hides a gap, and so does code that no test runs or a gate that does not hold:
    each fails the run."""
    config = session.config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None or config.option.collectonly:
        return
    skipped = len(reporter.stats.get("skipped", ()))
    config.stash[_gaps] = [f"{skipped} tests were skipped"] if skipped else []
    for name in LOOKING_FOR_GAPS:
        plugin = config.pluginmanager.get_plugin(name)
        if plugin and session.exitstatus != pytest.ExitCode.INTERRUPTED:
            config.stash[_gaps] += plugin.gaps()
    if config.stash[_gaps] and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for gap in terminalreporter.config.stash.get(_gaps, []):
        terminalreporter.write_line(f"GAP: {gap}", red=True)


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> int:
    """The number of this test process."""
    name = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture(scope="session")
def redis_url(worker: int) -> str:
    return f"{os.environ[REDIS_URL]}?db={worker}"


class SharedJail(Jail):
    """Stays when a cabinet closes it: to start one costs 200 ms of CPU, and 150 tests need one."""

    async def close(self) -> None:
        if self._keeper is not None and self._keeper.poll() is not None:
            await super().close()  # one that died makes room for the next


@pytest.fixture(scope="session")
async def jail() -> AsyncIterator[None]:
    shared = SharedJail()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deps, "Jail", lambda: shared)
        yield
    await Jail.close(shared)


@pytest.fixture(scope="session")
async def database_url(worker: int) -> AsyncIterator[str]:
    """A database of this test process alone."""
    yield await create_database(os.environ[DATABASE_URL], f"test_{worker}")
    await onlooking.close_all()


@pytest.fixture(scope="session")
async def orm(database_url: str) -> AsyncIterator[str]:
    context = await open_database(database_url, pool=12, application="tests")
    yield database_url
    await close_database(context)


@pytest.fixture(scope="session")
async def emptier(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    # A test that fell amid a transaction may hold rows still: to say so beats waiting for ever.
    connection = await asyncpg.connect(database_url, server_settings={"lock_timeout": "30s"})
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def filled(emptier: asyncpg.Connection) -> PreparedStatement:
    """Which tables hold anything: to ask costs a sixth of deleting from all seventy."""
    tables = await emptier.fetch(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' "
        "AND tablename <> 'tortoise_migrations'"
    )
    rows = (f"('{row['name']}', EXISTS (SELECT FROM {_leaving(row['name'])}))" for row in tables)
    return await emptier.prepare(
        f"SELECT name, pg_relation_size(name::regclass) > {WORN} AS worn"
        f" FROM (VALUES {','.join(rows)}) t (name, f) WHERE f"
    )


def _leaving(table: str) -> str:
    return f"{table} WHERE NOT ({STAYS[table]})" if table in STAYS else table


@pytest.fixture(scope="session")
def empty(
    orm: str, emptier: asyncpg.Connection, filled: PreparedStatement, jail: None
) -> Callable[[], Awaitable[str]]:
    """Empties all tables but for the product's own texts; answers the database's address."""

    async def empty() -> str:
        tables = await filled.fetch()
        deletes = ";".join(f"DELETE FROM {_leaving(row['name'])}" for row in tables)
        await emptier.execute(f"SET session_replication_role = replica;{deletes}")
        if worn := [row["name"] for row in tables if row["worn"]]:
            await emptier.execute(f"VACUUM {','.join(worn)}")
        return orm

    return empty


@pytest.fixture
async def db(empty: Callable[[], Awaitable[str]]) -> str:
    """The ORM on empty tables; answers the database's address."""
    return await empty()


@pytest.fixture(scope="module")
async def kept_db(empty: Callable[[], Awaitable[str]]) -> str:
    """The same for a module whose tests do not mind what the ones before them left."""
    return await empty()
