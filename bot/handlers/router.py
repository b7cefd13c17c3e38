"""The library's router, with a handler of ours for whatever no route takes.

Its own would refuse in its own words, with no id, log line or metric; a middleware would catch
that, and cost every other request. Where else the library could be told, it cannot: an address
such as `GET http://here HTTP/1.1` has no path, and so no resource is ever asked about it.
"""

import warnings
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.handlers.surface import Handler

Expecting = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
MOST_PARTS = 16  # the library tries a path from its end, one part less at a time; ours have ten


class Refused(web.UrlMappingMatchInfo):
    """What was found is why nothing was."""

    __slots__ = ("_refusal",)

    def __init__(self, route: web.AbstractRoute, refusal: web.HTTPException) -> None:
        super().__init__({}, route)
        self._refusal = refusal

    @property
    def http_exception(self) -> web.HTTPException:
        return self._refusal


class Router(web.UrlDispatcher):
    def __init__(self, around: Callable[[Handler], Handler], expect_handler: Expecting) -> None:
        """`around` makes of the handler that refuses the one that is called."""
        super().__init__()
        nowhere = web.PlainResource("/")
        self._nowhere = nowhere.add_route("*", around(_refuse), expect_handler=expect_handler)
        self._at_hand: dict[tuple[str, str], tuple[str, web.ResourceRoute]] = {}

    def keep_at_hand(self, route: web.ResourceRoute, path: str) -> None:
        """Find it without a search: `path` is a place and one name in it, as /v/{number}."""
        place, _, name = path.rpartition("/")
        self._at_hand[route.method, place] = name.strip("{}"), route

    async def resolve(self, request: web.Request) -> web.UrlMappingMatchInfo:
        place, _, value = request.rel_url.raw_path.rpartition("/")
        known = self._at_hand.get((request.method, place))
        if known is not None and value and "%" not in value:
            name, route = known
            return web.UrlMappingMatchInfo({name: value}, route)
        if request.rel_url.raw_path.count("/") > MOST_PARTS:
            return Refused(self._nowhere, web.HTTPNotFound())
        found = await super().resolve(request)
        refusal = found.http_exception
        return found if refusal is None else Refused(self._nowhere, refusal)


async def _refuse(request: web.Request) -> web.StreamResponse:
    refusal = request.match_info.http_exception
    raise refusal or web.HTTPNotFound


def application(router: Router) -> web.Application:
    """The next major version of the library takes no router; until then it warns of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return web.Application(router=router)
