"""How often something may happen in a window of time: counted in Redis, else in this process."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.clients.hints import DRIVER

log = structlog.get_logger()

PATIENCE_S = 0.25
PAUSE_S = 2.0  # after a failure Redis is left alone for this long
MOST_REMEMBERED = 10_000  # keys counted by ourselves

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n
"""


@dataclass(slots=True)
class _Window:
    """What this process has counted by itself since the window began."""

    ends: float
    counts: dict[str, int] = field(default_factory=dict)


class Limits:
    """Counts for all processes while Redis is there. Without it each process counts for itself:
    the limit then holds for each of them, and nobody is refused only because Redis is gone."""

    def __init__(
        self,
        redis: aioredis.Redis | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._count = redis.register_script(_COUNT) if redis is not None else None
        self._monotonic = monotonic
        self._quiet_until = 0.0
        self._windows: dict[int, _Window] = {}

    async def allows(self, key: str, *, most: int, within_s: int) -> bool:
        """Count one; False when there have been `most` in this window already."""
        now = self._monotonic()
        if self._count is not None and now >= self._quiet_until:
            try:
                return int(await self._count([f"limit:{key}"], [within_s])) <= most
            except (RedisError, OSError, TimeoutError) as error:
                self._quiet_until = now + PAUSE_S
                log.warning("limits_lost", reason=type(error).__name__)
        return self._count_here(key, within_s, now) <= most

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    def _count_here(self, key: str, within_s: int, now: float) -> int:
        window = self._windows.get(within_s)
        if window is None or now >= window.ends or len(window.counts) >= MOST_REMEMBERED:
            window = self._windows[within_s] = _Window(now + within_s)
        window.counts[key] = window.counts.get(key, 0) + 1
        return window.counts[key]


def open_limits(url: str) -> Limits:
    return Limits(
        aioredis.Redis.from_url(
            url,
            max_connections=20,
            driver_info=DRIVER,
            retry=Retry(NoBackoff(), 1),  # a connection that died meanwhile is opened again
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
        )
    )
