"""Registers that follow the database, and their keeper once it has asked about signatures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from bot.services.register import Register
from bot.services.register_proofs import GOOD
from tests.conftest import NOW
from tests.waiting import until


async def until_proved(keeper: Register, count: int, good: int | None = None) -> None:
    async def is_so() -> bool:
        proofs = keeper._table.proofs if keeper._table else b""
        return len(proofs) == count and proofs.count(GOOD) == (count if good is None else good)

    await until(is_so, "the keeper to have asked about all", limit_s=20)
    await keeper._proving._task


def asks_nobody(register: Register) -> Register:
    """From now on it finds no signature good by itself."""
    register._prover._is_signed = lambda _: False
    return register


@asynccontextmanager
async def followed(register_: Register, url: str) -> AsyncIterator[None]:
    task = asyncio.create_task(register_.keep_fresh(url, lambda: NOW + timedelta(minutes=1)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
