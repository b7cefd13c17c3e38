"""Quick answers from Redis that may be lost at any moment: no hint is never an error.

Questions that arrive in one turn of the loop travel in one round trip. redis-py costs more than the
server does, so sharing the trip is what makes a hint cheaper than asking PostgreSQL.
"""

import asyncio
import time
from dataclasses import dataclass, field

import structlog
from redis import asyncio as aioredis
from redis.exceptions import RedisError

log = structlog.get_logger()

PATIENCE_S = 0.25  # longer than this, and the hint is not worth waiting for
PAUSE_S = 2.0  # after a failure Redis is left alone for this long


@dataclass(slots=True)
class _Batch:
    commands: list[tuple[str | int, ...]] = field(default_factory=list)
    answers: list[asyncio.Future[str | None]] = field(default_factory=list)


class Hints:
    """Remembers, for a while, what has already been answered."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis
        self._next = _Batch()
        self._sender: asyncio.Task[None] | None = None
        self._quiet_until = 0.0

    async def first(self, key: str, *, for_s: int) -> str | None:
        """None when this key is new or unknown; else what was remembered with it so far."""
        return await self._ask("SET", key, "", "EX", for_s, "NX", "GET")

    def remember(self, key: str, value: str, *, for_s: int) -> None:
        """Keep a value without waiting for it to arrive."""
        self._put("SET", key, value, "EX", for_s)

    async def close(self) -> None:
        if self._sender:
            await self._sender
        await self._redis.aclose()

    async def ping(self) -> None:
        """Raise when Redis does not answer."""
        await self._redis.ping()

    async def _ask(self, *command: str | int) -> str | None:
        if time.monotonic() < self._quiet_until:
            return None
        return await self._put(*command)

    def _put(self, *command: str | int) -> asyncio.Future[str | None]:
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._next.commands.append(command)
        self._next.answers.append(answer)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return answer

    async def _send(self) -> None:
        try:
            while self._next.commands:
                batch, self._next = self._next, _Batch()
                for answer, got in zip(batch.answers, await self._exchange(batch), strict=True):
                    answer.set_result(got)
        finally:
            self._sender = None

    async def _exchange(self, batch: _Batch) -> list[str | None]:
        nothing: list[str | None] = [None] * len(batch.commands)
        if time.monotonic() < self._quiet_until:
            return nothing
        pipe = self._redis.pipeline(transaction=False)
        for command in batch.commands:
            pipe.execute_command(*command)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return [
                    got if isinstance(got, str) else None
                    for got in await pipe.execute(raise_on_error=False)
                ]
        except (RedisError, OSError, TimeoutError) as error:
            self._quiet_until = time.monotonic() + PAUSE_S
            log.warning("hints_lost", reason=type(error).__name__)
            return nothing


def open_hints(url: str) -> Hints:
    return Hints(
        aioredis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=PATIENCE_S * 4,
            socket_connect_timeout=PATIENCE_S * 4,
        )
    )
