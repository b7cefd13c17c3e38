"""Identifiers: UUIDv7, so that rows written together lie together and sort by time."""

import secrets
from datetime import datetime
from uuid import UUID

_latest = 0  # the last number that `new_id` gave out in this process


def new_id(now: datetime) -> UUID:
    """A fresh identifier whose first 48 bits are the given instant in milliseconds (RFC 9562).

    Those that are made for one instant, one right after the other, sort in that order: so do the
    steps of one act, which all happen at the same `now`.
    """
    global _latest  # noqa: PLW0603  # a process has one row of numbers
    instant = int(now.timestamp() * 1000)
    if _latest >> 74 == instant:
        _latest += 1 + secrets.randbits(40)
    else:
        _latest = (instant << 74) | secrets.randbits(73)  # with room above
    high = ((_latest >> 74) << 16) | (0x7 << 12) | ((_latest >> 62) & 0xFFF)
    low = (0b10 << 62) | (_latest & ((1 << 62) - 1))
    return UUID(int=(high << 64) | low)


def new_ids(now: datetime, count: int) -> list[UUID]:
    """Many at once, for one read of the system's randomness."""
    head = (int(now.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62)
    free = (0xFFF << 64) | ((1 << 62) - 1)  # the bits that are random
    block = secrets.token_bytes(10 * count)
    return [
        UUID(int=head | (int.from_bytes(block[at : at + 10], "big") & free))
        for at in range(0, 10 * count, 10)
    ]
