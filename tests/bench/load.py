"""The load: kept-alive connections that each send their next request when the answer is whole."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.bench.cycles import Callback

CONNECTIONS = 32
_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


@dataclass(slots=True)
class Burst:
    answered: int = 0
    wrong: int = 0
    seconds: float = 0.0


def as_request(url: str, callback: Callback) -> bytes:
    """Put a callback into the bytes that WeChat's server would send."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path}?{urlencode(callback.query)} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "User-Agent: Mozilla/4.0\r\nAccept: */*\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(callback.body)}\r\n\r\n"
    )
    return head.encode() + callback.body


class _Connection(asyncio.Protocol):
    """Sends one request after the other until there are none, or the time is up."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers: list[Answer] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def begin(self, requests: Iterator[bytes], burst: Burst, starts: bytes, until: float) -> None:
        self._requests, self._burst, self._starts, self._until = requests, burst, starts, until
        self._clock = asyncio.get_running_loop().time
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None) if self._clock() < self._until else None
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head) if found else None
        if length is None or len(rest) < int(length[1]):
            return
        self._buffer = b""
        self._burst.answered += 1
        if not head.startswith(b"HTTP/1.1 200 ") or not rest.startswith(self._starts):
            self._burst.wrong += 1
        if self.answers is not None:
            self.answers.append(Answer(int(head[9:12]), rest))
        self._next()

    def close(self) -> None:
        self.done.cancel()
        self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server hung up in the middle of a burst"))


async def connect(url: str, count: int = CONNECTIONS) -> list[_Connection]:
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    made = [
        await loop.create_connection(_Connection, parts.hostname, parts.port) for _ in range(count)
    ]
    return [connection for _, connection in made]


async def burst(
    connections: list[_Connection], requests: list[bytes], *, starts: bytes, seconds: float
) -> Burst:
    """Send requests for so long, each at most once; counts answers that are not as expected."""
    loop, result, work = asyncio.get_running_loop(), Burst(), iter(requests)
    began = loop.time()
    for connection in connections:
        connection.begin(work, result, starts, began + seconds)
    await asyncio.gather(*(connection.done for connection in connections))
    result.seconds = loop.time() - began
    return result


async def ask(url: str, requests: list[bytes]) -> list[Answer]:
    """Send requests one by one and give the answers themselves."""
    [connection] = await connect(url, 1)
    connection.answers = []
    await burst([connection], requests, starts=b"", seconds=30.0)
    return connection.answers


async def listening(url: str, *, limit_s: float = 180.0) -> None:
    """Return when somebody accepts connections there."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    while True:
        try:
            [connection] = await connect(url, 1)
        except OSError:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            connection.close()
            return
