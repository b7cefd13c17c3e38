"""tell(): promise one message to one person, once; bot/services/sending.py keeps the promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from bot.domain.telling import LOST_AFTER, SEND
from bot.services import outbox
from bot.services.messages import MESSAGES
from models import Telling, TellingState
from models.ids import new_id


@dataclass(frozen=True, slots=True)
class Person:
    """Under which openids one person is known; an openid belongs to one account only."""

    service: str = ""
    mini: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """How far a message has come."""

    state: TellingState
    channel: str
    tried: tuple[str, ...]
    reason: str


async def tell(
    person: Person,
    message: str,
    values: Mapping[str, str],
    *,
    key: str,
    now: datetime,
    link: str = "",
) -> UUID | None:
    """Promise a message inside the caller's transaction; a known key adds nothing, answers None.

    `link` is a path on our own site. Values that WeChat would refuse raise BadMessage here, not
    at night in a job. The channel is chosen when it is sent: by then the person may have gone.
    """
    MESSAGES[message].check(values)
    telling = Telling(
        id=new_id(now),
        key=key,
        message=message,
        service_openid=person.service,
        mini_openid=person.mini,
        values=dict(values),
        link=link,
        created_at=now,
    )
    await Telling.bulk_create([telling], ignore_conflicts=True)
    if not await Telling.filter(id=telling.id).exists():
        return None
    await outbox.put(SEND, {"id": str(telling.id)}, now=now)
    return telling.id


async def look(telling_id: UUID) -> Told:
    row = await Telling.get(id=telling_id)
    return Told(row.state, row.channel, tuple(row.tried), row.reason)


async def forget(openid: str) -> None:
    """Delete what ended messages to this person said, and keep that they were sent."""
    theirs = Telling.filter(Q(service_openid=openid) | Q(mini_openid=openid))
    await theirs.filter(ended_at__isnull=False).update(values={}, link="")


async def cancel(openid: str) -> None:
    """What still waits for this person is not sent any more."""
    theirs = Telling.filter(Q(service_openid=openid) | Q(mini_openid=openid))
    await theirs.filter(state=TellingState.QUEUED).delete()


async def sweep(*, now: datetime) -> int:
    """Claims without an end are listed as unknown; they are never sent again blindly."""
    return await Telling.filter(state=TellingState.SENDING, claimed_at__lt=now - LOST_AFTER).update(
        state=TellingState.UNKNOWN, ended_at=now, reason="the sending did not come to an end"
    )
