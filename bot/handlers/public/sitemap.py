"""The map of the site for search engines: an index, and pages of at most 50,000 addresses each."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import NotFound
from bot.handlers.public import searches
from bot.scoring.library import versions
from bot.services import public_commitments

ON_ONE_PAGE = 50_000  # what the protocol allows
LIVES = timedelta(hours=1)
MOST_KEPT = 10  # pages; a full one takes a megabyte
PAGES = ("/", "/public", "/public/commitments", "/public/graded", "/public/notices",
         "/public/methods", "/public/prices", "/public/about", "/public/privacy", "/v")  # fmt: skip
_SCHEMA = "http://www.sitemaps.org/schemas/sitemap/0.9"
Places = Callable[[], Awaitable[Iterable[str]]]


class Kept:
    """What was made within the hour, packed, so that a page of it costs whoever asks nothing."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, bytes]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def get(self, request: web.Request, kind: str, item: str, places: Places) -> bytes:
        """The list at this address: the one that is kept, or one made of these places now."""
        if kept := self._fresh(request):
            return kept
        searches.count(request)
        async with self._one_at_a_time:
            if made_meanwhile := self._fresh(request):
                return made_meanwhile
            now, base = request.app[DEPS].clock(), request.app[DEPS].config.public_url
            packed = await asyncio.to_thread(_packed, kind, item, base, tuple(await places()))
            self._known.pop(request.path, None)
            while len(self._known) >= MOST_KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[request.path] = (now, packed)
        return packed

    def _fresh(self, request: web.Request) -> bytes:
        """What is kept for this address and may still be given; b"" when it has to be made."""
        made_at, packed = self._known.get(request.path, (None, b""))
        fresh = made_at is not None and request.app[DEPS].clock() - made_at < LIVES
        return packed if fresh else b""


KEPT = web.AppKey("KEPT", Kept)


async def index(request: web.Request) -> web.Response:
    """Which pages there are."""

    async def places() -> Iterable[str]:
        full = -(-await public_commitments.count() // ON_ONE_PAGE)
        numbers = range(1, full + 1)
        return "/sitemap-pages.xml", *(f"/sitemap-commitments-{n}.xml" for n in numbers)

    return await _answer(request, "sitemapindex", "sitemap", places)


async def pages(request: web.Request) -> web.Response:
    """Everything but commitments; certificates are looked up, not collected."""

    async def places() -> Iterable[str]:
        return *PAGES, *(f"/public/methods/{scheme}" for scheme in versions())

    return await _answer(request, "urlset", "url", places)


async def commitments(request: web.Request) -> web.Response:
    """One page of them, the oldest first: a page that is full hardly changes any more."""
    number = request.match_info["page"]
    if not (number.isascii() and number.isdecimal() and len(number) < 6 and number[0] != "0"):
        raise NotFound

    async def places() -> Iterable[str]:
        found = await public_commitments.addresses(page=int(number), size=ON_ONE_PAGE)
        if not found:
            raise NotFound
        return (f"/public/commitments/{one}" for one in found)

    return await _answer(request, "urlset", "url", places)


async def _answer(request: web.Request, kind: str, item: str, places: Places) -> web.Response:
    body = await request.app[KEPT].get(request, kind, item, places)
    headers = {
        "Content-Type": "application/xml; charset=utf-8",
        "Cache-Control": f"public, max-age={int(LIVES.total_seconds())}",
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=body, headers=headers | {"Content-Encoding": "gzip"})
    return web.Response(body=await asyncio.to_thread(gzip.decompress, body), headers=headers)


def _packed(kind: str, item: str, base: str, places: Iterable[str]) -> bytes:
    told = "".join(f"<{item}><loc>{base}{place}</loc></{item}>" for place in places)
    text = f'<?xml version="1.0" encoding="UTF-8"?><{kind} xmlns="{_SCHEMA}">{told}</{kind}>'
    return gzip.compress(text.encode(), mtime=0)
