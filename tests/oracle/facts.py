"""Which records count on a day (the format of facts, sections 1 and 2 of bot/scoring/README.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from statistics import median
from typing import Any

from tests.oracle.dates import full_years, inside, same_day, too_young

Told = Mapping[str, Any]  # a facts file as it was parsed
Points = Fraction | None  # None is unknown, which is not zero
Bar = tuple[tuple[str, ...], date | None]  # ids of the records, and the first day without it
FAR = date(9000, 1, 1)


@dataclass
class Opinion:
    """What a score must come to; indicators as {indicator: {part: points}}."""

    scored: bool = True
    total: Points = None
    level: str | None = None
    level_by_points: str | None = None
    grade: str | None = None
    indicators: dict[str, dict[str, Points]] = field(default_factory=dict)
    groups: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)  # held, before
    vetoes: dict[str, tuple[str, *Bar]] = field(default_factory=dict)  # the best level left, …
    ceilings: dict[str, tuple[str, *Bar]] = field(default_factory=dict)
    unchecked: set[str] = field(default_factory=set)

    def item(self, name: str, points: Points) -> None:
        """An indicator of one part."""
        self.indicators[name] = {name: points}

    def sum_of(self, names: Iterable[str]) -> Fraction:
        """Unknown parts add nothing, as those of no points."""
        parts = (p for name in names for p in self.indicators[name].values())
        return sum((p for p in parts if p), Fraction(0))


@cache
def number(value: object) -> Fraction:
    return Fraction(str(value))


@cache
def share(marks: tuple[int, ...]) -> Fraction:
    """Of full marks: the median of what the experts gave."""
    return median(map(Fraction, marks)) / 5


def steps(value: Fraction | int | None, *rungs: tuple[object, object]) -> Points:
    """Points of the last rung reached; a rung includes its own number (以上). Below all: 0."""
    if value is None:
        return None
    reached = Fraction(0)
    for least, points in rungs:
        if value >= number(least):
            reached = number(points)
    return reached


class Known:
    """One enterprise's records on one day."""

    def __init__(self, told: Told, as_of: date) -> None:
        self.as_of = as_of
        self.own = told.get("basis", "self") == "self"
        standing = told.get("standing", "declared")
        short = [{"id": f"values.{k}", "fact": k, "value": v} for k, v in told["values"].items()]
        everything = [{"standing": standing, **record} for record in (*short, *told["records"])]
        self._by_fact: dict[str, list[dict[str, Any]]] = {}
        for record in everything:
            if self.own or record["standing"] != "declared":
                self._by_fact.setdefault(record["fact"], []).append(record)

    def about(self, fact: str) -> list[dict[str, Any]]:
        """Every record that the basis admits, whether it still counts or not."""
        return self._by_fact.get(fact, [])

    def in_force(self, fact: str) -> list[dict[str, Any]]:
        """X28: a record stops counting on the day it is repaired, removed or ended."""
        return [
            r
            for r in self.about(fact)
            if self.as_of < r.get("repaired_on", FAR) and self.as_of < r.get("ended_on", FAR)
        ]

    def latest(self, records: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The later date wins; on one day a checked record wins over a declared one."""
        ranked = sorted(
            records, key=lambda r: (r.get("date", date.min), r["standing"] != "declared")
        )
        return ranked[-1] if ranked else None

    def answer(self, fact: str) -> Any:
        found = self.latest(self.in_force(fact))
        return None if found is None else found["value"]

    def choice(self, fact: str, **points: object) -> Points:
        value = self.answer(fact)
        return None if value is None else number(points[value])

    def best(self, fact: str, **points: object) -> Points:
        found = [number(points[record["value"]]) for record in self.in_force(fact)]
        return max(found) if found else None

    def years(self, fact: str) -> int | None:
        since = self.answer(fact)
        return None if since is None else full_years(since, self.as_of)

    def counted(self, fact: str, window: int = 0) -> list[dict[str, Any]]:
        """Records in force, inside the window, that stand for at least one thing."""
        return [
            r
            for r in self.in_force(fact)
            if r.get("value", 1) > 0 and (not window or inside(r["date"], self.as_of, window))
        ]

    def count(self, fact: str, window: int = 0, kind: str = "") -> int | None:
        """None when nobody has looked; a record that no longer counts shows that somebody has."""
        if not self.about(fact):
            return None
        rows = [r for r in self.counted(fact, window) if not kind or r["kind"] == kind]
        return sum(int(r.get("value", 1)) for r in rows)

    def once(self, fact: str, points: int, window: int = 0) -> Points:
        count = self.count(fact, window)
        return None if count is None else number(points if count else 0)

    def each(self, fact: str, points: object, cap: object, window: int = 0) -> Points:
        count = self.count(fact, window)
        if count is None:
            return None
        limit = min if number(points) > 0 else max
        return limit(count * number(points), number(cap))

    def mark(self, fact: str, points: int) -> Points:
        """An expert's 0 to 5; verified: the median of at least two; one's own: one will do."""
        marks = [record["value"] for record in self.in_force(fact)]
        if len(marks) < (1 if self.own else 2):
            return None
        return points * share(tuple(marks))

    def barred(
        self, fact: str, kinds: tuple[str, ...] = (), window: int = 0, *, happened: bool = False
    ) -> Bar | None:
        """Ids of the records that hold a grade down and the day on which that ends.

        `happened`: the document asks whether it happened within the window, so that being settled
        does not end it early; an accepted repair does. None: nobody has looked.
        """
        if not self.about(fact):
            return None
        held = {}
        for record in self.about(fact):
            if record.get("value", 1) == 0 or (kinds and record["kind"] not in kinds):
                continue
            end = record.get("repaired_on", FAR)
            if not happened:
                end = min(end, record.get("ended_on", FAR))
            if window:
                end = min(end, window_end(record["date"], window))
            if self.as_of < end:
                held[record["id"]] = end
        last = max(held.values(), default=FAR)
        return tuple(sorted(held)), None if last == FAR else last

    def young(self, fact: str, years: int) -> Bar | None:
        found = self.latest(self.in_force(fact))
        if found is None:
            return None
        if not too_young(found["value"], self.as_of, years):
            return (), None
        return (found["id"],), same_day(found["value"], years)


def window_end(event: date, years: int) -> date:
    """The first day on which the event is no longer inside: looked for day by day."""
    day = same_day(event, years)
    while inside(event, day, years):
        day = date.fromordinal(day.toordinal() + 1)
    return day
