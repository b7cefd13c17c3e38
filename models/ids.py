"""Identifiers: UUIDv7, so that rows written together lie together and sort by time."""

import secrets
from datetime import datetime
from uuid import UUID


def new_id(now: datetime) -> UUID:
    """A fresh identifier whose first 48 bits are the given instant in milliseconds (RFC 9562)."""
    milliseconds = int(now.timestamp() * 1000)
    random = secrets.randbits(74)
    high = (milliseconds << 16) | (0x7 << 12) | (random >> 62)
    low = (0b10 << 62) | (random & ((1 << 62) - 1))
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
