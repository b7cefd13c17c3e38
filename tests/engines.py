"""Real PostgreSQL and Valkey for one test run: started once, a database for every test process."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bot.clients import schema
from bot.embedded.postgres import DATABASE, RECKLESS, STOP_WITH, EmbeddedPostgres
from bot.embedded.valkey import EmbeddedValkey
from bot.processes import stop

TEMPLATE = DATABASE  # nobody works in it; a copy of it costs 0.4 s of CPU
CLUSTER = "TEST_CLUSTER"
DATABASE_URL = "TEST_DATABASE_URL"
REDIS_URL = "TEST_REDIS_URL"


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the servers' account can reach too, when we are root and they are not."""
    path = Path(tempfile.mkdtemp(prefix="credit-test-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def plant(folder: Path) -> None:
    """Let a server begin with its tables made: a copy costs less than the migrations."""
    subprocess.run(["cp", "-a", os.environ[CLUSTER], folder / "postgres"], check=True)


class Engines:
    """Both servers in a folder of their own; gone with the process that started them."""

    def __init__(self, settings: dict[str, str] | None = None, *, planted: bool = False) -> None:
        self._stack = ExitStack()
        self.folder = self._stack.enter_context(reachable_folder())
        if planted:
            plant(self.folder)
        self.postgres = EmbeddedPostgres(
            self.folder / "postgres", RECKLESS if settings is None else settings
        )
        self.valkey = EmbeddedValkey(self.folder / "valkey")
        self.postgres.prepare()
        self.valkey.prepare()
        self._start()

    def _start(self) -> None:
        self.postgres_pid = self.postgres.start()
        self.valkey_pid = self.valkey.start()

    def _end(self) -> None:
        stop(self.valkey_pid, signal.SIGTERM, 10.0)
        stop(self.postgres_pid, STOP_WITH, 20.0)

    def again(self) -> None:
        """Start both anew on what they kept, even where one has been ended already."""
        self._end()
        self._start()

    def stop(self) -> None:
        self._end()
        self._stack.close()

    def announce(self) -> None:
        """Make the tables, once, and tell the test processes where everything is."""
        asyncio.run(schema.migrate(self.postgres.url))
        asyncio.run(_drop_template0(self.postgres.url))
        stop(self.postgres_pid, STOP_WITH, 20.0)
        os.environ[CLUSTER] = str(self.folder / "at-rest")
        subprocess.run(["cp", "-a", self.folder / "postgres", os.environ[CLUSTER]], check=True)
        _share_in_folder(Path(os.environ[CLUSTER]))
        self.postgres_pid = self.postgres.start()
        os.environ[DATABASE_URL] = self.postgres.url_of(TEMPLATE)
        os.environ[REDIS_URL] = self.valkey.url


def _share_in_folder(cluster: Path) -> None:
    """What a killed server shared with its children goes with its folder, not with the machine."""
    with (cluster / "data/postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("dynamic_shared_memory_type = mmap\n")


async def _drop_template0(url: str) -> None:
    """Nobody makes a database of it, and `plant` would copy its three hundred files each time."""
    connection = await asyncpg.connect(url)
    await connection.execute("ALTER DATABASE template0 WITH IS_TEMPLATE false")
    await connection.execute("DROP DATABASE template0")
    await connection.close()


async def create_database(url: str, name: str, *, template: str = TEMPLATE) -> str:
    """Make a database afresh and answer its address."""
    connection = await asyncpg.connect(url_with_database(url, "postgres"))
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()
    return url_with_database(url, name)


def url_with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
