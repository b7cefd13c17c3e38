"""A connection that stays, for registers that look at the database because a test says so.

A new one for each look costs the server 8 ms and the test process 2, most of it for reading the
system's tables and planning anew.
"""

import asyncpg

from bot.clients.database import connect

_open: dict[str, asyncpg.Connection] = {}


async def onlooker(url: str) -> asyncpg.Connection:
    """In the application's role; the same one each time, for as long as it lives."""
    found = _open.get(url)
    if found is None or found.is_closed():
        found = _open[url] = await connect(url, application="tests")
    return found


async def close_all() -> None:
    while _open:
        await _open.popitem()[1].close()
