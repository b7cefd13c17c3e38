"""How long what is kept: one table, and the only deletion by age."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.database import fetch

AT_ONCE = 5000  # rows a statement, so that no lock lasts and no statement times out


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a table that are deleted this long after the instant in that column."""

    table: str
    since: str
    keep: timedelta
    only: str = "true"


RULES = (
    Kept("inbound_message", "received_at", timedelta(days=180)),
    Kept("dialogue", "expires_at", timedelta(0)),
    Kept("ticket", "closed_at", timedelta(days=180), only="state = 'closed'"),
    Kept("receipt", "received_at", timedelta(days=30)),
    Kept("job", "finished_at", timedelta(days=7), only="state = 'done'"),  # the dead stay
    Kept("session", "expires_at", timedelta(days=30)),
    Kept("login_attempt", "expires_at", timedelta(days=1)),
    Kept("pgqueuer_log", "created", timedelta(days=2)),
)


async def purge(*, now: datetime) -> dict[str, int]:
    """Delete everything whose time is over; answer how many rows of each table."""
    return {rule.table: await _delete(rule, now - rule.keep) for rule in RULES}


async def _delete(rule: Kept, before: datetime) -> int:
    statement = (
        f"WITH old AS (DELETE FROM {rule.table} WHERE ctid = ANY(ARRAY("  # noqa: S608  # from RULES
        f"SELECT ctid FROM {rule.table} WHERE {rule.only} AND {rule.since} < $1 LIMIT $2"
        ")) RETURNING 1) SELECT count(*) AS gone FROM old"
    )
    total = 0
    while True:
        gone = int((await fetch(statement, before, AT_ONCE))[0]["gone"])
        total += gone
        if gone < AT_ONCE:
            return total
