"""An answer in one piece, for scans and pushes, which come by the thousand; its head is ready.

For every other answer the library makes a mapping of headers, lets the edge dress it and writes it
out anew, which costs as much as finding the certificate. The headers here are the same.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, cast

from aiohttp import HttpVersion11, web

from bot.deps import REQUEST_ID
from bot.handlers.headers import NO_STORE

USUAL = ("GET", "POST")


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


class Swift:
    """Head and body as they go out: what the library asks of an answer, and nothing to change."""

    __slots__ = ("_whole", "status")
    keep_alive: Final = True

    def __init__(self, status: int, whole: bytes) -> None:
        self.status = status
        self._whole = whole

    async def prepare(self, request: web.BaseRequest) -> None:
        await request.writer.write_eof(self._whole)

    async def write_eof(self) -> None:
        """Everything has been said."""


def answer(
    request: web.Request, body: bytes, *, kind: str, status: int, now: datetime
) -> web.StreamResponse:
    """Answer in one piece; whoever asks in an unusual way is answered by the library."""
    lasts = request.version is HttpVersion11 and request.keep_alive
    if not lasts or request.method not in USUAL:
        return web.Response(body=body, status=status, headers={"Content-Type": kind})
    head = request.app[HEADS].of(status, kind)
    date = _date(int(now.timestamp()))
    end = f"{request[REQUEST_ID]}\r\nContent-Length: {len(body)}\r\nDate: {date}\r\n\r\n"
    whole = b"".join((head, end.encode(), body))
    return cast("web.StreamResponse", Swift(status, whole))


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


HEADS = web.AppKey("HEADS", Heads)
