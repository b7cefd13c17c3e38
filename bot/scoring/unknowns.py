"""What the open questions could still change: the least and the most that a total may come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.scoring.engine import Compiled
from bot.scoring.pack import Grade, Group, Pack, Part
from bot.scoring.result import Result


@dataclass(frozen=True, slots=True)
class Span:
    """Between which totals and levels the result lies once everything is known."""

    low: Decimal
    high: Decimal
    lowest: Grade
    highest: Grade


@dataclass(frozen=True, slots=True)
class Filled:
    """How much of what a group could give is there for sure; `points` as the result has them."""

    group: Group
    points: Decimal
    low: Decimal
    high: Decimal
    share: Decimal  # from 0 to 1; what is unknown counts as the worst
    open: bool  # whether something in it is unknown


def span(compiled: Compiled, result: Result) -> Span | None:
    """None where nothing was scored."""
    if result.trace is None:
        return None
    limits = [extremes(part, compiled.scale) for _, part in compiled.flat]
    rows = list(zip(result.trace, limits, strict=True))
    low, _ = fold(compiled, [least if units is None else units for units, (least, _) in rows])
    high, _ = fold(compiled, [most if units is None else units for units, (_, most) in rows])
    pack = result.pack
    held = max([0, *(pack.rank(hit.bar.result) for hit in result.hits)])
    feared = max([held, *(pack.rank(bar.result) for bar in result.unchecked)])
    return Span(
        result.points(low),
        result.points(high),
        pack.grades[max(feared, _rung(pack, low, compiled.scale))],
        pack.grades[max(held, _rung(pack, high, compiled.scale))],
    )


def filled(compiled: Compiled, result: Result) -> tuple[Filled, ...]:
    """Every group that holds indicators itself, in the pack's order."""
    trace = result.trace or []
    limits = [extremes(part, compiled.scale) for _, part in compiled.flat]
    _, least = fold(compiled, [low for low, _ in limits])
    _, most = fold(compiled, [high for _, high in limits])
    sure = [low if units is None else units for units, (low, _) in zip(trace, limits, strict=False)]
    _, now = fold(compiled, sure)
    told = {group.id: units for group, _, units in result.held()}
    unknown = {
        i.group
        for (i, part), units in zip(compiled.flat, trace, strict=False)
        if units is None and part.rule != "cite"
    }
    inner = {indicator.group for indicator in result.pack.indicators}
    rows = []
    for group in result.pack.groups:
        if group.id in inner and group.id in told:
            room = most[group.id] - least[group.id]
            share = Decimal(now[group.id] - least[group.id]) / room if room else Decimal(0)
            low, high = result.points(least[group.id]), result.points(most[group.id])
            points = result.points(told[group.id])
            rows.append(Filled(group, points, low, high, share, group.id in unknown))
    return tuple(rows)


def extremes(part: Part, scale: int) -> tuple[int, int]:
    """The least and the most units that a part can give."""
    if part.choices:
        points = [row for _, row in part.choices]
    elif part.bands:
        points = [band.points for band in part.bands]
    else:
        points = [Decimal(0), part.cap or part.points or Decimal(0)]
    return int(min(points) * scale), int(max(points) * scale)


def fold(compiled: Compiled, units: Sequence[int]) -> tuple[int, dict[str, int]]:
    """Add parts up as a score does: the total, and each group after its limits."""
    pack, scale = compiled.pack, compiled.scale
    sums: dict[str | None, int] = {}
    for (indicator, _), row in zip(compiled.flat, units, strict=False):
        sums[indicator.group] = sums.get(indicator.group, 0) + row
    held: dict[str, int] = {}

    def close(parent: str | None) -> int:
        whole = sums.get(parent, 0)
        for group in pack.groups:
            if group.within == parent:
                held[group.id] = _held(group, close(group.id), scale)
                whole += held[group.id]
        return whole

    total = int(pack.score.base * scale) + close(None)
    most, least = int(pack.score.at_most * scale), int(pack.score.at_least * scale)
    return min(most, max(least, total)), held


def _held(group: Group, units: int, scale: int) -> int:
    if group.at_most is not None:
        units = min(units, int(group.at_most * scale))
    return units if group.at_least is None else max(units, int(group.at_least * scale))


def _rung(pack: Pack, units: int, scale: int) -> int:
    starts = [int(grade.start * scale) for grade in pack.grades[:-1]]
    return next((n for n, start in enumerate(starts) if units >= start), len(starts))
