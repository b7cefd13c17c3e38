"""Answers of the chat that come a little later, as customer messages: each once, and in time.

They go by the rule of tell(): what is sent is written down first, counts against the few that a
person's message allows, and is never repeated blindly. They are not promised: an answer that
cannot be given within minutes is let go.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from tortoise.transactions import in_transaction

from bot.clients.wechat import Content, WeChat
from bot.clients.wechat_errors import Permanent, Transient
from bot.domain.telling import ANSWER_WITHIN, Channel, Reach, may_answer
from bot.services import outbox
from bot.services.outbox import Payload
from models import Contact, Telling, TellingState
from models.ids import new_id

log = structlog.get_logger()

MOMENT = timedelta(seconds=2)
ANSWER = "answer"  # in the place of a message's name; the words are not kept


@dataclass(frozen=True, slots=True)
class Due:
    """What is answered: whose act, when it was, and a name that no other answer has."""

    appid: str
    openid: str
    key: str
    acted_at: datetime


def due(payload: Payload, what: str) -> Due:
    """The answer that a job of the chat owes to the message that it was put with."""
    acted_at = datetime.fromisoformat(payload["at"])
    return Due(payload["appid"], payload["openid"], f"{what}:{payload['key']}", acted_at)


async def again(kind: str, payload: Payload, *, now: datetime) -> None:
    """What is to be sent is being made: the job comes again, while an answer is still wanted."""
    if now + MOMENT <= datetime.fromisoformat(payload["at"]) + ANSWER_WITHIN:
        async with in_transaction():
            await outbox.put(kind, payload, now=now, due_at=now + MOMENT)


async def answer(due: Due, content: Content, *, wechat: WeChat, now: datetime) -> None:
    """Send it, or let it go; Transient goes up while the job may still come again in time."""
    if not await _claim(due, now):
        return
    try:
        await wechat.send_custom(due.openid, content)
    except Permanent as refusal:
        log.info("answer_refused", errcode=refusal.errcode)
        await _end(due, TellingState.FAILED, str(refusal), now)
    except Transient as failure:
        if failure.uncertain:  # it may have gone out
            await _end(due, TellingState.UNKNOWN, str(failure), now)
            return
        await _move(due, TellingState.QUEUED, str(failure))
        raise
    else:
        await _end(due, TellingState.SENT, "", now)


async def _claim(due: Due, now: datetime) -> bool:
    """Write down that it is being sent; False where it was, may have been, or is not to be.

    A claim that another run left without an end is that run's: the answer may have gone out.
    """
    if now > due.acted_at + ANSWER_WITHIN:
        log.info("answer_late")
        return False
    key = _key(due)
    async with in_transaction():
        row = await Telling.filter(key=key).select_for_update().first()
        if row is not None and row.state is not TellingState.QUEUED:
            return False
        if row is None:
            if not await _may(due, now):
                log.info("answer_window_closed")
                return False
            made = Telling(
                id=new_id(now),
                key=key,
                message=ANSWER,
                service_openid=due.openid,
                values={},
                state=TellingState.SENDING,
                channel=Channel.CUSTOM.value,
                appid=due.appid,
                created_at=now,
                claimed_at=now,
            )
            await Telling.bulk_create([made], ignore_conflicts=True)
            return await Telling.filter(id=made.id).exists()
        return await _move(due, TellingState.SENDING, "")


async def _may(due: Due, now: datetime) -> bool:
    contact = await Contact.get_or_none(appid=due.appid, openid=due.openid)
    if contact is None or contact.invalid_at is not None:
        return False
    gone, came = contact.unfollowed_at, contact.followed_at
    reach = Reach(
        service=True,
        following=gone is None or (came is not None and came > gone),
        wrote_at=contact.wrote_at,
        answered=await answered(due.appid, due.openid, since=contact.wrote_at),
    )
    since = await answered(due.appid, due.openid, since=due.acted_at)
    return may_answer(reach, acted_at=due.acted_at, answered=since, now=now)


async def answered(appid: str, openid: str, *, since: datetime | None) -> int:
    """How many customer messages of one account a person has had since."""
    if since is None:
        return 0
    return await Telling.filter(
        service_openid=openid,
        appid=appid,
        channel=Channel.CUSTOM.value,
        claimed_at__gte=since,
    ).count()


async def _end(due: Due, state: TellingState, reason: str, now: datetime) -> None:
    await Telling.filter(key=_key(due), state=TellingState.SENDING).update(
        state=state, reason=reason[:300], ended_at=now
    )


async def _move(due: Due, state: TellingState, reason: str) -> bool:
    moved = await Telling.filter(key=_key(due)).update(state=state, reason=reason[:300])
    return bool(moved)


def _key(due: Due) -> str:
    """Short, and without an openid or a word of the person's in it."""
    name = f"{due.appid} {due.openid} {due.key}"
    return f"{ANSWER}:{sha256(name.encode()).hexdigest()}"
