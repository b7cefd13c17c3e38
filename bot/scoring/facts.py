"""What is known about one enterprise: typed records, and which of them may be used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from bot.scoring.reading import BadData

BASES = ("self", "verified")
STANDINGS = ("declared", "verified", "trusted")


by_fact_and_id = attrgetter("fact", "id")
NOTHING: Mapping[str, Decimal] = MappingProxyType({})


class Record(NamedTuple):
    """One thing known, since when, from whom, and until when it counts; see `record`."""

    id: str
    fact: str
    value: Any
    standing: str
    kind: str
    on: date | None
    source: str | None
    evidence: str | None
    repaired_on: date | None
    ended_on: date | None
    by: str | None
    reason: str | None
    year: int
    items: Mapping[str, Decimal]
    before: Mapping[str, Decimal]
    # What every score asks again and again, worked out once:
    since: date
    repaired: date
    until: date  # the first day on which it no longer counts
    weight: tuple[date, bool, str]  # the later and the trusted wins


def record(  # noqa: PLR0913 (a record has what it has)
    id: str,  # noqa: A002 (the word of the file)
    fact: str,
    value: object,
    standing: str,
    *,
    kind: str = "",
    on: date | None = None,
    source: str | None = None,
    evidence: str | None = None,
    repaired_on: date | None = None,
    ended_on: date | None = None,
    by: str | None = None,
    reason: str | None = None,
    year: int = 0,
    items: Mapping[str, Decimal] = NOTHING,
    before: Mapping[str, Decimal] = NOTHING,
) -> Record:
    """A record from values that were checked when they came in: nothing is checked again."""
    since, repaired = on or date.min, repaired_on or date.max
    until = min(repaired, ended_on) if ended_on else repaired
    return tuple.__new__(Record, (  # as Record(…) does, in half the time
        id, fact, value, standing, kind, on, source, evidence, repaired_on, ended_on, by, reason,
        year, items, before, since, repaired, until, (since, standing != "declared", id),
    ))  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """All records of one enterprise; `usable` holds those that the basis admits, by fact."""

    basis: str
    records: tuple[Record, ...]
    usable: Mapping[str, tuple[Record, ...]]
    latest: tuple[date, str]  # the latest day named anywhere, and where
    file: str = ""
    subject: str = ""

    def on_basis(self, basis: str) -> "Facts":
        """The same records seen as a self-assessment, or with verified ones only."""
        usable = _usable(self.records, basis)
        return Facts(basis, self.records, usable, self.latest, self.file, self.subject)


def gather(records: Iterable[Record], *, basis: str, file: str = "", subject: str = "") -> Facts:
    """Facts from records that are known to be good, for those who keep them in a database."""
    ordered = tuple(sorted(records, key=by_fact_and_id))
    latest = max(ordered, key=_latest, default=None)
    named = (date.min, "") if latest is None else (_latest(latest), _place(latest))
    return Facts(basis, ordered, _usable(ordered, basis), named, file, subject)


def _usable(records: tuple[Record, ...], basis: str) -> dict[str, tuple[Record, ...]]:
    by_fact: dict[str, list[Record]] = {}
    for one in records:
        if basis == "self" or one.standing != "declared":
            by_fact.setdefault(one.fact, []).append(one)
    return {fact: tuple(found) for fact, found in by_fact.items()}


def _latest(one: Record) -> date:
    latest = one.since
    if one.repaired_on:
        latest = max(latest, one.repaired_on)
    if one.value.__class__ is date:
        latest = max(latest, one.value)
    if one.year:
        latest = max(latest, date(one.year, 12, 31))
    return latest


def _place(one: Record) -> str:
    return one.id if one.id.startswith("values.") else f"records[{one.id}]"


def newest(records: tuple[Record, ...], as_of: date) -> Record | None:
    """Of the answers in force the latest; on one day a trusted one before a declared one."""
    best = None
    for record in records:
        if record.until > as_of and (best is None or record.weight > best.weight):
            best = record
    return best


def refuse_the_future(facts: Facts, as_of: date) -> None:
    """Nothing can be known that happens after the day of assessment."""
    day, place = facts.latest
    if day > as_of:
        problem = f"日期 {day.isoformat()} 在评价日 {as_of.isoformat()} 之后"
        raise BadData(facts.file, place, problem)
