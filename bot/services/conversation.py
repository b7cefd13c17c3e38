"""What a message to one of our WeChat accounts leaves behind: once, whatever is repeated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.services import outbox, rations
from models import Contact, InboundMessage
from models.ids import new_id

FORGET = "conversation.forget"
FOLLOWERS_ACTS = frozenset({"click", "view", "scan"})  # events: of the menu, and a code of ours
FORGET_AFTER = timedelta(days=1)  # WeChat's own repeats are over long before


class Following(StrEnum):
    """What a message says about whether its sender follows the account."""

    UNKNOWN = ""
    BEGUN = "begun"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as the services see it: no content, only who, what kind, and when."""

    appid: str
    openid: str
    key: str
    kind: str
    sent_at: datetime
    following: Following = Following.UNKNOWN
    wrote: bool = False
    """A message, not an event: it allows us a few answers later on."""
    ration: tuple[str, int] | None = None
    """What the message uses up, and how many there are a day: a copy of it uses nothing."""
    jobs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """The kinds of jobs that are put with the note, each with the fields that it is told."""


# One statement is one transaction: the message's unique key decides whether anything happens.
# Instants of following only move forward, so that late and swapped events do no harm. What only a
# follower can do, done after we took them for gone, says that they follow again.
_RECORD = """
WITH message AS (
    INSERT INTO inbound_message (id, appid, dedupe_key, openid, kind, reply, received_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (appid, dedupe_key) DO NOTHING
    RETURNING 1
)
INSERT INTO contact
    (id, appid, openid, first_seen_at, last_seen_at, followed_at, unfollowed_at, wrote_at)
SELECT $1, $2, $4, $7, $7, $8, $9, $10 FROM message
ON CONFLICT (appid, openid) DO UPDATE SET
    last_seen_at = greatest(contact.last_seen_at, excluded.last_seen_at),
    followed_at = greatest(contact.followed_at, excluded.followed_at,
        CASE WHEN $11 > contact.unfollowed_at THEN $11 END),
    unfollowed_at = greatest(contact.unfollowed_at, excluded.unfollowed_at),
    invalid_at = NULL,
    wrote_at = greatest(contact.wrote_at, excluded.wrote_at)
RETURNING 1 AS fresh
"""


async def record(heard: Heard, reply: str, *, now: datetime) -> str:
    """Note the message and its sender, once; answer the reply of the first delivery."""
    if heard.following is Following.ENDED or heard.jobs or heard.ration:
        async with in_transaction():
            fresh = await note(heard, reply, now=now)
            who = {"appid": heard.appid, "openid": heard.openid}
            act = who | {"key": heard.key, "at": now.isoformat()}
            if fresh and heard.following is Following.ENDED:
                left = who | {"left_at": now.isoformat()}
                await outbox.put(FORGET, left, now=now, due_at=now + FORGET_AFTER)
            if fresh and heard.ration:
                kind, most = heard.ration
                await rations.use(kind, heard.openid, most=most, now=now)
            for kind, told in heard.jobs.items() if fresh else ():
                await outbox.put(kind, act | {"fields": dict(told)}, now=now)
    else:
        fresh = await note(heard, reply, now=now)
    return reply if fresh else await first_reply(heard)


async def note(heard: Heard, reply: str, *, now: datetime) -> bool:
    """Add the message and its sender; False when it has been here before."""
    rows = await fetch(
        _RECORD,
        new_id(now),
        heard.appid,
        heard.key,
        heard.openid,
        heard.kind,
        reply,
        now,
        heard.sent_at if heard.following is Following.BEGUN else None,
        heard.sent_at if heard.following is Following.ENDED else None,
        now if heard.wrote else None,
        heard.sent_at if heard.wrote or heard.kind in FOLLOWERS_ACTS else None,
    )
    return bool(rows)


async def first_reply(heard: Heard) -> str:
    """What was answered to the first copy of this message."""
    rows = await fetch(
        "SELECT reply FROM inbound_message WHERE appid = $1 AND dedupe_key = $2",
        heard.appid,
        heard.key,
    )
    return str(rows[0]["reply"]) if rows else ""


async def keep_reply(heard: Heard, reply: str) -> None:
    """Set the answer of a message that was noted before its answer was known."""
    await InboundMessage.filter(appid=heard.appid, dedupe_key=heard.key).update(reply=reply)


async def mark_invalid(appid: str, openid: str, *, now: datetime) -> None:
    """WeChat knows nobody by this openid: nothing is sent there until somebody writes from it."""
    await fetch(
        "INSERT INTO contact (id, appid, openid, first_seen_at, last_seen_at, invalid_at)"
        " VALUES ($1, $2, $3, $4, $4, $4)"
        " ON CONFLICT (appid, openid) DO UPDATE SET invalid_at = excluded.invalid_at",
        new_id(now),
        appid,
        openid,
        now,
    )


async def is_invalid(appid: str, openid: str) -> bool:
    return await Contact.filter(appid=appid, openid=openid, invalid_at__isnull=False).exists()


async def erase(appid: str, openid: str) -> None:
    """Delete what somebody wrote, and that they were ever here."""
    await InboundMessage.filter(appid=appid, openid=openid).delete()
    await Contact.filter(appid=appid, openid=openid).delete()


async def forget(payload: outbox.Payload, now: datetime) -> bool:
    """After somebody left: delete what they wrote, unless they have come back since."""
    del now  # what counts is when they left: what came later belongs to a later leaving
    rows = await fetch(
        "SELECT followed_at >= unfollowed_at AS back FROM contact WHERE appid = $1 AND openid = $2",
        payload["appid"],
        payload["openid"],
    )
    gone = bool(rows) and not rows[0]["back"]
    if gone:
        await InboundMessage.filter(
            appid=payload["appid"],
            openid=payload["openid"],
            received_at__lte=datetime.fromisoformat(payload["left_at"]),
        ).delete()
    return gone
