"""Acts that really happen at once: the pool has its connections before they begin."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from tortoise.transactions import in_transaction

T = TypeVar("T")


async def at_once(*acts: Awaitable[T]) -> list[T]:
    """Await all; answers what each gave."""
    everybody_in = asyncio.Barrier(len(acts))

    async def connect() -> None:
        async with in_transaction():
            await everybody_in.wait()

    await asyncio.gather(*(connect() for _ in acts))
    return list(await asyncio.gather(*acts))
