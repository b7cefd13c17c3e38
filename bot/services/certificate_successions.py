"""A new certificate takes the place of an older one: which gives way, and what is carried over.

A suspension is lifted by those who decide on it, never by getting another certificate: not by
signing once more, nor by taking the commitment back first. Only a review that was missed is made
good by a new decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bot.clients.database import fetch
from bot.domain.actors import Actor, System
from bot.domain.certificates import Action, Reason, State, today
from bot.services import audit, certificate_trail, plaque_orders
from bot.services.certificate_rows import Row
from bot.services.certificate_trail import Event

REPLACED = System("certificates.replace")
STILL_SUSPENDED = "原证书的暂停还没有解除"

_ANY = (
    "SELECT DISTINCT c.enterprise_id, c.programme FROM certificate c"
    " JOIN unnest($1::uuid[], $2::text[]) AS w (enterprise_id, programme)"
    " USING (enterprise_id, programme)"
)
# Looked up one by one, whatever the server thinks of the size of a table that is being filled.
_LIVING = """
SELECT c.id, c.enterprise_id, c.state, c.reason, c.programme, c.number, c.token IS NULL AS unsigned
FROM unnest($1::uuid[], $2::text[]) AS w (enterprise_id, programme)
CROSS JOIN LATERAL (
    SELECT * FROM certificate
    WHERE enterprise_id = w.enterprise_id AND programme = w.programme
        AND state IN ('active', 'suspended') AND valid_to >= $3
    FOR UPDATE
) AS c
"""
_LED_THERE = (
    "SELECT id FROM certificate WHERE enterprise_id = $1 AND replaced_by = $2"
    " ORDER BY id FOR UPDATE"
)
# The last one that they had: it was suspended, and then its time or its commitment ended.
_OVER = """
SELECT last.enterprise_id, last.programme, why.reason
FROM unnest($1::uuid[], $2::text[]) AS w (enterprise_id, programme)
CROSS JOIN LATERAL (
    SELECT c.* FROM certificate c
    WHERE c.enterprise_id = w.enterprise_id AND c.programme = w.programme
    ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1
) AS last
CROSS JOIN LATERAL (
    SELECT e.reason FROM certificate_event e
    WHERE e.certificate_id = last.id AND e.action = 'suspend' ORDER BY e.at DESC, e.id DESC LIMIT 1
) AS why
WHERE last.state = 'suspended' AND last.valid_to < $3
    OR last.state = 'withdrawn' AND last.reason = 'commitment_ended' AND EXISTS (
        SELECT 1 FROM certificate_event e WHERE e.certificate_id = last.id
        AND e.action = 'withdraw' AND e.before = 'suspended')
"""


@dataclass(slots=True)
class Changed:
    """What follows for the new certificates once they are written."""

    still: dict[tuple[UUID, str], tuple[Row, Reason]] = field(default_factory=dict)
    """Those that must be suspended, and why."""
    successions: list[tuple[UUID, UUID]] = field(default_factory=list)
    """Which took the place of which, the old one first."""


async def begin(rows: Sequence[Row], *, actor: Actor, now: datetime) -> Changed:
    """End what still lives of the same enterprise and programme, before the new ones are written;
    what is answered goes to `end`, once they are."""
    new = {(row.enterprise_id, row.programme): row for row in rows}
    changed = Changed()
    before = await fetch(_ANY, [one for one, _ in new], [programme for _, programme in new])
    if not before:
        return changed
    asked = [o["enterprise_id"] for o in before], [o["programme"] for o in before], today(now)
    for over in await fetch(_OVER, *asked):
        holder = over["enterprise_id"], over["programme"]
        changed.still[holder] = new[holder], Reason(over["reason"])
    for old in await fetch(_LIVING, *asked):
        holder = old["enterprise_id"], old["programme"]
        await _supersede(old["id"], State(old["state"]), new[holder], actor=actor, now=now)
        if old["unsigned"]:
            await _lead_past(old["number"], new[holder], actor=actor, now=now)
        changed.successions.append((old["id"], new[holder].id))
        if old["state"] == State.SUSPENDED:
            changed.still[holder] = new[holder], Reason(old["reason"])
    return changed


async def _supersede(old: UUID, state: State, new: Row, *, actor: Actor, now: datetime) -> None:
    reason = Reason.RENAMED if new.replaces else Reason.RENEWED
    await certificate_trail.move(
        old,
        Event(Action.SUPERSEDE, state, State.SUPERSEDED, reason),
        enterprise_id=new.enterprise_id,
        replaced_by=new.number,
        actor=actor,
        now=now,
    )


async def _lead_past(number: str, new: Row, *, actor: Actor, now: datetime) -> None:
    """What was replaced before it was signed never will be, and nobody finds it: those that it
    took the place of lead to the new one."""
    for row in await fetch(_LED_THERE, new.enterprise_id, number):
        await audit.note(
            "certificate.lead_past",
            kind="certificate",
            id=row["id"],
            actor=actor,
            now=now,
            enterprise_id=new.enterprise_id,
            before={"replaced_by": number},
            after={"replaced_by": new.number},
        )
        await fetch("UPDATE certificate SET replaced_by = $2 WHERE id = $1", row["id"], new.number)


async def end(changed: Changed, *, actor: Actor, now: datetime) -> None:
    """Suspend again what may not live yet; orders of plaques go on under the new names."""
    for row, reason in changed.still.values():
        if reason is not Reason.REVIEW_MISSED:
            event = Event(Action.SUSPEND, State.ACTIVE, State.SUSPENDED, reason, STILL_SUSPENDED)
            await certificate_trail.move(
                row.id, event, enterprise_id=row.enterprise_id, actor=REPLACED, now=now
            )
    if changed.successions:
        await plaque_orders.follow(changed.successions, actor=actor, now=now)
