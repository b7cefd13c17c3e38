"""What an enterprise could lawfully do about each part: points it would have, and the effort.

Nothing is offered that only time brings (an age), and nothing that cannot be promised (a ratio or
an expert's mark that is still unknown). Removing a bad record means correcting it and having the
correction accepted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.scoring.engine import Compiled
from bot.scoring.facts import Record
from bot.scoring.pack import Pack, Part
from bot.scoring.result import Result
from bot.scoring.rules import Moment, counting


@dataclass(frozen=True, slots=True)
class Option:
    """The units that a part would have, and what that costs."""

    units: int
    effort: int


@dataclass(frozen=True, slots=True)
class _Place:
    """One part as it stands."""

    pack: Pack
    part: Part
    scale: int
    now: int | None
    records: tuple[Record, ...]  # those that count at the moment


def options(compiled: Compiled, result: Result) -> dict[int, list[Option]]:
    """For each part, by its number, what would raise it; parts without an effort stay out."""
    moment = compiled.moment(result.facts, result.as_of)
    found: dict[int, list[Option]] = {}
    for n, (_, part) in enumerate(compiled.flat):
        make = _OFFERS.get(part.rule)
        if part.effort is None or make is None:
            continue
        now = (result.trace or [])[n]
        records = _counting(result, part, moment)
        rows = make(_Place(compiled.pack, part, compiled.scale, now, records), part.effort)
        better = [row for row in rows if row.units > (now or 0)]
        if better:
            found[n] = better
    return found


def _counting(result: Result, part: Part, moment: Moment) -> tuple[Record, ...]:
    if part.fact is None:
        return ()
    return counting(result.facts.usable.get(part.fact, ()), moment, part.window_years)


def _choice(place: _Place, effort: int) -> list[Option]:
    ladder = sorted({int(points * place.scale) for _, points in place.part.choices})
    return _climb(ladder, place.now, effort)


def _climb(ladder: list[int], now: int | None, effort: int) -> list[Option]:
    """One effort for each rung above the present one; from unknown, for each rung at all."""
    at = -1 if now is None else max(n for n, units in enumerate(ladder) if units <= now)
    return [Option(units, effort * max(1, n - at)) for n, units in enumerate(ladder) if n > at]


def _present(place: _Place, effort: int) -> list[Option]:
    units = int((place.part.points or 0) * place.scale)
    if units > 0:
        return [Option(units, effort)]
    return [Option(0, effort * len(place.records))] if place.records else []


def _count(place: _Place, effort: int) -> list[Option]:
    part, scale = place.part, place.scale
    cap = int((part.cap or 0) * scale)
    each = {kind: int(points * scale) for kind, points in part.each}
    if min(each.values()) > 0:
        step, now = max(each.values()), place.now or 0
        wanted = -((now - cap) // step)
        return [Option(min(cap, now + n * step), effort * n) for n in range(1, wanted + 1)]
    weights = sorted(each.get(r.kind, each.get("", 0)) * r.value for r in place.records)
    return [
        Option(max(cap, sum(weights[gone:])), effort * gone) for gone in range(1, len(weights) + 1)
    ]


def _bands(place: _Place, effort: int) -> list[Option]:
    if place.now is None and place.part.rule == "formula":
        return []
    return _climb(_ladder(place, (band.points for band in place.part.bands)), place.now, effort)


def _ratio(place: _Place, effort: int) -> list[Option]:
    if place.now is None or place.pack.levels is None:
        return []
    points = place.part.points or Decimal(0)
    shares = [points * share for _, share in place.pack.levels.shares]
    return _climb(_ladder(place, [Decimal(0), *shares]), place.now, effort)


def _ladder(place: _Place, points: Iterable[Decimal]) -> list[int]:
    return sorted({int(row * place.scale) for row in points})


def _expert(place: _Place, effort: int) -> list[Option]:
    expert = place.pack.expert
    if place.now is None or expert is None:
        return []
    full = int((place.part.points or 0) * place.scale)
    ladder = [full * mark // expert.top for mark in range(expert.top + 1)]
    return _climb(ladder, place.now, effort)


_OFFERS: Mapping[str, Callable[[_Place, int], list[Option]]] = {
    "choice": _choice,
    "present": _present,
    "count": _count,
    "bands": _bands,
    "formula": _bands,
    "ratio": _ratio,
    "expert": _expert,
}
