"""How long what is kept: one table, and the only deletion by age."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.database import fetch
from bot.domain.bindings import AWAY
from bot.domain.closing import CONSENTS_STAY
from bot.services import fake_reports, idempotency, licence_photos, plaque_orders, tickets

AT_ONCE = 5000  # rows a statement, so that no lock lasts and no statement times out
WITHDRAWN = timedelta(days=30)
"""What was handed in for a case is erased this long after its withdrawal (case_evidence.py)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a table that are deleted this long after the instant in that column."""

    table: str
    since: str
    keep: timedelta
    only: str = "true"


OF_NOBODY = Kept(
    "idempotency_key",
    "taken_at",
    idempotency.LIVES_FOR_NOBODY,
    only=f"user_id = '{idempotency.NOBODY}'",
)
RULES = (
    Kept("inbound_message", "received_at", timedelta(days=180)),
    Kept("dialogue", "expires_at", timedelta(0)),
    Kept("telling", "claimed_at", timedelta(days=7), only="message = 'answer'"),  # no proof
    Kept("receipt", "received_at", timedelta(days=30)),
    Kept("job", "finished_at", timedelta(days=7), only="state = 'done'"),  # the dead stay
    Kept("session", "expires_at", AWAY),  # so long it is asked when somebody was here last
    Kept("login_attempt", "expires_at", timedelta(days=1)),
    Kept("content_verdict", "received_at", timedelta(days=2)),
    Kept("licence_photo", "taken_at", licence_photos.LIVES),
    Kept("ration", "day", timedelta(days=2)),
    OF_NOBODY,
    Kept("idempotency_key", "taken_at", idempotency.LIVES),
    Kept("consent", "revoked_at", CONSENTS_STAY),
    Kept("export_pack", "expires_at", timedelta(0)),  # its key goes with it, its bytes are swept
    Kept("file_upload", "begun_at", timedelta(days=30), only="file_id IS NOT NULL"),
    Kept("pgqueuer_log", "created", timedelta(days=2)),
)


async def purge(*, now: datetime) -> dict[str, int]:
    """Delete everything whose time is over; answer how many rows of each table. Reports take their
    photos along, tickets the words that answered them, both what was said of them; of an order of
    a plaque only the address goes: see plaque_orders.ADDRESS_STAYS."""
    gone = Counter[str]()
    for rule in RULES:
        gone[rule.table] += await _delete(rule, now - rule.keep)
    return dict(gone) | {
        "ticket": await tickets.purge(now=now),
        "fake_report": await fake_reports.forget(now=now),
        "plaque_order.address": await plaque_orders.forget_addresses(now=now),
    }


async def purge_of_nobody(*, now: datetime) -> int:
    """The same of what anybody may have kept without saying who they are; far more often."""
    return await _delete(OF_NOBODY, now - OF_NOBODY.keep)


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
