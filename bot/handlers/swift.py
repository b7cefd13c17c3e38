"""An answer written in one piece, where scans come by the thousand: its head is bytes made before.

For every other answer the library makes a mapping of headers, lets the edge dress it and writes it
out anew, which costs as much as finding the certificate. The headers here are the same.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NoReturn

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from bot.deps import REQUEST_ID
from bot.handlers.headers import NO_STORE


class Heads:
    """What every head begins with, by status and type: there are a handful."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        always = {**headers, "Cache-Control": NO_STORE}
        self._always = "".join(f"{name}: {value}\r\n" for name, value in always.items())
        self._known: dict[tuple[int, str], bytes] = {}

    def of(self, status: int, kind: str) -> bytes:
        """Up to the value of the last header, the request's id."""
        known = self._known.get((status, kind))
        if known is None:
            phrase = HTTPStatus(status).phrase
            first = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: {kind}\r\n"
            known = f"{first}{self._always}X-Request-Id: ".encode()
            self._known[status, kind] = known
        return known


class Swift(web.StreamResponse):
    """Head and body as they go out; nobody may change anything about them any more."""

    def __init__(self, status: int, whole: bytes) -> None:
        super().__init__(status=status)
        self._whole: Final = whole

    @property
    def keep_alive(self) -> bool:
        return True

    @property
    def headers(self) -> NoReturn:
        raise TypeError("this answer is written already: what needs more headers is no swift one")

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        await request.writer.write_eof(self._whole)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything has been said."""


def answer(
    request: web.Request, body: bytes, *, kind: str, status: int, now: datetime
) -> web.StreamResponse:
    """Answer in one piece; whoever asks in an unusual way is answered by the library."""
    if request.version != HttpVersion11 or request.method != "GET" or not request.keep_alive:
        return web.Response(body=body, status=status, headers={"Content-Type": kind})
    head = request.app[HEADS].of(status, kind)
    date = _date(int(now.timestamp()))
    end = f"{request[REQUEST_ID]}\r\nContent-Length: {len(body)}\r\nDate: {date}\r\n\r\n"
    return Swift(status, b"".join((head, end.encode(), body)))


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


HEADS = web.AppKey("HEADS", Heads)
