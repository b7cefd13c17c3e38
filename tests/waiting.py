"""Waiting for something that another process does: bounded, and loud when it does not come."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], Awaitable[bool]], what: str, *, limit_s: float = 60.0
) -> None:
    """Ask again and again until the condition holds; fail with what was waited for."""
    deadline = time.monotonic() + limit_s
    while not await condition():
        assert time.monotonic() < deadline, f"waited {limit_s} s in vain: {what}"
        await asyncio.sleep(0.02)
