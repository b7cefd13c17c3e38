"""What is known about an enterprise: recorded once, superseded, and read as of any change."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.errors import BadInput, NotFound
from bot.domain.workdays import BEIJING
from bot.scoring.answers import YEARS
from bot.scoring.facts import Facts, Record
from bot.scoring.facts_reader import facts_from
from bot.scoring.known import OWN, settles
from bot.scoring.pack import Pack
from bot.scoring.reading import Table
from bot.services.fact_lines import FIELD, LONG_LINES, ROW, Reader, row, value_text
from models import Enterprise, Fact
from models.ids import new_id

_DECLARED = "declared"


async def record(
    enterprise_id: UUID, rows: Sequence[dict[str, Any]], *, pack: Pack, now: datetime
) -> int:
    """Add records in the format of a facts file; answers the new version of the facts.

    A record with the id of a known one supersedes it. New and current records are checked together
    against the pack, so that contradictions are refused before anything is written.
    """
    async with in_transaction():
        enterprise = await _locked(enterprise_id)
        keys = [str(given.get("id", "")) for given in rows]
        return await _supersede(enterprise, rows, ended=keys, pack=pack, now=now)


async def declare(
    enterprise_id: UUID,
    told: Mapping[str, Sequence[dict[str, Any]]],
    *,
    source: str,
    pack: Pack,
    now: datetime,
) -> int:
    """What an enterprise says of each fact supersedes what it said of it before.

    `told` holds records without ids, by fact. What was verified stays as it is, and nothing is said
    beside it; so is what has ended or was repaired. Answers the version of the facts, which is the
    old one where nothing is new.
    """
    async with in_transaction():
        enterprise = await _locked(enterprise_id)
        known = _checked(pack, [], await _current(enterprise_id, pack, without=[]))
        version = enterprise.facts_version + 1
        number, rows, ended = 0, [], []
        for fact, given in told.items():
            firm, mine = _standing(known, fact, pack, now.astimezone(BEIJING).date())
            if pack.facts[fact].type == "statement":
                years = {one.year for one in firm}
                given = [row for row in given if row["year"] not in years]  # noqa: PLW2901
            elif firm:
                continue
            fresh = []
            for row in given:
                number += 1
                extra = {"id": f"{OWN}{version}.{number}", "source": source}
                fresh.append(_with_year_before(row, mine) | extra)
            if _contents(_checked(pack, fresh, [])) != _contents(mine):
                rows += fresh
                ended += [one.id for one in mine]
        if not rows and not ended:
            return enterprise.facts_version
        return await _supersede(enterprise, rows, ended=ended, pack=pack, now=now)


async def _locked(enterprise_id: UUID) -> Enterprise:
    enterprise = await Enterprise.filter(id=enterprise_id).select_for_update().first()
    if enterprise is None:
        raise NotFound
    return enterprise


async def _supersede(
    enterprise: Enterprise,
    rows: Sequence[dict[str, Any]],
    *,
    ended: Sequence[str],
    pack: Pack,
    now: datetime,
) -> int:
    """End the current records of these keys and add the rows; the enterprise is locked."""
    wanted = _checked(pack, rows, await _current(enterprise.id, pack, without=list(ended)))
    version, keys = enterprise.facts_version + 1, {given.get("id") for given in rows}
    await Fact.filter(
        enterprise_id=enterprise.id, key__in=ended, until_version__isnull=True
    ).update(until_version=version)
    added = [_fact(enterprise.id, one, version, now) for one in wanted if one.id in keys]
    await Fact.bulk_create(added)
    await Enterprise.filter(id=enterprise.id).update(facts_version=version)
    return version


def _standing(
    known: Sequence[Record], fact: str, pack: Pack, today: date
) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """The verified records that settle a fact, and what the enterprise may say anew."""
    spec = pack.facts[fact]
    firm = tuple(one for one in known if one.fact == fact and one.standing != _DECLARED)
    mine = tuple(
        one
        for one in known
        if one.fact == fact
        and one.standing == _DECLARED
        and one.repaired_on is None
        and (one.until > today or one.id.startswith(OWN))
    )
    if spec.type == "statement":
        years = {one.year for one in firm}
        oldest = today.year - YEARS  # nobody was asked for older ones
        return firm, tuple(one for one in mine if one.year not in years and one.year >= oldest)
    return (firm if settles(spec, firm, today) else ()), mine


def _with_year_before(row: dict[str, Any], mine: Sequence[Record]) -> dict[str, Any]:
    """A statement keeps the column of the year before, which no form asks for."""
    before = {one.year: one.before for one in mine if one.before}
    return row | {"before": dict(before[row["year"]])} if row.get("year") in before else dict(row)


def _contents(records: Sequence[Record]) -> Counter[object]:
    """Records without their ids and sources: what they say."""
    return Counter(
        (
            one.fact,
            value_text(one.value),
            one.kind,
            one.on,
            one.ended_on,
            one.by,
            one.year,
            tuple(sorted(one.items.items())),
            tuple(sorted(one.before.items())),
        )
        for one in records
    )


def _checked(
    pack: Pack, rows: Sequence[dict[str, Any]], current: Sequence[dict[str, Any]]
) -> tuple[Record, ...]:
    top = Table({"records": [*current, *rows]}, "")
    facts = facts_from(pack, top, basis="self", standing=_DECLARED)
    top.done()
    for one in facts.records:
        texts = (one.id, one.fact, one.kind, value_text(one.value), one.source, one.evidence)
        if any(FIELD in text or ROW in text for text in texts if text):
            raise BadInput(f"记录 {one.id!r} 里有不能显示的控制字符，请去掉后再提交。")
    return facts.records


async def _current(enterprise_id: UUID, pack: Pack, *, without: list[str]) -> list[dict[str, Any]]:
    found = await fetch(
        f"SELECT {LONG_LINES} AS lines FROM fact "  # noqa: S608  # our own constant
        "WHERE enterprise_id = $1 AND until_version IS NULL AND NOT key = ANY ($2::text[])",
        enterprise_id,
        without,
    )
    lines = found[0]["lines"]
    rows = [row(line, pack) for line in lines.split(ROW)] if lines else []
    return [given for given in rows if given["fact"] in pack.facts]


def _fact(enterprise_id: UUID, one: Record, version: int, now: datetime) -> Fact:
    return Fact(
        id=new_id(now),
        enterprise_id=enterprise_id,
        key=one.id,
        fact=one.fact,
        kind=one.kind,
        value=value_text(one.value),
        standing=one.standing,
        on=one.on,
        repaired_on=one.repaired_on,
        ended_on=one.ended_on,
        source=one.source,
        evidence=one.evidence,
        detail=_detail(one),
        since_version=version,
        recorded_at=now,
    )


def _detail(one: Record) -> dict[str, Any] | None:
    detail: dict[str, Any] = {"by": one.by, "reason": one.reason, "year": one.year or None}
    for sheet, amounts in (("items", one.items), ("before", one.before)):
        detail[sheet] = {name: value_text(amount) for name, amount in amounts.items()} or None
    return {name: found for name, found in detail.items() if found is not None} or None


async def as_known(
    enterprise_id: UUID, *, pack: Pack, basis: str, as_of: date, version: int | None = None
) -> tuple[Facts, int]:
    """The facts of an enterprise as they are, or as they were at a version; and that version."""
    found = await fetch(
        f"SELECT e.facts_version AS now, (SELECT {LONG_LINES} FROM fact "  # noqa: S608  # ours
        "WHERE enterprise_id = e.id AND since_version <= coalesce($2::int, e.facts_version) "
        "AND (until_version IS NULL OR until_version > coalesce($2::int, e.facts_version))"
        ") AS lines FROM enterprise e WHERE e.id = $1",
        enterprise_id,
        version,
    )
    if not found:
        raise NotFound
    facts = Reader(pack, basis, as_of).facts(found[0]["lines"])
    return facts, found[0]["now"] if version is None else version
