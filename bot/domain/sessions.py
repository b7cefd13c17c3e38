"""How long a sign-in lasts, and when its use is worth noting."""

from datetime import datetime, timedelta
from enum import StrEnum


class Door(StrEnum):
    """Where a person came in; a token opens only the door that it was made for."""

    H5 = "h5"
    MINI = "mini"
    CHAT = "chat"
    """Written to the official account: WeChat vouches for the openid of each message."""


SLIDES = {Door.H5: timedelta(days=7), Door.MINI: timedelta(days=30)}
ONE_MESSAGE = timedelta(minutes=5)  # of a person who acts by writing: each message proves itself
LONGEST = timedelta(days=180)  # however often it is used: a token that was copied dies as well
NOTED_EVERY = timedelta(minutes=10)  # so that reading does not mean writing


def expiry(door: Door, *, created_at: datetime, now: datetime) -> datetime:
    """Until when a session lasts that is used now."""
    return min(now + SLIDES[door], created_at + LONGEST)


def worth_noting(*, last_seen_at: datetime, now: datetime) -> bool:
    return now - last_seen_at >= NOTED_EVERY
