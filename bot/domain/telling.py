"""By which channel a person can be reached, and what a refusal of WeChat means for a message."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum

BEIJING = timezone(timedelta(hours=8))

SEND = "telling.send"  # the kind of job that sends one message

WINDOW = timedelta(hours=47, minutes=55)  # of WeChat's 48 hours
ANSWERS_PER_MESSAGE = 5
TAP_WINDOW = timedelta(seconds=55)  # of WeChat's minute
ANSWERS_PER_TAP = 3
# An answer of the chat that comes later than this finds nobody waiting.
ANSWER_WITHIN = timedelta(minutes=5)
# WeChat drops a second template message with the same client_msg_id for ten minutes.
REPEATABLE_FOR = timedelta(minutes=9)
IN_OTHER_HANDS_FOR = timedelta(minutes=1)
LOST_AFTER = timedelta(minutes=15)
# A message that we do not know to have gone out waits this long for a receipt that says so.
RECEIPT_WITHIN = timedelta(minutes=15)

NO_GRANT = 43101
NOT_FOLLOWING = frozenset({43004, 43019, 48002, 50005})
NOBODY = frozenset({40003, 46004})  # the account knows nobody by this openid
DAILY_QUOTA = 45009
# About us, not about the person: somebody has to look at the account.
OUR_FAULT = frozenset({40037, 40249, 43107, 43108, 43116, 47003, 48001, 48004, 50002})


class Channel(StrEnum):
    CUSTOM = "custom"  # 客服消息, while the person's last message allows it
    TEMPLATE = "template"  # 模板消息, to followers
    SUBSCRIPTION = "subscription"  # 订阅通知 of the service account, one grant each
    MINI = "mini"  # 订阅消息 of the mini-program, one grant each


SUBSCRIPTIONS = frozenset({Channel.SUBSCRIPTION, Channel.MINI})
REPEATABLE = frozenset({Channel.TEMPLATE})


@dataclass(frozen=True, slots=True)
class Reach:
    """What we know of a person at this moment."""

    service: bool = False  # known to the service account …
    following: bool = True  # … and not gone from it, as far as we know
    mini: bool = False
    wrote_at: datetime | None = None
    answered: int = 0  # customer messages since then
    grants: Mapping[Channel, int] = field(default_factory=dict)


def is_open(channel: Channel, reach: Reach, *, now: datetime) -> bool:
    if channel is Channel.MINI:
        return reach.mini and reach.grants.get(channel, 0) > 0
    if not reach.service:
        return False
    if channel is Channel.SUBSCRIPTION:
        return reach.grants.get(channel, 0) > 0
    if channel is Channel.TEMPLATE:
        return reach.following
    return (
        reach.following
        and reach.wrote_at is not None
        and now < reach.wrote_at + WINDOW
        and reach.answered < ANSWERS_PER_MESSAGE
    )


def may_answer(reach: Reach, *, acted_at: datetime, answered: int, now: datetime) -> bool:
    """Whether a customer message may answer what somebody did at `acted_at`.

    Their last written message allows a few within two days, and a tap or a scan a few at once;
    `answered` are those since the act.
    """
    if is_open(Channel.CUSTOM, reach, now=now):
        return True
    return answered < ANSWERS_PER_TAP and now < acted_at + TAP_WINDOW


def first_open(
    order: Iterable[Channel], reach: Reach, *, tried: Iterable[str], now: datetime
) -> Channel | None:
    """The first channel of a message's own order that is open and has not refused it yet."""
    refused = {name.partition(":")[0] for name in tried}
    return next((c for c in order if c not in refused and is_open(c, reach, now=now)), None)


def quota_is_back(now: datetime) -> datetime:
    """A little after the next midnight in Beijing."""
    today = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1, minutes=5)
