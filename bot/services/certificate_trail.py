"""Every move of a certificate in one place: the state, its trail, the audit entry, the message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from bot.clients.database import fetch
from bot.domain import remarks
from bot.domain.actors import Actor, Member, Staff, System
from bot.domain.certificates import WORDS, Action, Reason, State, today
from bot.domain.errors import Stale
from bot.services import audit, outbox, people, plaque_orders
from bot.services.certificate_programmes import find_programme
from bot.services.inserting import insert
from bot.services.outbox import Payload
from models.ids import new_id

ISSUED = "已签发"
TOLD: Mapping[Action, str] = MappingProxyType(
    {
        Action.SUSPEND: WORDS[State.SUSPENDED],
        Action.RESUME: "已恢复",
        Action.REVIEW: "年审通过",
        Action.WITHDRAW: WORDS[State.WITHDRAWN],
        Action.REVOKE: WORDS[State.REVOKED],
    }
)
PLAQUE_CANCELLED = "牌匾已取消"
ENDED = frozenset({State.WITHDRAWN, State.REVOKED})
TELL = "certificates.tell"  # the job that tells the holders of many
AT_ONCE = 500
_EVENT = ("id", "certificate_id", "enterprise_id", "at", "action", "before", "after", "reason",
          "words", "by", "second")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to a certificate, why, and by whom."""

    action: Action
    before: State
    after: State
    reason: Reason | None = None
    words: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """What a passed review writes."""

    reviewed_on: date
    due: date | None


async def move(  # noqa: PLR0913  # what changes, and who answers for it
    certificate_id: UUID,
    event: Event,
    *,
    enterprise_id: UUID,
    actor: Actor,
    now: datetime,
    replaced_by: str = "",
    review: Review | None = None,
) -> None:
    """Move the state by compare-and-set inside the caller's transaction, with all that follows."""
    moved = await fetch(
        "UPDATE certificate SET state = $3::text, reason = $4::text,"
        " state_since = CASE WHEN state = $3::text THEN state_since ELSE $5 END,"
        " replaced_by = CASE WHEN $6::text = '' THEN replaced_by ELSE $6::text END,"
        " reviewed_on = coalesce($7::date, reviewed_on),"
        " review_due = CASE WHEN $8::boolean THEN $9::date ELSE review_due END"
        " WHERE id = $1 AND state = $2::text RETURNING name, programme, number",
        certificate_id,
        event.before.value,
        event.after.value,
        event.reason.value if event.reason else "",
        now,
        replaced_by,
        review.reviewed_on if review else None,
        review is not None,
        review.due if review else None,
    )
    if not moved:
        raise Stale
    event_id = new_id(now)
    row = (
        event_id, certificate_id, enterprise_id, now, event.action.value, event.before.value,
        event.after.value, event.reason.value if event.reason else "", event.words, named(actor),
        event.second.strip(),
    )  # fmt: skip
    await audit.note(
        f"certificate.{event.action.value}",
        kind="certificate",
        id=certificate_id,
        actor=actor,
        now=now,
        enterprise_id=enterprise_id,
        before={"state": event.before},
        after={"state": event.after, "reason": event.reason, "second": event.second.strip()},
        reason=event.words,
    )
    await insert("certificate_event", _EVENT, [row])
    told = Told(enterprise_id, **moved[0])
    if what := TOLD.get(event.action):  # a new certificate brings its own message
        await tell(told, what, key=f"certificate:{event_id}", now=now)
    if event.after in ENDED:
        order = await plaque_orders.cancel(certificate_id, actor=actor, now=now)
        if order is not None:
            await tell(told, PLAQUE_CANCELLED, key=f"plaque:{order}:cancelled", now=now)


@dataclass(frozen=True, slots=True)
class Told:
    """Of which certificate a message is."""

    enterprise_id: UUID
    name: str
    programme: str
    number: str


async def tell(told: Told, what: str, *, key: str, now: datetime) -> None:
    """Promise everybody who acts for the enterprise a message, with the caller's transaction."""
    day = today(now)
    values = {
        "company": told.name,
        "programme": find_programme(told.programme).name,
        "became": what,
        "on": f"{day.year}年{day.month}月{day.day}日",
    }
    await people.tell_holders(
        told.enterprise_id,
        "certificate_moved",
        values,
        key=key,
        now=now,
        link=f"/h5/e/{told.enterprise_id}/certificates/{told.number}",
    )


async def tell_issued(certificates: Sequence[UUID], *, now: datetime) -> None:
    """Promise the holders of new certificates their message: of one at once, of many by jobs."""
    if len(certificates) == 1:
        await _tell_issued(certificates, now)
        return
    for start in range(0, len(certificates), AT_ONCE):
        chunk = [str(one) for one in certificates[start : start + AT_ONCE]]
        await outbox.put(TELL, {"certificates": chunk}, now=now)


async def tell_many(payload: Payload, now: datetime) -> None:
    """The job of `tell_issued`."""
    await _tell_issued([UUID(one) for one in payload["certificates"]], now)


async def _tell_issued(certificates: Sequence[UUID], now: datetime) -> None:
    """Only of those that live, and for whose enterprise somebody acts; the others take no time."""
    rows = await fetch(
        "SELECT c.id, c.enterprise_id, c.name, c.programme, c.number FROM certificate c"
        " WHERE c.id = ANY($1::uuid[]) AND c.state = 'active' AND EXISTS (SELECT 1 FROM binding b"
        " WHERE b.enterprise_id = c.enterprise_id AND b.state IN ('active', 'suspended'))"
        " ORDER BY c.id",
        list(certificates),
    )
    for row in rows:
        key = f"certificate:{row.pop('id')}"
        await tell(Told(**row), ISSUED, key=key, now=now)


def named(actor: Actor) -> str:
    """Who it was, as the trail says it: staff by name, a member by the number of the user."""
    if isinstance(actor, Staff):
        return remarks.name(actor.name)
    if isinstance(actor, Member):
        return str(actor.user_id)
    return actor.job if isinstance(actor, System) else ""
