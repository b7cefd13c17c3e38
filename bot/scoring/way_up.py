"""The cheapest set of lawful acts that reaches the next grade: an exact search.

Each part offers some options (a gain for an effort). Adding is done group by group, as the score
does it; because every limit only cuts, the best sum for a given effort stays the best after it is
cut, so a table of "best points for each effort" per group loses nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

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
    before: Decimal | None  # None: unknown until now
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


# The best points for an effort: effort, units, number of acts, and the acts taken, newest first.
# Plain tuples, because a search makes tens of thousands of them.
_Sum = tuple[int, int, int, Any]
# One thing that may be added: effort, units, number of acts, and the acts that it stands for.
_Step = tuple[int, int, int, Any]


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
    search = _Search(compiled, result, offers)
    if search.most() < wanted:
        return None
    bound = _FIRST_BOUND
    while True:  # ends: at some bound everything that is possible fits
        for found in search.table(None, bound):
            if search.total(found[1]) >= wanted:
                return found
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
        rows: list[_Sum] = [(0, self._fixed.get(group or "", 0), 0, None)]
        for n, now in self._parts.get(group or "", []):
            steps: list[_Step] = [(0, now, 0, None)]
            steps += [(o.effort, o.units, 1, (n, o)) for o in self._offers[n]]
            rows = _sums(rows, steps, bound)
        for child in self._pack.groups:
            if child.within == group:
                inner = self.table(child.id, bound)
                held = [(e, self._held(child, units), acts, t) for e, units, acts, t in inner]
                rows = _sums(rows, held, bound)
        return rows

    def _held(self, group: Group, units: int) -> int:
        if group.at_most is not None:
            units = min(units, int(group.at_most * self._scale))
        return units if group.at_least is None else max(units, int(group.at_least * self._scale))


def _sums(rows: list[_Sum], steps: list[_Step], bound: int) -> list[_Sum]:
    """Every row with every step; kept is what gives more points than any smaller effort."""
    best: dict[int, _Sum] = {}
    for effort, units, acts, taken in rows:
        for more, gain, further, link in steps:
            spent = effort + more
            if spent > bound:
                continue
            reached = units + gain
            old = best.get(spent)
            if old is None or (reached, -acts - further) > (old[1], -old[2]):
                best[spent] = (spent, reached, acts + further, (link, taken) if link else taken)
    kept: list[_Sum] = []
    for spent in sorted(best):
        if not kept or best[spent][1] > kept[-1][1]:
            kept.append(best[spent])
    return kept


def _taken(chain: Any) -> Iterator[tuple[int, Option]]:
    """Unrolls the acts: a chain holds single acts and, from inner groups, further chains."""
    waiting = [chain]
    while waiting:
        link = waiting.pop()
        if link is None:
            continue
        if isinstance(link[0], int):
            yield link[0], link[1]
        else:
            waiting += link


def _number(row: tuple[int, Option]) -> int:
    return row[0]


def _acts(compiled: Compiled, result: Result, best: _Sum) -> tuple[Act, ...]:
    acts = []
    for n, option in sorted(_taken(best[3]), key=_number):
        part = compiled.flat[n][1]
        now = (result.trace or [])[n]
        before = None if now is None else result.points(now)
        after = result.points(option.units)
        acts.append(Act(part, before, after, option.effort, part.how or ""))
    return tuple(acts)
