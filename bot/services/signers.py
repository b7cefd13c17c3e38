"""A new legal representative: who is told, what is due, and whose binding is put to the question.

What changed and when is read from the versions of the registration, so nothing is kept in step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import System
from bot.domain.bindings import Role
from bot.domain.commitments import RESIGN_LADDER, RESIGN_WITHIN
from bot.domain.dates import in_words
from bot.domain.errors import Stale
from bot.domain.workdays import BEIJING
from bot.services import binding_steps, people
from bot.services.claim_reviews import tell_moved
from bot.services.outbox import Payload
from models import Binding

ASKING = System("commitments.signers")
QUESTIONED = "登记的法定代表人已变更"

# Since when the register names somebody else than the signer: since the last version that named
# the signer, or nobody, was superseded.
_CHANGED = (
    "SELECT c.id, c.enterprise_id, c.name, r.legal_representative AS person,"
    " greatest(c.published_at, (SELECT max(o.superseded_at) FROM registration o"
    "  WHERE o.enterprise_id = c.enterprise_id"
    "  AND o.legal_representative IN ('', c.legal_representative))) AS since"
    " FROM commitment c JOIN registration r ON r.enterprise_id = c.enterprise_id"
    " AND r.superseded_at IS NULL WHERE c.state = 'published'"
    " AND r.legal_representative NOT IN ('', c.legal_representative)"
)
# Bound as legal representative while the register named somebody whom it does not name any more.
_FORMER = (
    "SELECT b.id FROM binding b JOIN registration r ON r.enterprise_id = b.enterprise_id"
    " AND r.superseded_at IS NULL WHERE b.state = 'active' AND b.role = 'legal'"
    " AND r.legal_representative NOT IN ('', b.person) AND EXISTS (SELECT 1 FROM registration o"
    "  WHERE o.enterprise_id = b.enterprise_id AND o.superseded_at > b.active_at"
    "  AND o.legal_representative NOT IN ('', r.legal_representative))"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A public commitment that the new legal representative has to sign again."""

    commitment_id: UUID
    enterprise_id: UUID
    name: str
    person: str
    since: datetime

    @property
    def by(self) -> date:
        return (self.since + RESIGN_WITHIN).astimezone(BEIJING).date()


async def due(enterprise_id: UUID) -> Due | None:
    """What is due of an enterprise, for its own pages."""
    rows = await _of(_CHANGED, "c", enterprise_id)
    return _due(rows[0]) if rows else None


async def remind(*, now: datetime, only: UUID | None = None) -> int:
    """Tell the holders at once and on each rung of the ladder, each once; by the clock.

    A day on which the clock stood still is made up for on the next.
    """
    rows = await _of(_CHANGED, "c", only)
    for one in map(_due, rows):
        rung = max((days for days in RESIGN_LADDER if one.since + days <= now), default=None)
        if rung is None:
            continue
        async with in_transaction():
            await people.tell_holders(
                one.enterprise_id,
                "commitment_moved",
                {
                    "company": one.name,
                    "state": "需要重新签署",
                    "what": f"法定代表人已变更，请由新的法定代表人在{in_words(one.by)}前重新签署",
                    "moved_on": in_words(now.astimezone(BEIJING).date()),
                },
                key=f"commitment:{one.commitment_id}:signer:{one.since.isoformat()}:{rung.days}",
                now=now,
                link=f"/h5/e/{one.enterprise_id}/commitment",
            )
    return len(rows)


async def question(*, now: datetime, only: UUID | None = None) -> int:
    """Whom the register does not name any more acts as an agent until the staff uphold them."""
    done = 0
    for row in await _of(_FORMER, "b", only):
        async with in_transaction():
            found = await Binding.get(id=row["id"])
            enterprise = await binding_steps.lock(found.enterprise_id)  # type: ignore[attr-defined]
            await found.refresh_from_db()
            if found.role is not Role.LEGAL:
                continue
            try:
                await binding_steps.move(
                    found, "question", actor=ASKING, now=now, reason=QUESTIONED, role=Role.AGENT
                )
            except Stale:  # it ended at this very moment
                continue
            words = f"{QUESTIONED}，您现在按经办人办理；如果有误，请联系协会"
            await tell_moved(found, enterprise, "待确认", words, now=now)
            done += 1
    return done


async def take(payload: Payload, now: datetime) -> None:
    """A legal representative changed: of one enterprise, or of those in a roster."""
    given = payload.get("enterprise")
    await look(now=now, only=UUID(given) if given else None)


async def look(*, now: datetime, only: UUID | None = None) -> None:
    await question(now=now, only=only)
    await remind(now=now, only=only)


async def _of(sql: str, table: str, only: UUID | None) -> Sequence[dict[str, Any]]:
    return await (fetch(f"{sql} AND {table}.enterprise_id = $1", only) if only else fetch(sql))


def _due(row: dict[str, Any]) -> Due:
    return Due(row["id"], row["enterprise_id"], row["name"], row["person"], row["since"])
