"""Waiting for something that another process does: bounded, and loud when it does not come."""

import asyncio
import time
from collections.abc import Awaitable, Callable

SHORTEST_S, LONGEST_S = 0.02, 0.1


async def until(
    condition: Callable[[], Awaitable[bool]], what: str, *, limit_s: float = 60.0
) -> None:
    """Ask again and again until the condition holds; fail with what was waited for.

    Quickly at first, then less often: what is waited for needs the processor more.
    """
    deadline, pause_s = time.monotonic() + limit_s, SHORTEST_S
    while not await condition():
        assert time.monotonic() < deadline, f"waited {limit_s} s in vain: {what}"
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.2, LONGEST_S)
