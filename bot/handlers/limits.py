"""How often one client, and all together, may do what costs or tells something; in memory.

Each process counts for itself, so that it holds with Redis gone; a client that reaches all of them
may do so many times more, which is still little.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import TypeVar

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import TooMany

T = TypeVar("T")

LIMITERS: list["Limiter"] = []  # all there are
SAME_TIME_S = 0.06  # an answer about something that is there takes as long as one about nothing
UNKNOWN_CLIENT = "?"


class Limiter:
    """So many in a window of time; a new window begins with nothing."""

    def __init__(self, *, per_client: int, in_all: int, seconds: float) -> None:
        self.per_client = per_client
        self._in_all = in_all
        self._seconds = seconds
        self._used: Counter[str] = Counter()
        self._ends = 0.0
        LIMITERS.append(self)

    def spend(self, client: str, cost: int = 1) -> None:
        """Count it, or raise TooMany and count nothing."""
        now = asyncio.get_running_loop().time()
        if now >= self._ends:
            self._used.clear()
            self._ends = now + self._seconds
        mine, all_of_us = self._used[client] + cost, self._used.total() + cost
        if mine > self.per_client or all_of_us > self._in_all:
            raise TooMany
        self._used[client] = mine

    def forget(self) -> None:
        """Begin a new window."""
        self._ends = 0.0


def client_of(request: web.Request) -> str:
    """Whom we count: an address, or the whole network that IPv6 gives to one customer.

    What proxies say is believed only as far as they are our own.
    """
    trusted = request.app[DEPS].config.trusted_proxies
    address = request.remote or UNKNOWN_CLIENT
    if trusted:  # a proxy may add a line of its own instead of adding to the client's
        chain = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        address = (chain[-trusted].strip() if len(chain) >= trusted else "") or address
    try:
        found = ip_address(address)
    except ValueError:
        return UNKNOWN_CLIENT
    return str(ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)


async def patiently(work: Callable[[], T]) -> T:
    """Do it, and answer only after a time that does not depend on what was found."""
    loop = asyncio.get_running_loop()
    ready = loop.time() + SAME_TIME_S
    result = work()
    await asyncio.sleep(ready - loop.time())
    return result
