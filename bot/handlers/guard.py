"""The connection guard: deadlines and caps that aiohttp has not, on each connection to a worker.

aiohttp waits for ever for the rest of the headers and for a reader that does not read. Here every
connection notes what it is doing and since when; one sweep a process closes those that take too
long. A request that arrives whole costs a comparison and a reading of the loop's clock.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import structlog
from aiohttp import web

from bot import telemetry


@dataclass(frozen=True, slots=True)
class Limits:
    first_byte_s: float = 10
    """A new connection must begin to speak within this time."""
    headers_s: float = 5
    """From the first byte of a request to the last of its headers."""
    idle_s: float = 75
    """Between two requests; longer than a reverse proxy keeps its own side open."""
    unread_s: float = 60
    """An answer that fills the send buffer must drain below its low-water mark within this time."""
    linger_s: float = 2
    """How long a body that nobody wants is still drained, so that the refusal can be read."""
    line_bytes: int = 8190
    header_bytes: int = 8190
    header_count: int = 64
    connections: int = 2000
    """Open at once, per process."""


LIMITS = Limits()
BUSY_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
CLOSED = telemetry.counter("http_connections_closed", "连接被守卫关闭的次数", ("why",))


log = structlog.get_logger()


# What a connection is doing. Plain numbers: they are compared at every arrival of bytes.
NEW, IDLE, HEADERS, SERVING, REFUSED = range(5)

MalformedAnswer = Callable[[int], web.Response]


class Guard:
    """The open connections of one process, and the sweep over them."""

    def __init__(self, limits: Limits, malformed: MalformedAnswer) -> None:
        self.limits = limits
        self.malformed = malformed
        self.open: set[GuardedHandler] = set()
        self._loop = asyncio.get_running_loop()
        self._patience = {
            NEW: ("silent", limits.first_byte_s),
            HEADERS: ("slow_headers", limits.headers_s),
        }
        self._tick = min(limits.first_byte_s, limits.headers_s, limits.unread_s) / 5
        self._due = self._loop.time() + self._tick
        self._timer = self._loop.call_at(self._due, self._sweep)

    def _sweep(self) -> None:
        now = self._loop.time()
        if now - self._due < self._tick:  # when we ourselves were held up, nobody else is to blame
            for connection in tuple(self.open):
                if why := self._overdue(connection, now):
                    CLOSED.labels(why).inc()
                    connection.abort()
        self._due = now + self._tick
        self._timer = self._loop.call_at(self._due, self._sweep)

    def _overdue(self, connection: "GuardedHandler", now: float) -> str:
        if connection.unread_since and now - connection.unread_since > self.limits.unread_s:
            return "slow_reader"
        why, patience = self._patience.get(connection.phase, ("", 0.0))
        return why if why and now - connection.since > patience else ""

    def stop(self) -> None:
        self._timer.cancel()


class GuardedHandler(web.RequestHandler):
    """aiohttp's own connection handler that also notes its phase; bytes take no detour."""

    __slots__ = ("_guard", "_wire", "phase", "since", "unread_since")

    def __init__(self, server: web.Server, guard: Guard) -> None:
        limits = guard.limits
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=limits.idle_s,
            lingering_time=limits.linger_s,
            max_line_size=limits.line_bytes,
            max_field_size=limits.header_bytes,
            max_headers=limits.header_count,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to say "no access log"
        )
        self._guard = guard
        self._wire: asyncio.Transport | None = None
        self.phase = NEW  # the edge says SERVING and, when answered, IDLE
        self.since = self._loop.time()
        self.unread_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = self._wire = cast("asyncio.Transport", transport)
        if len(self._guard.open) >= self._guard.limits.connections:
            CLOSED.labels("too_many").inc()
            self.phase = REFUSED
            wire.write(BUSY_ANSWER)
            wire.close()
            return
        self._guard.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._guard.open.discard(self)
        self._wire = None
        if self.phase != REFUSED:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        phase = self.phase
        if phase < HEADERS and data:  # aiohttp calls with nothing to parse what it kept
            self.phase = HEADERS
            self.since = self._loop.time()
        elif phase == REFUSED:
            return
        web.RequestHandler.data_received(self, data)  # quicker than by super()

    def pause_writing(self) -> None:
        self.unread_since = self._loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.unread_since = 0.0
        super().resume_writing()

    def abort(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reached the application: a request that is not HTTP.

        Neither the answer nor the log repeats what was sent.
        """
        del message
        if status < 500:
            CLOSED.labels("malformed").inc()
        if request.writer.output_size > 0:
            raise ConnectionError("half of an answer is out already; only hanging up is left")
        if status >= 500:  # our own fault, and past the edge, which logs the rest
            log.error("answer_failed", exc_info=exc)
        answer = self._guard.malformed(status)
        answer.force_close()
        return answer


class GuardedSite(web.BaseSite):
    """A site on a listening socket whose connections are guarded."""

    __slots__ = ("_guard", "_malformed", "_sock", "limits")

    def __init__(
        self,
        runner: web.AppRunner,
        sock: socket.socket,
        *,
        limits: Limits = LIMITS,
        malformed: MalformedAnswer,
        backlog: int = 1024,
    ) -> None:
        super().__init__(runner, backlog=backlog)
        self._sock = sock
        self.limits = limits
        self._malformed = malformed
        self._guard: Guard | None = None

    @property
    def name(self) -> str:
        return "http://{}:{}".format(*self._sock.getsockname()[:2])

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        if server is None:
            raise RuntimeError("call runner.setup() before site.start()")
        guard = self._guard = Guard(self.limits, self._malformed)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: GuardedHandler(server, guard), sock=self._sock, backlog=self._backlog
        )

    async def stop(self) -> None:
        """Stop accepting; open connections are the runner's to finish."""
        await super().stop()
        if self._guard is not None:
            self._guard.stop()
