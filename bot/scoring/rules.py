"""One closure per part of a pack: from the usable records at a moment to points, or unknown.

Points are whole numbers of the pack's unit (1/scale of a point), so that a score adds integers.
None means unknown, which is not zero.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from bot.domain.dates import whole_years, years_before
from bot.scoring.facts import Record, newest
from bot.scoring.formula import Book, cut_down, millionths
from bot.scoring.pack import ANY_KIND, Expert, Pack, Part
from bot.scoring.ratios import Ratios, Usable, known, level_reached


class Moment:
    """The day of a score, and what is worked out once for that day."""

    __slots__ = ("_book", "_opened", "_ratios", "_reference", "_usable", "as_of", "first", "own")

    def __init__(
        self, as_of: date, first: Mapping[int, date], usable: Usable, ratios: Ratios, *, own: bool
    ) -> None:
        self.as_of, self.first, self.own = as_of, first, own
        self._usable, self._ratios = usable, ratios
        self._book: Book | None = None
        self._opened = False
        self._reference: dict[str, tuple[int, ...]] | None = None

    def book(self) -> Book | None:
        if not self._opened:
            self._book, self._opened = self._ratios.book(self._usable, self.as_of), True
        return self._book

    def thresholds(self, ratio: str) -> tuple[int, ...]:
        if self._reference is None:
            self._reference = self._ratios.reference(self._usable, self.as_of)[1]
        return self._reference[ratio]


_NOBODY = Expert(1, 1, 1, None)  # for packs without marks; the linter lets no other pass
Rule = Callable[[Usable, Moment], int | None]


@lru_cache(maxsize=16)  # a batch asks for one day again and again
def window_starts(as_of: date, windows: frozenset[int]) -> Mapping[int, date]:
    """For each window the day that an event must be later than."""
    return {years: years_before(as_of, years) for years in windows}


def compile_part(pack: Pack, part: Part, ratios: Ratios, scale: int) -> Rule:
    """The rule of a part as one function."""
    return _MAKERS[part.rule](pack, part, ratios, scale)


def all_points(pack: Pack) -> Iterable[Fraction]:
    """Every number of points that a part of the pack can give, for the choice of a unit."""
    for part in (part for indicator in pack.indicators for part in indicator.parts):
        for _, points in (*part.choices, *part.each):
            yield Fraction(points)
        for band in part.bands:
            yield Fraction(band.points)
        yield from (Fraction(part.cap or 0), Fraction(part.points or 0))
        if part.rule == "expert" and pack.expert:
            yield Fraction(part.points or 0) / (2 * pack.expert.top)
        if part.rule == "ratio" and pack.levels:
            yield from (Fraction(part.points or 0) * Fraction(s) for _, s in pack.levels.shares)


def counting(records: tuple[Record, ...], moment: Moment, window: int | None) -> tuple[Record, ...]:
    """The records in force and inside the window that stand for at least one thing."""
    return tuple(
        record
        for record in records
        if record.value
        and record.until > moment.as_of
        and (not window or record.since > moment.first[window])
    )


def _choice(pack: Pack, part: Part, _: Ratios, scale: int) -> Rule:
    fact, units = part.fact or "", {value: int(p * scale) for value, p in part.choices}

    def latest(usable: Usable, moment: Moment) -> int | None:
        records = usable.get(fact)
        record = newest(records, moment.as_of) if records else None
        return None if record is None else units[record.value]

    def best(usable: Usable, moment: Moment) -> int | None:
        as_of = moment.as_of
        found = [units[r.value] for r in usable.get(fact, ()) if r.until > as_of]
        return max(found) if found else None

    return best if pack.facts[fact].many else latest


def _present(_pack: Pack, part: Part, _: Ratios, scale: int) -> Rule:
    fact, units, window = part.fact or "", int((part.points or 0) * scale), part.window_years or 0

    def points(usable: Usable, moment: Moment) -> int | None:
        records = usable.get(fact)
        if records is None:
            return None
        for record in records:
            if (
                record.value
                and record.until > moment.as_of
                and (not window or record.since > moment.first[window])
            ):
                return units
        return 0

    return points


def _count(pack: Pack, part: Part, _: Ratios, scale: int) -> Rule:
    fact, window = part.fact or "", part.window_years or 0
    given = {kind: int(points * scale) for kind, points in part.each}
    kinds = pack.facts[fact].kinds or (ANY_KIND,)
    each = {kind: given.get(kind, given.get(ANY_KIND, 0)) for kind in kinds} | {ANY_KIND: 0} | given
    cap = int((part.cap or 0) * scale)
    falling = any(points < 0 for _, points in part.each)

    def points(usable: Usable, moment: Moment) -> int | None:
        records = usable.get(fact)
        if records is None:
            return None
        total, as_of = 0, moment.as_of
        for record in records:
            if record.until > as_of and (not window or record.since > moment.first[window]):
                total += each[record.kind] * record.value
        return max(total, cap) if falling else min(total, cap)

    return points


def _age(_pack: Pack, part: Part, _: Ratios, scale: int) -> Rule:
    fact, (starts, units) = part.fact or "", _steps(part, scale, lambda d: d)

    def points(usable: Usable, moment: Moment) -> int | None:
        records = usable.get(fact)
        record = newest(records, moment.as_of) if records else None
        if record is None:
            return None
        return units[bisect_right(starts, whole_years(record.value, moment.as_of))]

    return points


def _bands(_pack: Pack, part: Part, _: Ratios, scale: int) -> Rule:
    fact, (starts, units) = part.fact or "", _steps(part, scale, lambda d: d)

    def points(usable: Usable, moment: Moment) -> int | None:
        records = usable.get(fact)
        record = newest(records, moment.as_of) if records else None
        return None if record is None else units[bisect_right(starts, record.value)]

    return points


def _formula(_pack: Pack, part: Part, ratios: Ratios, scale: int) -> Rule:
    formula = ratios.formula(part.formula or "", part.positive)
    starts, units = _steps(part, scale, millionths)

    def points(_: Usable, moment: Moment) -> int | None:
        value = known(formula, moment.book())
        return None if isinstance(value, str) else units[bisect_right(starts, cut_down(value))]

    return points


def _ratio(pack: Pack, part: Part, ratios: Ratios, scale: int) -> Rule:
    name, formula = part.ratio or "", ratios.formulas[part.ratio or ""]
    shares = pack.levels.shares if pack.levels else ()
    units = [int((part.points or 0) * share * scale) for _, share in shares] + [0]

    def points(_: Usable, moment: Moment) -> int | None:
        value = known(formula, moment.book())
        if isinstance(value, str):
            return None
        return units[level_reached(value, moment.thresholds(name))]

    return points


def _cite(_pack: Pack, part: Part, ratios: Ratios, _scale: int) -> Rule:
    formula = ratios.formulas[part.ratio or ""]

    def points(_: Usable, moment: Moment) -> int | None:
        return None if isinstance(known(formula, moment.book()), str) else 0

    return points


def _expert(pack: Pack, part: Part, _: Ratios, scale: int) -> Rule:
    expert = pack.expert or _NOBODY
    needed, needed_own = expert.marks, expert.self_marks
    fact, half = part.fact or "", int(Fraction(part.points or 0) * scale / (2 * expert.top))

    def points(usable: Usable, moment: Moment) -> int | None:
        as_of = moment.as_of
        marks: list[int] = sorted([r.value for r in usable.get(fact, ()) if r.until > as_of])
        if len(marks) < (needed_own if moment.own else needed):
            return None
        return half * (marks[len(marks) // 2] + marks[(len(marks) - 1) // 2])

    return points


def _steps(
    part: Part, scale: int, unit: Callable[[Decimal], int | Decimal]
) -> tuple[list[int | Decimal], list[int]]:
    """Bands as the starts of all but the first, and the points of each."""
    starts = [unit(band.start) for band in part.bands[1:] if band.start is not None]
    return starts, [int(band.points * scale) for band in part.bands]


_MAKERS: Mapping[str, Callable[[Pack, Part, Ratios, int], Rule]] = {
    "choice": _choice,
    "present": _present,
    "count": _count,
    "age": _age,
    "bands": _bands,
    "formula": _formula,
    "ratio": _ratio,
    "cite": _cite,
    "expert": _expert,
}
