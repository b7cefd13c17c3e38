"""Importing a member roster: all its sets of rows in one transaction, or nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch, transaction_connection
from bot.clients.vault import Vault
from bot.domain.actors import Staff
from bot.domain.rosters import BadRoster, Member, Reader
from bot.services import audit, outbox, people
from bot.services.enterprises import LEGAL_CHANGED
from bot.services.memberships import CHANGED
from bot.services.roster_claims import PHONE
from bot.services.roster_sql import (
    CONTACT_COLUMNS,
    COPIES,
    MEMBER_COLUMNS,
    NAMES_CHANGE,
    STEPS,
    TABLES,
    Step,
)
from models import RosterImport
from models.ids import new_id, new_ids

BATCH = 5_000
PATIENCE_S = 600.0  # with one statement, whatever else the pool is used to
MOST_PROBLEMS = 200  # that are told at once
_LOCK = 4105


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file came to."""

    rows: int
    changes: dict[str, int]
    """By what changed: enterprises, names, registrations, memberships, contacts."""

    @property
    def changed(self) -> int:
        return sum(self.changes.values())


async def take(
    rows: Iterable[tuple[int, Sequence[str]]],
    *,
    association: str,
    sha256: str,
    vault: Vault,
    actor: Staff,
    now: datetime,
) -> Imported:
    """Import all rows or none: a file with problems raises BadRoster, and nothing has changed.

    What the roster says again changes nothing; what it says differently supersedes. Enterprises
    that are not in the file stay as they are: a roster is added to, not replaced. So do contacts,
    for a file without a column of phones.
    """
    given = iter(rows)
    _, heading = next(given, (1, []))
    reader = Reader(heading, most_problems=MOST_PROBLEMS)
    async with in_transaction():
        connection = transaction_connection()
        await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        for table in TABLES:
            await connection.execute(table)
        count = 0
        for batch in _batches(reader.read(given)):
            count += len(batch)
            await _copy(batch, vault=vault, now=now)
        if reader.problems:
            raise BadRoster(reader.problems)
        if not count:
            raise BadRoster(["文件里没有会员，请检查是不是选错了文件。"])
        for statement in COPIES:
            await connection.execute(statement, timeout=PATIENCE_S)
        await _note_names(actor=actor, now=now)
        steps = [one for one in STEPS if reader.names_contacts or not one.of_contacts]
        changes = await _apply(steps, association=association, by=people.label(actor), now=now)
        done = Imported(count, changes)
        if done.changed:
            await _record(done, association=association, sha256=sha256, actor=actor, now=now)
            await outbox.put(CHANGED, {}, now=now)
            if done.changes.get("registrations"):
                await outbox.put(LEGAL_CHANGED, {}, now=now)
    return done


async def _copy(batch: Sequence[Member], *, vault: Vault, now: datetime) -> None:
    """Row policies allow no COPY, so it goes into tables of this transaction alone."""
    connection = transaction_connection()
    members, contacts = [], []
    fresh = iter(new_ids(now, 4 * len(batch)))
    for one in batch:
        known = one.details
        members.append(
            (
                one.credit_code, one.name, one.level, one.since, one.until,
                known.legal_representative, known.status, known.founded_on, known.industry,
                known.address, *islice(fresh, 4),
            )
        )  # fmt: skip
        contacts += [
            (one.credit_code, who.role.value, who.person, *_sealed(who.phone, vault, now))
            for who in one.contacts
        ]
    await connection.copy_records_to_table("roster_row", records=members, columns=MEMBER_COLUMNS)
    await connection.copy_records_to_table(
        "roster_phone", records=contacts, columns=CONTACT_COLUMNS
    )


def _sealed(phone: str, vault: Vault, now: datetime) -> tuple[UUID, bytes, bytes]:
    id_ = new_id(now)
    sealed = vault.seal(phone, context=f"roster_contact:{id_}:phone")
    return id_, sealed, vault.blind(phone, context=PHONE)


async def _note_names(*, actor: Staff, now: datetime) -> None:
    """One entry stands for every enterprise that is new or has a new name: it comes before them."""
    if (await fetch(NAMES_CHANGE))[0]["so"]:
        await audit.note(
            "enterprise.take_names", kind="enterprise", id=audit.EACH, actor=actor, now=now
        )


async def _apply(
    steps: Iterable[Step], *, association: str, by: str, now: datetime
) -> dict[str, int]:
    connection = transaction_connection()
    values = {"now": now, "by": by, "association": association}
    changes: dict[str, int] = {}
    for step in steps:
        tag = await connection.execute(
            step.sql, *(values[name] for name in step.values), timeout=PATIENCE_S
        )
        if step.counts:
            changes[step.counts] = changes.get(step.counts, 0) + int(tag.rpartition(" ")[2])
    return changes


async def _record(
    done: Imported, *, association: str, sha256: str, actor: Staff, now: datetime
) -> None:
    row = await RosterImport.create(
        id=new_id(now),
        association=association,
        sha256=sha256,
        rows=done.rows,
        changed=done.changed,
        imported_by=people.label(actor),
        imported_at=now,
    )
    await audit.note(
        "roster.import",
        kind="roster_import",
        id=row.id,
        actor=actor,
        now=now,
        after={"association": association, "sha256": sha256, "rows": str(done.rows)}
        | {name: str(count) for name, count in done.changes.items()},
    )


def _batches(members: Iterator[Member]) -> Iterator[list[Member]]:
    while batch := list(islice(members, BATCH)):
        yield batch
