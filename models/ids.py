"""Identifiers: UUIDv7, so that rows written together lie together and sort by time."""

import secrets
from datetime import datetime
from itertools import accumulate
from uuid import UUID

_STEP = 5  # bytes of randomness from one identifier of an instant to the next

_latest = 0  # the last number that was given out in this process


def new_id(now: datetime) -> UUID:
    """A fresh identifier whose first 48 bits are the given instant in milliseconds (RFC 9562).

    Those that are made for one instant, one right after the other, sort in that order: so do the
    steps of one act, which all happen at the same `now`.
    """
    [fresh] = new_ids(now, 1)
    return fresh


def new_ids(now: datetime, count: int) -> list[UUID]:
    """Many at once, in the order in which they sort, for one read of the system's randomness."""
    global _latest  # noqa: PLW0603  # a process has one row of numbers
    instant = int(now.timestamp() * 1000)
    if _latest >> 74 != instant:
        _latest = (instant << 74) | secrets.randbits(73)  # with room above
    block = secrets.token_bytes(_STEP * count)
    steps = (
        1 + int.from_bytes(block[at : at + _STEP], "big") for at in range(0, len(block), _STEP)
    )
    _, *numbers = accumulate(steps, initial=_latest)
    if numbers:
        _latest = numbers[-1]
    return [_id(number) for number in numbers]


def _id(number: int) -> UUID:
    high = ((number >> 74) << 16) | (0x7 << 12) | ((number >> 62) & 0xFFF)
    low = (0b10 << 62) | (number & ((1 << 62) - 1))
    return UUID(int=(high << 64) | low)
