"""Quick answers from Redis that may be lost at any moment: no hint is never an error.

Questions that arrive in one turn of the loop travel as one command, because redis-py's cost for a
command is higher than the server's.
"""

import asyncio
import time
from dataclasses import dataclass, field

import structlog
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import RedisError

log = structlog.get_logger()

PATIENCE_S = 0.25  # longer than this, and the hint is not worth waiting for
PAUSE_S = 2.0  # after a failure Redis is left alone for this long
KEEP_S = 60
DRIVER = DriverInfo()  # else its version is looked for on the disk by each new connection

# KEYS are asked for where ARGV is empty, and remembered with their ARGV where it is not.
EXCHANGE = f"""
local answers = {{}}
for i, key in ipairs(KEYS) do
    if ARGV[i] == '' then
        answers[i] = redis.call('GET', key)
    else
        redis.call('SET', key, ARGV[i], 'EX', {KEEP_S})
        answers[i] = false
    end
end
return answers
"""

Answer = str | None


@dataclass(slots=True)
class _Batch:
    keys: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    waiting: list[asyncio.Future[Answer] | None] = field(default_factory=list)


class Hints:
    """Remembers for a minute what has been answered: WeChat's three attempts are over by then."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis = redis
        self._exchange = redis.register_script(EXCHANGE)
        self._next = _Batch()
        self._sender: asyncio.Task[None] | None = None
        self._quiet_until = 0.0

    async def recall(self, key: str) -> Answer:
        """What was remembered under this key, if anybody still knows."""
        if time.monotonic() < self._quiet_until:
            return None
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._put(key, "", answer)
        return await answer

    def remember(self, key: str, value: str) -> None:
        """Keep a value without waiting for it to arrive."""
        if value and time.monotonic() >= self._quiet_until:
            self._put(key, value, None)

    async def close(self) -> None:
        if self._sender:
            await self._sender
        await self._redis.aclose()

    async def ping(self) -> None:
        """Raise when Redis does not answer."""
        await self._redis.ping()

    def _put(self, key: str, value: str, answer: asyncio.Future[Answer] | None) -> None:
        self._next.keys.append(key)
        self._next.values.append(value)
        self._next.waiting.append(answer)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())

    async def _send(self) -> None:
        """Send what has gathered; what gathers meanwhile goes with the next round."""
        batch = _Batch()
        try:
            while self._next.keys:
                batch, self._next = self._next, _Batch()
                self._tell(batch, await self._ask(batch))
        finally:
            self._sender = None
            self._tell(batch, [None] * len(batch.keys))  # whatever went wrong: nobody waits on

    @staticmethod
    def _tell(batch: _Batch, answers: list[Answer]) -> None:
        for waiting, answer in zip(batch.waiting, answers, strict=True):
            if waiting is not None and not waiting.done():  # its request may be gone
                waiting.set_result(answer)

    async def _ask(self, batch: _Batch) -> list[Answer]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                answers: list[Answer] = await self._exchange(batch.keys, batch.values)
                return answers
        except (RedisError, OSError, TimeoutError, ValueError) as error:  # or not our UTF-8
            self._quiet_until = time.monotonic() + PAUSE_S
            log.warning("hints_lost", reason=type(error).__name__)
            return [None] * len(batch.keys)


def open_hints(url: str) -> Hints:
    return Hints(
        aioredis.Redis.from_url(
            url,
            decode_responses=True,
            single_connection_client=True,  # one batch at a time needs no pool
            driver_info=DRIVER,
            retry=Retry(NoBackoff(), 1),  # a connection that died meanwhile is opened again
            socket_timeout=PATIENCE_S * 4,
            socket_connect_timeout=PATIENCE_S * 4,
        )
    )
