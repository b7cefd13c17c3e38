"""Carries calls to WeChat's API over HTTP: two hosts, time-outs, a breaker, no secret in errors."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot import telemetry
from bot.clients.breaker import Breaker
from bot.clients.wechat_errors import Transient

log = structlog.get_logger()

CONNECTIONS = 50
LARGEST_ANSWER = 10 * 1024 * 1024
JSON_TYPE = "application/json"
CALLS = telemetry.histogram(
    "wechat_call_seconds",
    "调用微信接口的耗时与结果",
    ("path", "outcome"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    connect_s: float = 3.0
    total_s: float = 10.0
    media_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: bytes, so that the length is known. Chunked uploads are refused (412)."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


class _Unreachable(Exception):
    """No connection came about, so nothing was sent: another host may be asked."""


class _Lost(Exception):
    """The call was, or may have been, sent; its answer did not come."""


@dataclass(frozen=True, slots=True)
class _Host:
    base: str
    breaker: Breaker

    @property
    def name(self) -> str:
        return urlsplit(self.base).netloc


class Transport:
    """Sends a call to the first host that can be reached.

    A host whose breaker is open counts as unreachable. A call that was sent is never repeated on
    another host: WeChat may have carried it out.

    aiohttp's errors can name the address, whose query holds the access token. So Transient is
    raised where none of them is being handled, and tells only their class.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        bases: Sequence[str],
        *,
        timeouts: Timeouts,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._hosts = [_Host(base.rstrip("/"), Breaker(monotonic=monotonic)) for base in bases]
        self._timeouts = timeouts

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        media: bool = False,
    ) -> Answer:
        """Answer whatever came back with any status below 500, or raise Transient."""
        reason = "breaker open"
        for host in self._hosts:
            if not host.breaker.allows():
                continue
            answer = None
            lost = ""
            started = time.monotonic()
            try:
                answer = await self._exchange(method, host.base + path, query, body, media=media)
            except _Unreachable as error:
                reason = str(error)
            except _Lost as error:
                lost = str(error)
            bad = lost or (f"HTTP {answer.status}" if answer and answer.status >= 500 else "")
            outcome = bad or ("ok" if answer else reason)
            CALLS.labels(path, outcome).observe(time.monotonic() - started)
            if answer and not bad:
                host.breaker.well()
                return answer
            if host.breaker.ill():
                log.error("wechat_breaker_opened", host=host.name)
            log.warning("wechat_call_failed", host=host.name, path=path, reason=outcome)
            if bad:
                raise Transient(f"{path}: {bad}", uncertain=True)
        raise Transient(f"{path}: cannot be reached ({reason})")

    async def _exchange(
        self,
        method: str,
        url: str,
        query: Mapping[str, str] | None,
        body: Body | None,
        *,
        media: bool,
    ) -> Answer:
        limits = self._timeouts
        total = limits.media_s if media else limits.total_s
        headers = {"Content-Type": body.content_type} if body else {}
        try:
            async with self._session.request(
                method,
                url,
                params=query,
                data=body.content if body else None,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=total, sock_connect=limits.connect_s),
                allow_redirects=False,  # elsewhere nobody may see the token
            ) as response:
                content = await _read(response)
                return Answer(response.status, response.content_type, content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _Unreachable(type(error).__name__) from None
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise _Lost(type(error).__name__) from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    whole = bytearray()
    async for piece in response.content.iter_any():
        whole += piece
        if len(whole) > LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError("too large")
    return bytes(whole)


@asynccontextmanager
async def open_transport(
    bases: Sequence[str], *, timeouts: Timeouts | None = None
) -> AsyncIterator[Transport]:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
    try:
        yield Transport(session, bases, timeouts=timeouts or Timeouts())
    finally:
        await session.close()


def upload(field: str, filename: str, content: bytes, content_type: str) -> Body:
    """One file as multipart/form-data of known length; its name must be ASCII (else 41005)."""
    if not filename.isascii() or not set('"\r\n').isdisjoint(filename):
        raise ValueError("the file name must be plain ASCII")
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    tail = f"\r\n--{boundary}--\r\n"
    whole = head.encode() + content + tail.encode()
    return Body(whole, f"multipart/form-data; boundary={boundary}")
