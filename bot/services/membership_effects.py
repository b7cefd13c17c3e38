"""What follows when memberships begin or end: what waited for one, and what certificates say."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import System
from bot.domain.workdays import BEIJING
from bot.scoring.library import shipped_programmes
from bot.services import audit, commitment_settling
from bot.services.outbox import Payload

# A lapse revokes nothing (X35) and is shown: the register reads the day with the certificate.
_WRONG = (
    "WITH known AS (SELECT m.enterprise_id, m.association,"
    "  max(CASE WHEN m.ended_on IS NULL THEN m.ends_on ELSE m.ended_on - 1 END) AS until"
    "  FROM membership m WHERE m.superseded_at IS NULL AND m.starts_on <= $1 GROUP BY 1, 2),"
    " wanted AS (SELECT c.id, CASE WHEN k.until < $1 THEN k.until END AS until"
    "  FROM certificate c JOIN unnest($2::text[], $3::text[]) p(programme, issuer)"
    "  ON p.programme = c.programme"
    "  LEFT JOIN known k ON k.enterprise_id = c.enterprise_id AND k.association = p.issuer)"
    " SELECT c.id, w.until FROM certificate c JOIN wanted w ON w.id = c.id"
    " WHERE c.member_until IS DISTINCT FROM w.until ORDER BY c.id LIMIT $4 FOR UPDATE OF c"
)
_MARK = (
    "UPDATE certificate c SET member_until = w.until"
    " FROM unnest($1::uuid[], $2::date[]) w(id, until) WHERE c.id = w.id"
)
AT_ONCE = 2000  # in one transaction: on the first of January very many end, and all wait for it
MARKER = System("memberships.mark")


async def mark(*, now: datetime) -> int:
    """Write on each certificate the last day of a membership that is over; answers how many."""
    done, count = 0, AT_ONCE
    while count == AT_ONCE:
        count = await _mark_some(now)
        done += count
    return done


async def _mark_some(now: datetime) -> int:
    programmes = shipped_programmes()
    async with in_transaction():
        rows = await fetch(
            _WRONG,
            now.astimezone(BEIJING).date(),
            [one.id for one in programmes],
            [one.issuer for one in programmes],
            AT_ONCE,
        )
        if rows:
            await audit.note(
                "certificate.mark", kind="certificate", id=audit.EACH, actor=MARKER, now=now
            )
            await fetch(_MARK, [row["id"] for row in rows], [row["until"] for row in rows])
    return len(rows)


async def look(*, now: datetime) -> None:
    """By the clock: memberships end, and begin, on days on which nobody does anything."""
    await mark(now=now)
    await commitment_settling.look(now=now)


async def take(_payload: Payload, now: datetime) -> None:
    """A membership was recorded or ended."""
    await look(now=now)
