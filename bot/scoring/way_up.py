"""The cheapest set of lawful acts that reaches the next grade: an exact search.

Each part offers some options (a gain for an effort). Adding is done group by group, as the score
does it; because every limit only cuts, the best sum for a given effort stays the best after it is
cut, so a table of "best points for each effort" per group loses nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.scoring.engine import Compiled
from bot.scoring.ladder import Hit
from bot.scoring.pack import Group, Part
from bot.scoring.result import Result
from bot.scoring.steps import Option, options

_FIRST_BOUND = 8


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do: which part, from how many points to how many, and how."""

    part: Part
    before: Decimal
    after: Decimal
    effort: int
    how: str


@dataclass(frozen=True, slots=True)
class WayUp:
    """What reaches the next grade; `reachable` is False when acts alone cannot."""

    target: str
    needed: Decimal
    acts: tuple[Act, ...]
    bars: tuple[Hit, ...]  # to be cleared first: by their remedy, or by waiting
    reachable: bool

    @property
    def effort(self) -> int:
        return sum(act.effort for act in self.acts)

    @property
    def earliest(self) -> date | None:
        """When bars without a remedy end; None when there is nothing to wait for, or no date."""
        ends = [hit.ends_on() for hit in self.bars if hit.bar.remedy is None]
        known = [day for day in ends if day is not None]
        return max(known) if known and len(known) == len(ends) else None


@dataclass(frozen=True, slots=True)
class _Sum:
    """The best points for an effort, and the options taken for it, newest first."""

    effort: int
    units: int
    acts: int
    taken: tuple[int, Option, "object"] | None = None


def way_up(compiled: Compiled, result: Result) -> WayUp | None:
    """None where there is no higher grade or nothing was scored."""
    if result.rung is None or result.units is None or result.rung == 0:
        return None
    pack, rung = result.pack, result.rung - 1
    target = pack.grades[rung]
    bars = tuple(hit for hit in result.hits if pack.rank(hit.bar.result) > rung)
    stuck = any(hit.bar.remedy is None and hit.ends_on() is None for hit in bars)
    wanted = int(target.start * compiled.scale)
    needed = result.points(max(0, wanted - result.units))
    best = None if stuck else _cheapest(compiled, result, wanted)
    if best is None:
        return WayUp(target.name, needed, (), bars, reachable=False)
    return WayUp(target.name, needed, _acts(compiled, result, best), bars, reachable=True)


def _cheapest(compiled: Compiled, result: Result, wanted: int) -> _Sum | None:
    offers = options(compiled, result)
    most = max((row.effort for rows in offers.values() for row in rows), default=0) * len(offers)
    search = _Search(compiled, result, offers)
    if search.most() < wanted:
        return None
    bound = _FIRST_BOUND
    while True:
        for found in search.table(None, bound):
            if search.total(found.units) >= wanted:
                return found
        if bound > most:
            return None
        bound *= 2


class _Search:
    """Tables of the best points for each effort, from the innermost groups outwards."""

    def __init__(self, compiled: Compiled, result: Result, offers: dict[int, list[Option]]) -> None:
        self._pack, self._scale, self._offers = compiled.pack, compiled.scale, offers
        self._fixed: dict[str, int] = {}
        self._parts: dict[str, list[tuple[int, int]]] = {}
        for n, (indicator, _) in enumerate(compiled.flat):
            units = (result.trace or [])[n] or 0
            if n in offers:
                self._parts.setdefault(indicator.group, []).append((n, units))
            else:
                self._fixed[indicator.group] = self._fixed.get(indicator.group, 0) + units

    def total(self, units: int) -> int:
        score = self._pack.score
        most, least = int(score.at_most * self._scale), int(score.at_least * self._scale)
        return min(most, max(least, int(score.base * self._scale) + units))

    def most(self) -> int:
        """The total if everything that is possible were done."""
        return self.total(self._most(None))

    def _most(self, group: str | None) -> int:
        units = self._fixed.get(group or "", 0)
        for n, now in self._parts.get(group or "", []):
            units += max([now, *(row.units for row in self._offers[n])])
        for child in self._pack.groups:
            if child.within == group:
                units += self._held(child, self._most(child.id))
        return units

    def table(self, group: str | None, bound: int) -> list[_Sum]:
        rows = [_Sum(0, self._fixed.get(group or "", 0), 0)]
        for n, now in self._parts.get(group or "", []):
            steps = [(0, now, None), *((o.effort, o.units, o) for o in self._offers[n])]
            rows = _best(
                (
                    _Sum(row.effort + effort, row.units + units, row.acts + 1, (n, o, row.taken))
                    if o
                    else _Sum(row.effort, row.units + units, row.acts, row.taken)
                    for row in rows
                    for effort, units, o in steps
                ),
                bound,
            )
        for child in self._pack.groups:
            if child.within == group:
                inner = self._cut(child, self.table(child.id, bound))
                rows = _best((_joined(a, b) for a in rows for b in inner), bound)
        return rows

    def _cut(self, group: Group, rows: list[_Sum]) -> list[_Sum]:
        held = (_Sum(r.effort, self._held(group, r.units), r.acts, r.taken) for r in rows)
        return _best(held, rows[-1].effort)

    def _held(self, group: Group, units: int) -> int:
        if group.at_most is not None:
            units = min(units, int(group.at_most * self._scale))
        return units if group.at_least is None else max(units, int(group.at_least * self._scale))


def _best(rows: Iterable[_Sum], bound: int) -> list[_Sum]:
    """For each effort within the bound the most points, if more than any smaller effort gives."""
    by_effort: dict[int, _Sum] = {}
    for row in rows:
        if row.effort <= bound:
            old = by_effort.get(row.effort)
            if old is None or (row.units, -row.acts) > (old.units, -old.acts):
                by_effort[row.effort] = row
    kept: list[_Sum] = []
    for effort in sorted(by_effort):
        if not kept or by_effort[effort].units > kept[-1].units:
            kept.append(by_effort[effort])
    return kept


def _joined(one: _Sum, other: _Sum) -> _Sum:
    taken = one.taken
    for n, option in _taken(other):
        taken = (n, option, taken)
    return _Sum(one.effort + other.effort, one.units + other.units, one.acts + other.acts, taken)


def _taken(row: _Sum) -> list[tuple[int, Option]]:
    found, rest = [], row.taken
    while isinstance(rest, tuple):
        found.append((rest[0], rest[1]))
        rest = rest[2]  # type: ignore[assignment]  # a linked list has no finite type
    return found


def _acts(compiled: Compiled, result: Result, best: _Sum) -> tuple[Act, ...]:
    acts = []
    for n, option in sorted(_taken(best), key=lambda row: row[0]):
        part = compiled.flat[n][1]
        before = result.points((result.trace or [])[n] or 0)
        after = result.points(option.units)
        acts.append(Act(part, before, after, option.effort, part.how or ""))
    return tuple(acts)
