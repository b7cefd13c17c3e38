"""A server that dies of one request: at the n-th thing it does to a store, or with its answer.

The mother reads every module and gets the application ready to accept once. For each order she
forks a server, which goes on from there: it opens its own connections, and is killed.
"""

import asyncio
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import asyncpg
from aiohttp import web
from jinja2 import FileSystemBytecodeCache

from bot.app import build_app, serve
from bot.clients.database import close_database, open_database
from bot.clients.hints import open_hints
from bot.clients.jail import Jail
from bot.clients.storage import Objects
from bot.clients.wechat_http import Transport
from bot.config import Config
from bot.deps import DEPS, Deps, open_accounts, open_cabinet
from bot.handlers import pages
from bot.processes import die_with_parent
from bot.scoring.library import questionnaire
from bot.services import schemes
from bot.web import read_files

BESIDE = ((Objects, "put"), (Objects, "get"), (Objects, "delete"), (Transport, "call"))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fuse:
    """Counts what was done for the request that is being answered: statements of the database,
    objects of the store, calls to WeChat."""

    def __init__(self) -> None:
        self.left = 0
        self.lit = False

    def burn(self, _statement: object = None) -> None:
        self.left -= self.lit
        if self.lit and self.left == 0:
            die()

    def lay(self) -> None:
        """Along every connection that is opened from here on, and past every other store."""
        begin = asyncpg.Connection.__init__

        def begun(connection: asyncpg.Connection, *args: object, **named: object) -> None:
            begin(connection, *args, **named)
            connection.add_query_logger(self.burn)

        asyncpg.Connection.__init__ = begun
        for owner, name in BESIDE:
            setattr(owner, name, self._burning(getattr(owner, name)))

    def _burning(self, act):
        async def done(*args: object, **named: object) -> object:
            outcome = await act(*args, **named)
            self.burn()
            return outcome

        return done

    @web.middleware
    async def deadly(self, request: web.Request, handler) -> web.StreamResponse:
        self.lit = True
        try:
            made = await handler(request)
        except web.HTTPException as moved:
            made = moved
        request.transport.set_write_buffer_limits(0)  # so that the last byte is waited for
        await made.prepare(request)
        await made.write_eof()
        await request.writer.drain()
        die()
        return made


async def read_rules(database_url: str) -> None:
    """Every published pack with its questions: no life is long enough to read one twice."""
    database = await open_database(database_url, pool=1, application="deadly")
    for one in await schemes.all_published():
        questionnaire(one.pack)
    await close_database(database)


class Mother:
    """Everything that a server needs and that can be made before it is forked."""

    def __init__(self, database_url: str, redis_url: str, config: Config) -> None:
        self.config = config
        self.now: datetime | None = None
        self.fuse = Fuse()
        self.fuse.lay()
        self.jail = Jail()  # its keeper outlives whoever sends it files
        asyncio.run(self.jail.start())
        asyncio.run(read_rules(database_url))
        asyncio.run(open_database(database_url, pool=2, application="deadly"))
        read_files()
        pages.environment().bytecode_cache = FileSystemBytecodeCache(str(config.state_dir))
        self.deps = Deps(config, self.clock, open_hints(redis_url))
        self.app = build_app(self.deps)
        self.app.middlewares.insert(0, self.fuse.deadly)
        self.door = socket.create_server(("127.0.0.1", config.web_port))
        self.door.setblocking(False)

        # One that polls has no file of its own, which all that are forked would share.
        self.loop = asyncio.SelectorEventLoop(selectors.PollSelector())
        self.serving = self.loop.run_until_complete(self._begin())

    def clock(self) -> datetime | None:
        return self.now

    def bear(self, now: str, left: int) -> int:
        """Fork a server that lives for one request; how it ended."""
        mother = os.getpid()
        if not (pid := os.fork()):
            try:
                die_with_parent(mother, signal.SIGKILL)
                self.now, self.fuse.left = datetime.fromisoformat(now), left
                self.loop.run_until_complete(self.serving)
            finally:
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)

    async def _begin(self) -> asyncio.Task[None]:
        """Serve up to where connections are accepted; nobody accepts any before it is forked."""
        ready = asyncio.Event()
        serving = asyncio.create_task(self._serve(ready.set))
        await ready.wait()
        return serving

    async def _serve(self, ready: Callable[[], None]) -> None:
        async with self._equipped() as deps:
            self.app[DEPS] = deps
            await serve(self.app, self.door, stop=asyncio.Event(), ready=ready)

    @asynccontextmanager
    async def _equipped(self) -> AsyncIterator[Deps]:
        """Before the fork: no store has been asked yet, so none waits in a thread."""
        async with (
            open_cabinet(self.config) as cabinet,
            open_accounts(self.config, self.clock) as accounts,
        ):
            assert cabinet
            kept = replace(cabinet, jail=self.jail)
            yield replace(self.deps, cabinet=kept, accounts=accounts)


def main(database_url: str, redis_url: str, folder: str, web_port: int, sandbox_port: int) -> None:
    config = Config(
        state_dir=Path(folder),
        web_port=web_port,
        sandbox_port=sandbox_port,
        public_url=f"http://127.0.0.1:{web_port}",
    )
    mother = Mother(database_url, redis_url, config)
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as place:
        place.bind(f"{folder}/orders")
        place.listen()
        with place.accept()[0] as asker, asker.makefile("r") as orders:
            for order in orders:
                asker.sendall(b"%d\n" % mother.bear(*json.loads(order)))


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:6]))
