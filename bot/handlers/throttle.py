"""How often one address may ask for what costs us something: a row, or a call to WeChat.

Counted in Redis, over all processes, where it is there.
"""

from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import TooMany
from bot.handlers.limits import client_of


@dataclass(frozen=True, slots=True)
class Limit:
    """Generous, because a whole district of phones can share one address."""

    name: str
    most: int
    within_s: int = 60


LOGIN = Limit("login", 600)


async def check(request: web.Request, limit: Limit) -> None:
    """Count this request for its address, or raise TooMany. The address itself is kept nowhere."""
    where = sha256(client_of(request).encode()).hexdigest()[:24]
    limits = request.app[DEPS].limits
    if not await limits.allows(f"{limit.name}:{where}", most=limit.most, within_s=limit.within_s):
        raise TooMany
