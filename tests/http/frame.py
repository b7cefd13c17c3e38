"""What the tests of the HTTP frame share: a served app on a real socket, raw talk, caught logs."""

import asyncio
import io
import logging
import socket
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import orjson

from bot import telemetry
from bot.app import Lifespan, build_app, serve
from bot.clients.hints import open_hints
from bot.config import Config
from bot.deps import Check, Deps
from bot.handlers.guard import LIMITS, Limits
from bot.handlers.surface import Route
from bot.routes import ROUTES

NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def make_deps(config: Config | None = None, checks: Mapping[str, Check] | None = None) -> Deps:
    nowhere = open_hints("redis://127.0.0.1:1/0")  # connects when asked; these tests do not ask
    return Deps(config or Config(), lambda: NOON, nowhere, checks=checks or {})


@dataclass(frozen=True)
class Serving:
    port: int
    stop: asyncio.Event
    task: "asyncio.Task[None]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def talk(self, data: bytes) -> bytes:
        """Send these bytes, then read until the server closes the connection."""
        reader, writer = await self.open()
        writer.write(data)
        await writer.drain()
        try:
            return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    *routes: Route,
    limits: Limits = LIMITS,
    config: Config | None = None,
    checks: Mapping[str, Check] | None = None,
    lifespan: Iterable[Lifespan] = (),
    grace: float = 1,
) -> AsyncIterator[Serving]:
    app = build_app(make_deps(config, checks), routes=routes or ROUTES, lifespan=lifespan)
    sock = socket.create_server(("127.0.0.1", 0))
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(
        serve(app, sock, stop=stop, ready=ready.set, limits=limits, grace=grace)
    )
    waiter = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiter.cancel()
        await task
    try:
        yield Serving(sock.getsockname()[1], stop, task)
    finally:
        stop.set()
        await task


@asynccontextmanager
async def client(server: Serving) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


class Logs:
    def __init__(self) -> None:
        self.stream = io.BytesIO()

    @property
    def raw(self) -> bytes:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, object]]:
        return [orjson.loads(line) for line in self.raw.splitlines()]

    def named(self, event: str) -> list[dict[str, object]]:
        return [line for line in self.lines if line["event"] == event]


@contextmanager
def caught_logs(level: str = "info") -> Iterator[Logs]:
    logs = Logs()
    before = (
        telemetry.LINES.stream,
        telemetry.LINES.clock,
        logging.root.handlers,
        logging.root.level,
    )
    telemetry.configure(level=level, clock=lambda: NOON, stream=logs.stream)
    try:
        yield logs
    finally:
        telemetry.LINES.stream, telemetry.LINES.clock = before[:2]
        logging.root.handlers = before[2]
        logging.root.setLevel(before[3])
        telemetry._loggers("info")
