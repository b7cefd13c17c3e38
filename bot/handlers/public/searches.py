"""How often one client may have the public lists searched: each search asks the database."""

from aiohttp import web

from bot.domain.errors import TooMany
from bot.handlers.limits import Limiter, client_of

SEARCHES = Limiter(per_client=120, in_all=2400, seconds=60)


def count(request: web.Request) -> None:
    """Count one, or say plainly that it is enough for now."""
    try:
        SEARCHES.spend(client_of(request))
    except TooMany:
        raise TooMany("您查得太频繁了，请等一分钟再查。") from None
