"""Writing down, every night, what missed reviews have made of certificates."""

from datetime import datetime
from uuid import UUID

import structlog
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import System
from bot.domain.certificates import LIVING, Action, Reason, State, effective, today
from bot.services import certificate_life, certificate_trail
from bot.services.certificate_trail import Event

log = structlog.get_logger()
LAPSED = System("certificates.lapse")
AT_ONCE = 500
_LAPSED = (
    "SELECT id, number FROM certificate WHERE valid_to >= $1 AND id > $2"
    " AND (state = 'active' AND review_due + grace_days <= $1"
    " OR state = 'suspended' AND review_due + withdrawn_after_days <= $1) ORDER BY id LIMIT $3"
)


async def all_due(*, now: datetime) -> int:
    """Write down what missed reviews have made of certificates; the pages knew it already.

    One that cannot be written down today stands in nobody's way: tomorrow it is listed again.
    """
    day, done, after = today(now), 0, UUID(int=0)
    while rows := await fetch(_LAPSED, day, after, AT_ONCE):
        for row in rows:
            after = row["id"]
            try:
                done += await _lapse(row["number"], now)
            except Exception:
                log.exception("certificate_not_lapsed", certificate=row["number"])
    return done


async def _lapse(number: str, now: datetime) -> bool:
    """Judge it again under its lock: a review may have been passed since it was listed."""
    async with in_transaction():
        found = await certificate_life.locked(number)
        target = effective(found.facts, today(now))
        action = {State.SUSPENDED: Action.SUSPEND, State.WITHDRAWN: Action.WITHDRAW}.get(target)
        if action is None or target is found.state or found.state not in LIVING:
            return False
        await certificate_trail.move(
            found.id,
            Event(action, found.state, target, Reason.REVIEW_MISSED),
            enterprise_id=found.enterprise_id,
            actor=LAPSED,
            now=now,
        )
    return True
