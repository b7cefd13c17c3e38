"""How often one address may ask for what costs us something: a row, or a call to WeChat."""

from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import TooMany


@dataclass(frozen=True, slots=True)
class Limit:
    """Generous, because a whole district of phones can share one address."""

    name: str
    most: int
    within_s: int = 60


LOGIN = Limit("login", 600)


async def check(request: web.Request, limit: Limit) -> None:
    """Count this request for its address, or raise TooMany. The address itself is kept nowhere."""
    where = sha256(network(address(request)).encode()).hexdigest()[:24]
    limits = request.app[DEPS].limits
    if not await limits.allows(f"{limit.name}:{where}", most=limit.most, within_s=limit.within_s):
        raise TooMany


def address(request: web.Request) -> str:
    """Who asks. X-Forwarded-For counts only as far as our own proxies wrote it."""
    hops = request.app[DEPS].config.trusted_proxies
    named = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    if hops and len(named) >= hops and named[-hops].strip():
        return named[-hops].strip()
    return request.remote or ""


def network(given: str) -> str:
    """A home has 2^64 addresses of IPv6: they count as one."""
    try:
        found = ip_address(given)
    except ValueError:
        return given
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return str(found)
