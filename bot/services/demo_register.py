"""The register of the demonstration: rosters, figures and records of many enterprises at once."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch, transaction_connection
from bot.clients.vault import Vault
from bot.domain.actors import Staff
from bot.domain.workdays import BEIJING
from bot.services import audit_bulk, demo_facts, rosters
from bot.services.demo_cast import Contacts
from bot.services.demo_names import NATIONAL, SHANXI, Invented, association_of, invented
from bot.services.demo_steps import Steps, in_lanes
from models.ids import new_ids

CHUNK, BITE = 2_000, 20
LISTED, LOOKED_UP = timedelta(days=420), timedelta(days=110)
"""How long ago the rosters came and the records were looked up: before anybody acted."""
HEADING = (
    "统一社会信用代码", "企业名称", "会员级别", "会员起始日", "会员截止日", "联系人", "手机号",
    "法定代表人", "法定代表人手机号", "行业", "成立日期", "登记状态", "住所",
)  # fmt: skip
_END = (
    "UPDATE registration SET superseded_at = $2"
    " WHERE enterprise_id = ANY ($1::uuid[]) AND superseded_at IS NULL"
)
_FIGURES = (
    "INSERT INTO registration (id, enterprise_id, legal_representative, status, founded_on,"
    " industry, staff, revenue_fen, assets_fen, figures_year, address, source, recorded_by,"
    " recorded_at) SELECT w.id, old.enterprise_id, old.legal_representative, old.status,"
    " old.founded_on, old.industry, w.staff, w.revenue, w.assets, $6, old.address, 'staff', $7, $8"
    " FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::bigint[], $5::bigint[])"
    " AS w (id, enterprise, staff, revenue, assets)"
    " JOIN registration old ON old.enterprise_id = w.enterprise AND old.superseded_at = $8"
)


async def enrol(
    numbers: range, *, known: Contacts, steps: Steps, vault: Vault, by: Staff, now: datetime
) -> None:
    """Everything that the register holds of the enterprises of these numbers, for a while."""
    today = now.astimezone(BEIJING).date()
    listed, looked_up = now - LISTED, now - LOOKED_UP
    for place, association in enumerate((NATIONAL, SHANXI)):
        name = f"roster {place} {numbers.start}-{numbers.stop}"
        if not steps.left(name):
            continue
        members = (number for number in numbers if association_of(number) == association)
        async with in_transaction():
            await rosters.take(
                _sheet(invented(members, today=today), known), association=association,
                sha256=f"demo {name}", vault=vault, actor=by, now=listed,
            )  # fmt: skip
            await steps.done(name, 0, now=now)

    async def look_up(start: int) -> None:
        chunk = range(start, min(start + CHUNK, numbers.stop))
        if steps.left(name := f"records {chunk.start}-{chunk.stop}"):
            async with in_transaction():
                await steps.take_time()
                await _records(chunk, today=today, by=by, now=looked_up)
                await steps.done(name, 0, now=now)

    await in_lanes(look_up, range(numbers.start, numbers.stop, CHUNK))
    await steps.done(f"records until {numbers.stop}", numbers.stop, now=now)


def _sheet(some: Iterator[Invented], contacts: Contacts) -> Iterator[tuple[int, Sequence[str]]]:
    yield 1, HEADING
    for row, one in enumerate(some, start=2):
        legal, agent = contacts.get(one.number) or (
            (one.legal_representative, ""),
            (one.contact, one.phone),
        )
        yield row, (
            one.credit_code, one.name, one.level, one.since.isoformat(), one.until.isoformat(),
            *agent, *legal, one.industry,
            one.founded_on.isoformat(), one.status, one.address,
        )  # fmt: skip


async def _records(numbers: range, *, today: date, by: Staff, now: datetime) -> None:
    """Figures and facts, with one audit entry an enterprise."""
    some = list(invented(numbers, today=today))
    ids = await ids_of(some, also=" AND facts_version = 0")  # an interrupted run has some
    some = [one for one in some if one.credit_code in ids]
    pairs = [(ids[one.credit_code], ids[one.credit_code]) for one in some]
    await audit_bulk.note_new("enterprise.describe", pairs, kind="enterprise", actor=by, now=now)
    enterprises = [enterprise for enterprise, _ in pairs]
    await fetch(_END, enterprises, now)
    await fetch(
        _FIGURES, new_ids(now, len(some)), enterprises, [one.staff for one in some],
        [one.revenue_fen for one in some], [one.assets_fen for one in some], today.year - 1,
        f"staff:{by.name}", now,
    )  # fmt: skip
    found: list[tuple[object, ...]] = []
    for place, (enterprise, one) in enumerate(zip(enterprises, some, strict=True)):
        lines = list(demo_facts.lines(one, today=today))
        fresh = new_ids(now, len(lines))
        found += [(id_, enterprise, *line, 1, now) for id_, line in zip(fresh, lines, strict=True)]
        if place % BITE == 0:
            await asyncio.sleep(0)  # other lanes feed the server meanwhile
    await transaction_connection().copy_records_to_table(
        "fact", columns=demo_facts.COLUMNS, records=found
    )
    await fetch("UPDATE enterprise SET facts_version = 1 WHERE id = ANY ($1::uuid[])", enterprises)


async def ids_of(some: Sequence[Invented], *, also: str = "") -> dict[str, UUID]:
    """By their codes."""
    rows = await fetch(
        "SELECT id, credit_code FROM enterprise"  # noqa: S608  # our own words
        f" WHERE credit_code = ANY ($1::text[]){also}",
        [one.credit_code for one in some],
    )
    return {row["credit_code"]: row["id"] for row in rows}
