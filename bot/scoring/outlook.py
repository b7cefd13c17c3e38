"""What will change by itself: windows that end, records that run out, years that are completed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bot.domain.dates import window_ends, years_after
from bot.scoring.engine import Compiled
from bot.scoring.facts import Facts, Record
from bot.scoring.pack import Bar, Part
from bot.scoring.result import Result

YEARS = 2  # how far ahead is looked


@dataclass(frozen=True, slots=True)
class Shift:
    """A part whose points change on a day."""

    part: Part
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """One day on which the result is no longer what it was the day before."""

    on: date
    before: Result
    after: Result
    shifts: tuple[Shift, ...]
    ended: tuple[Bar, ...]


def outlook(compiled: Compiled, result: Result) -> tuple[Change, ...]:
    """Every change of the next two years if nobody does anything, in order."""
    changes = []
    last = result
    until = years_after(result.as_of, YEARS)
    days = {d for d in _days(compiled, result.facts, result.as_of, until) if result.as_of < d}
    for day in sorted(days):
        if day > until:
            break
        now = compiled.score(result.facts, day)
        change = _change(compiled, last, now)
        if change is not None:
            changes.append(change)
        last = now
    return tuple(changes)


def _change(compiled: Compiled, before: Result, after: Result) -> Change | None:
    old, new = before.trace or [], after.trace or []
    shifts = tuple(
        Shift(part, was, now)
        for (_, part), was, now in zip(compiled.flat, old, new, strict=False)
        if was != now
    )
    still = {hit.bar for hit in after.hits}
    ended = tuple(hit.bar for hit in before.hits if hit.bar not in still)
    if shifts or ended or before.refusals != after.refusals:
        return Change(after.as_of, before, after, shifts, ended)
    return None


def _days(compiled: Compiled, facts: Facts, as_of: date, until: date) -> Iterator[date]:
    """Every day on which a rule could see something else."""
    windows: dict[str, set[int]] = {}
    for _, part in compiled.flat:
        if part.window_years and part.fact:
            windows.setdefault(part.fact, set()).add(part.window_years)
    for bar in compiled.pack.bars:
        if bar.window_years:
            windows.setdefault(bar.fact, set()).add(bar.window_years)
    births = {p.fact for _, p in compiled.flat if p.rule == "age"} | {
        bar.fact for bar in compiled.pack.bars if bar.younger_than_years
    }
    for fact, records in facts.usable.items():
        for record in records:
            yield from (day for day in (record.repaired, record.until) if day != date.max)
            if record.on is not None:
                yield from (window_ends(record.on, years) for years in windows.get(fact, ()))
            if fact in births:
                yield from _birthdays(record, as_of, until)


def _birthdays(record: Record, as_of: date, until: date) -> Iterator[date]:
    for year in range(as_of.year, until.year + 1):
        yield years_after(record.value, year - record.value.year)
