"""Waiting for an effect, but not longer than the sender waits for us."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bot.domain.errors import Unavailable

log = structlog.get_logger()

T = TypeVar("T")

LIMIT_S = 2.5  # WeChat hangs up after five seconds, and we promise three
MOST = 500


class Patience:
    """Runs work that is worth finishing even when its caller has to be answered earlier.

    WeChat comes again after an answer that is no success, and the work's unique key makes that
    harmless. So work that is late is neither cancelled nor acknowledged. Work that piles up
    beyond `most` is refused at once: an early refusal is better than a late one.
    """

    def __init__(self, *, limit_s: float = LIMIT_S, most: int = MOST) -> None:
        self._limit_s = limit_s
        self._most = most
        self._open: set[asyncio.Task[Any]] = set()

    async def wait(self, work: Coroutine[Any, Any, T], *, gone: tuple[type[Exception], ...]) -> T:
        """Answer the work's result, or Unavailable when it is late or its server is gone."""
        if len(self._open) >= self._most:
            work.close()
            raise Unavailable
        task = asyncio.create_task(work)
        self._open.add(task)
        task.add_done_callback(self._closed)
        await asyncio.wait((task,), timeout=self._limit_s)
        if not task.done():
            raise Unavailable
        try:
            return task.result()
        except gone as error:
            raise Unavailable from error

    def _closed(self, task: asyncio.Task[Any]) -> None:
        self._open.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("effect_failed", reason=type(error).__name__)

    async def drain(self, *, limit_s: float) -> None:
        """Before the process ends: give what is late a last chance."""
        if self._open:
            await asyncio.wait(set(self._open), timeout=limit_s)
