"""Grades by points, and the vetoes and ceilings that hold a grade down."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from bot.domain.dates import window_ends, years_after
from bot.scoring.facts import Record, newest
from bot.scoring.pack import Bar, Pack
from bot.scoring.ratios import Usable
from bot.scoring.rules import Moment

# None: nobody has looked yet. An empty tuple: looked, and nothing holds the grade down.
Check = Callable[[Usable, Moment], tuple[Record, ...] | None]


@dataclass(frozen=True, slots=True)
class Hit:
    """A bar that is triggered, by which records."""

    bar: Bar
    records: tuple[Record, ...]

    def ends_on(self) -> date | None:
        """The first day without it when nothing else happens; None when no date is known."""
        days = [_record_ends(self.bar, record) for record in self.records]
        return None if date.max in days else max(days)


def compile_ladder(pack: Pack, scale: int) -> Callable[[int], int]:
    """From points to the number of the rung, 0 the best."""
    starts = [int(grade.start * scale) for grade in reversed(pack.grades)][1:]
    lowest = len(pack.grades) - 1
    return lambda units: lowest - bisect_right(starts, units)


def compile_bar(bar: Bar) -> Check:
    """The bar as one function that gives the records that trigger it."""
    return _young(bar) if bar.younger_than_years else _listed(bar)


def _young(bar: Bar) -> Check:
    fact, years = bar.fact, bar.younger_than_years or 0

    def check(usable: Usable, moment: Moment) -> tuple[Record, ...] | None:
        record = newest(usable.get(fact, ()), moment.as_of)
        if record is None:
            return None
        return (record,) if moment.as_of < years_after(record.value, years) else ()

    return check


def _listed(bar: Bar) -> Check:
    fact, kinds, window, happened = bar.fact, bar.kinds, bar.window_years or 0, bar.happened

    def check(usable: Usable, moment: Moment) -> tuple[Record, ...] | None:
        records = usable.get(fact)
        if records is None:
            return None
        as_of = moment.as_of
        found = [
            record
            for record in records
            if record.value
            and as_of < (record.repaired if happened else record.until)
            and (not window or record.since > moment.first[window])
            and (not kinds or record.kind in kinds)
        ]
        return tuple(found)

    return check


def _record_ends(bar: Bar, record: Record) -> date:
    if bar.younger_than_years:
        return years_after(record.value, bar.younger_than_years)
    end = record.repaired if bar.happened else record.until
    return min(end, window_ends(record.since, bar.window_years)) if bar.window_years else end
