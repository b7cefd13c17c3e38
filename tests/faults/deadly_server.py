"""The application for one request, in which it dies: at the n-th statement, or with its answer."""

import asyncio
import os
import re
import signal
import sys
from datetime import datetime
from pathlib import Path

import asyncpg
from aiohttp import web

from bot.app import build_app
from bot.clients.database import close_database, open_database
from bot.clients.hints import open_hints
from bot.config import Config
from bot.deps import Deps, open_accounts, open_cabinet
from bot.routes import ROUTES


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fuse:
    """Counts what the database has done for the request that is being answered."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.lit = False

    def burn(self, _statement: object) -> None:
        self.left -= self.lit
        if self.lit and self.left == 0:
            die()

    def lay(self) -> None:
        """Along every connection that is opened from here on."""
        begin = asyncpg.Connection.__init__

        def begun(connection: asyncpg.Connection, *args: object, **named: object) -> None:
            begin(connection, *args, **named)
            connection.add_query_logger(self.burn)

        asyncpg.Connection.__init__ = begun


def deadly(fuse: Fuse):
    @web.middleware
    async def answer(request: web.Request, handler) -> web.StreamResponse:
        fuse.lit = True
        made = await handler(request)
        await made.prepare(request)
        await made.write_eof()
        die()
        return made

    return answer


async def main(  # where everything is, when it is, what is asked, how long it lives
    database_url: str, redis_url: str, folder: str, now: str, path: str, left: int
) -> None:
    """Only the route that will be asked: describing all of them costs more than answering one."""
    fuse, clock = Fuse(left), datetime.fromisoformat(now)
    fuse.lay()
    asked = [one for one in ROUTES if one.method == "POST" and matches(one.path, path)]
    config = Config(state_dir=Path(folder))
    database = await open_database(database_url, pool=2, application="deadly")
    async with open_cabinet(config) as cabinet, open_accounts(config, lambda: clock) as accounts:
        deps = Deps(
            config, lambda: clock, open_hints(redis_url), cabinet=cabinet, accounts=accounts
        )
        app = build_app(deps, routes=asked)
        app.middlewares.insert(0, deadly(fuse))
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, f"{folder}/door").start()
        await asyncio.sleep(60)
    await close_database(database)


def matches(pattern: str, path: str) -> bool:
    return bool(re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:6], int(sys.argv[6])))
