"""score(pack, facts, as_of) -> Result: pure, exact, and the same bytes for the same input."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import lru_cache

from bot.scoring.facts import Facts, newest, refuse_the_future
from bot.scoring.ladder import Check, Hit, compile_bar, compile_ladder
from bot.scoring.pack import Bar, Group, Pack, Part
from bot.scoring.ratios import Ratios, Usable, known
from bot.scoring.reading import BadData
from bot.scoring.result import Result
from bot.scoring.rules import Moment, Rule, all_points, compile_part, window_starts

_FINEST = 6  # decimals of a point
_NO_CAP = 1_000_000  # times a cap: more than any number of records reaches


class Compiled:
    """A pack turned into functions once; scoring a further enterprise only calls them."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.ratios = Ratios(pack)
        self.scale = _scale(pack)
        self.flat = [(i, part) for i in pack.indicators for part in i.parts]
        rules = [compile_part(pack, part, self.ratios, self.scale) for _, part in self.flat]
        place = {group.id: n for n, group in enumerate(pack.groups)}
        self._rules: list[tuple[Rule, int]] = [
            (rule, place[i.group]) for rule, (i, _) in zip(rules, self.flat, strict=True)
        ]
        self._groups = [
            (
                n,
                len(pack.groups) if group.within is None else place[group.within],
                None if group.at_least is None else int(group.at_least * self.scale),
                None if group.at_most is None else int(group.at_most * self.scale),
            )
            for n, group in _innermost_first(pack)
        ]
        self._base = int(pack.score.base * self.scale)
        self._floor = int(pack.score.at_least * self.scale)
        self._top = int(pack.score.at_most * self.scale)
        self._rung = compile_ladder(pack, self.scale)
        self._bars: list[tuple[Bar, Check, int]] = [
            (bar, compile_bar(bar), pack.rank(bar.result)) for bar in pack.bars
        ]
        self._windows = frozenset(
            {part.window_years for _, part in self.flat if part.window_years}
            | {bar.window_years for bar in pack.bars if bar.window_years}
        )

    def moment(self, facts: Facts, as_of: date) -> Moment:
        first = window_starts(as_of, self._windows)
        return Moment(as_of, first, facts.usable, self.ratios, own=facts.basis == "self")

    def beyond_caps(self, result: Result) -> Iterator[tuple[Part, int]]:
        """Counted parts whose records would weigh more than their cap, with that weight."""
        moment = self.moment(result.facts, result.as_of)
        for (_, part), units in zip(self.flat, result.trace or (), strict=False):
            cap = part.cap if part.rule == "count" else None
            if cap is not None and units == int(cap * self.scale):
                free = replace(part, cap=cap * _NO_CAP)
                weight = compile_part(self.pack, free, self.ratios, self.scale)
                whole = weight(result.facts.usable, moment)
                if whole is not None and whole != units:
                    yield part, whole

    def refusals(self, facts: Facts, as_of: date) -> tuple[str, ...]:
        """Why nothing may be scored; empty when every gate is open."""
        found = []
        for gate in self.pack.gates:
            record = newest(facts.usable.get(gate.fact, ()), as_of)
            if record is None:
                name = self.pack.facts[gate.fact].name
                found.append(f"还不知道企业的{name}，补上以后才能计分。")
            elif record.value not in gate.allow:
                found.append(f"{gate.refusal}（现在是“{record.value}”）")
        return tuple(found)

    def why_unknown(self, part: Part, moment: Moment) -> str:
        """The reason why a financial part cannot be computed; empty when it can."""
        if part.formula is None:
            formula = self.ratios.formulas[part.ratio or ""]
        else:
            formula = self.ratios.formula(part.formula, part.positive)
        value = known(formula, moment.book())
        return value if isinstance(value, str) else ""

    def score(self, facts: Facts, as_of: date) -> Result:
        """Points traced by part, held by groups, put on the ladder, held down by bars."""
        refusals = self.refusals(facts, as_of)
        if refusals:
            return Result(self.pack, self.scale, facts, as_of, refusals=refusals)
        usable, moment = facts.usable, self.moment(facts, as_of)
        sums = [0] * (len(self.pack.groups) + 1)
        trace: list[int | None] = []
        for rule, group in self._rules:
            units = rule(usable, moment)
            trace.append(units)
            if units:
                sums[group] += units
        before = sums.copy()
        for n, parent, least, most in self._groups:
            units = before[n] = sums[n]
            if most is not None and units > most:
                units = most
            if least is not None and units < least:
                units = least
            sums[n] = units
            sums[parent] += units
        total = min(self._top, max(self._floor, self._base + sums[-1]))
        rung = self._rung(total)
        hits, unchecked, held = self._barred(usable, moment)
        return Result(
            self.pack,
            self.scale,
            facts,
            as_of,
            trace=trace,
            groups=sums,
            before=before,
            units=total,
            rung_by_points=rung,
            rung=max(rung, held),
            hits=hits,
            unchecked=unchecked,
        )

    def _barred(
        self, usable: Usable, moment: Moment
    ) -> tuple[tuple[Hit, ...], tuple[Bar, ...], int]:
        """What holds the grade down, what nobody has looked into, and the best rung left."""
        hits, unchecked, best = [], [], 0
        for bar, check, rank in self._bars:
            records = check(usable, moment)
            if records is None:
                unchecked.append(bar)
            elif records:
                hits.append(Hit(bar, records))
                best = max(best, rank)
        return tuple(hits), tuple(unchecked), best


@lru_cache(maxsize=64)
def compiled(pack: Pack) -> Compiled:
    """The pack's functions; packs are compared by identity, so this costs one look-up."""
    return Compiled(pack)


def score(pack: Pack, facts: Facts, as_of: date) -> Result:
    """The one way to a result. Refuses facts from the future; reads no clock and no file."""
    refuse_the_future(facts, as_of)
    return compiled(pack).score(facts, as_of)


def _scale(pack: Pack) -> int:
    """The smallest unit that makes every number of points whole."""
    limits = [pack.score.base, pack.score.at_least, pack.score.at_most]
    limits += [grade.start for grade in pack.grades]
    limits += [limit for group in pack.groups for limit in (group.at_least, group.at_most) if limit]
    numbers = {*map(Fraction, limits), *all_points(pack)}
    for places in range(_FINEST + 1):
        if all((number * 10**places).denominator == 1 for number in numbers):
            return int(10**places)
    raise BadData(pack.file, "", f"分值不能精确到小数点后 {_FINEST} 位，请改用更整齐的数")


def _innermost_first(pack: Pack) -> list[tuple[int, Group]]:
    """Groups ordered so that each comes before the one that it stands in."""
    within = {group.id: group.within for group in pack.groups}

    def depth(name: str | None) -> int:
        return 0 if name is None else 1 + depth(within[name])

    return sorted(enumerate(pack.groups), key=lambda row: -depth(row[1].id))
