"""The served product with the simulated WeChat beside it, for whoever looks at its pages."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import jinja2
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.app import build_app
from bot.config import Config
from bot.deps import Deps
from bot.handlers import pages
from bot.handlers.surface import Route
from bot.routes import ROUTES
from bot.sandbox.app import build_sandbox
from bot.web import equipped
from tests.conftest import NOW


@dataclass(frozen=True)
class Site:
    url: str
    deps: Deps


def clock() -> datetime:
    return NOW


@contextmanager
def also_from(folder: Path) -> Iterator[None]:
    """The page that shows the kit is no part of the product, so it lies with the tests."""
    environment = pages.environment()
    before = environment.loader
    assert before is not None
    environment.loader = jinja2.ChoiceLoader([before, jinja2.FileSystemLoader(folder)])
    yield
    environment.loader = before


@asynccontextmanager
async def open_site(redis_url: str, *more: Route) -> AsyncIterator[Site]:
    """Serve all routes and some more; the ORM is the caller's."""
    with (
        socket.create_server(("127.0.0.1", 0)) as sock,
        also_from(Path(__file__).parent),
        TemporaryDirectory() as folder,
    ):
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        config = Config(public_url=url, sandbox_port=unused_port(), state_dir=Path(folder))
        simulated = TestServer(build_sandbox(config, clock=clock), port=config.sandbox_port)
        async with equipped(config, redis_url, clock) as deps, simulated:
            await deps.hints._redis.flushdb()  # numbers of messages that earlier tests have used
            runner = web.AppRunner(build_app(deps, routes=(*ROUTES, *more)))
            await runner.setup()
            await web.SockSite(runner, sock).start()
            yield Site(url, deps)
            await runner.cleanup()
