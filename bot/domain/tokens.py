"""When a token that all processes share may be fetched anew: by one of them, and not too often."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import StrEnum

BEIJING = timezone(timedelta(hours=8))

LEASE = timedelta(seconds=15)  # longer than a fetch may take: then another process may try
ASKS_PER_MINUTE = 3
MINUTE = timedelta(minutes=1)
FORCED_APART = timedelta(seconds=30)  # WeChat ignores what comes sooner
FORCED_A_DAY = 5  # of WeChat's twenty: the rest is for people
TOO_SHORT = timedelta(seconds=10)  # a token with less life than this is as good as none


class Move(StrEnum):
    """What a process does that cannot use the token it has."""

    USE = "use"  # somebody else has fetched another one
    ASK = "ask"  # it is yours to fetch
    WAIT = "wait"  # somebody else is fetching
    REFUSE = "refuse"  # the ration of this minute is used up


@dataclass(frozen=True, slots=True)
class Record:
    """What all processes know about one token."""

    value: str = ""
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    claimed_until: datetime | None = None
    asks: tuple[datetime, ...] = ()
    forced: tuple[datetime, ...] = ()


def usable(record: Record, *, bad: str, now: datetime) -> bool:
    expires_at = record.expires_at
    return record.value not in {"", bad} and expires_at is not None and now + TOO_SHORT < expires_at


def next_move(record: Record, *, bad: str, now: datetime) -> Move:
    """`bad` is the token that is no good any more; "" when there is none at all."""
    if usable(record, bad=bad, now=now):
        return Move.USE
    if record.claimed_until is not None and now < record.claimed_until:
        return Move.WAIT
    if len(_since(record.asks, now - MINUTE)) >= ASKS_PER_MINUTE:
        return Move.REFUSE
    return Move.ASK


def may_force(record: Record, *, now: datetime) -> bool:
    """Whether WeChat may be asked to end its token and give another: rare, and never in a row."""
    midnight = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        not _since(record.forced, now - FORCED_APART)
        and len(_since(record.forced, midnight)) < FORCED_A_DAY
        and len(_since(record.asks, now - MINUTE)) < ASKS_PER_MINUTE
    )


def asking(record: Record, *, forced: bool, now: datetime) -> Record:
    """The record while its holder fetches; what is older than the limits look back is dropped."""
    return replace(
        record,
        claimed_until=now + LEASE,
        asks=(*_since(record.asks, now - MINUTE), now),
        forced=(*_since(record.forced, now - timedelta(days=1)), *([now] if forced else [])),
    )


def answered(record: Record, *, value: str, asked_at: datetime, expires_at: datetime) -> Record:
    """Keep the answer, unless a later question has already been answered."""
    if record.asked_at is not None and record.asked_at > asked_at:
        return record
    return replace(
        record, value=value, asked_at=asked_at, expires_at=expires_at, claimed_until=None
    )


def _since(instants: tuple[datetime, ...], limit: datetime) -> tuple[datetime, ...]:
    return tuple(instant for instant in instants if instant > limit)
