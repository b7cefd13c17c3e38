"""Which steps of the demonstration are done: each is noted in the transaction that did it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

from bot.clients.database import fetch, transaction_connection
from bot.domain.errors import DomainError
from models import DemoStep

T = TypeVar("T")
LANES = 3  # at once: while the server writes one piece, the next is being made


class OtherData(DomainError):
    """The database belongs to somebody."""

    code = "other_data"
    message = "数据库里已有别的企业资料，演示数据没有写入。请换一个空的数据库。"


class Steps:
    """Asked before each step; whoever is interrupted goes on with the first that is not done."""

    def __init__(self, done: set[str], enterprises: int) -> None:
        self._done = done
        self.enterprises = enterprises
        """How many there are already."""

    @classmethod
    async def read(cls) -> "Steps":
        """What was done; OtherData where nothing was, and enterprises are there."""
        rows = await DemoStep.all()
        if not rows and await fetch("SELECT 1 FROM enterprise LIMIT 1"):
            raise OtherData
        return cls({row.name for row in rows}, max((row.enterprises for row in rows), default=0))

    def left(self, name: str) -> bool:
        """Whether it is still to be done."""
        return name not in self._done

    @staticmethod
    async def take_time() -> None:
        """For a step over many rows, in its transaction: no time-out, and no plan that reads a
        whole table for each row because the server has not counted its rows yet."""
        connection = transaction_connection()
        await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = off")

    async def done(self, name: str, enterprises: int, *, now: datetime) -> None:
        """Note it inside the caller's transaction."""
        await DemoStep.create(name=name, enterprises=enterprises, done_at=now)
        self._done.add(name)


async def in_lanes(do: Callable[[T], Awaitable[None]], pieces: Iterable[T]) -> None:
    """Do something with every piece, a few at once; each in a transaction of its own."""
    left = iter(pieces)

    async def lane() -> None:
        for piece in left:
            await do(piece)

    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(lane())
