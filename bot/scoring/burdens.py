"""The bad records that count at the moment, each with the day on which it stops."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bot.domain.dates import window_ends
from bot.scoring.engine import Compiled
from bot.scoring.facts import Record
from bot.scoring.result import Result
from bot.scoring.rules import counting


@dataclass(frozen=True, slots=True)
class Burden:
    """A record that costs points or holds the level down."""

    record: Record
    name: str
    ends_on: date | None  # None: until it is repaired or taken off its list
    bars: tuple[str, ...]  # the names of the vetoes and ceilings that it triggers


def burdens(compiled: Compiled, result: Result) -> tuple[Burden, ...]:
    """Every adverse record that counts, the one that lasts longest first."""
    ends: dict[str, date] = {}
    records: dict[str, Record] = {}
    bars: dict[str, list[str]] = {}
    for record, end, bar in _counting(compiled, result):
        records[record.id] = record
        ends[record.id] = max(end, ends.get(record.id, end))
        bars.setdefault(record.id, []).extend([bar] if bar else [])
    facts = result.pack.facts
    rows = [
        Burden(
            record,
            facts[record.fact].name,
            None if ends[key] == date.max else ends[key],
            tuple(bars[key]),
        )
        for key, record in records.items()
    ]
    return tuple(sorted(rows, key=lambda row: (ends[row.record.id], row.record.id), reverse=True))


def _counting(compiled: Compiled, result: Result) -> Iterator[tuple[Record, date, str]]:
    moment, pack = compiled.moment(result.facts, result.as_of), result.pack
    for _, part in compiled.flat:
        if part.fact and pack.facts[part.fact].adverse and part.rule in {"count", "present"}:
            usable = result.facts.usable.get(part.fact, ())
            for record in counting(usable, moment, part.window_years):
                yield record, _end(record, record.until, part.window_years), ""
    for hit in result.hits:
        if pack.facts[hit.bar.fact].adverse:
            for record in hit.records:
                until = record.repaired if hit.bar.happened else record.until
                yield record, _end(record, until, hit.bar.window_years), hit.bar.name


def _end(record: Record, until: date, window: int | None) -> date:
    return min(until, window_ends(record.since, window)) if window else until
