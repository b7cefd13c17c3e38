"""What a score says, kept as whole units; words and decimals are worked out when asked for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bot.scoring.canonical import canonical, plain
from bot.scoring.facts import Facts
from bot.scoring.ladder import Hit
from bot.scoring.pack import Bar, Grade, Group, Pack

LABELS = {"self": "自评", "verified": "核实评价"}


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a score says. Everything in words and decimals is worked out when it is asked for."""

    pack: Pack
    scale: int
    facts: Facts
    as_of: date
    refusals: tuple[str, ...] = ()
    trace: list[int | None] | None = None
    groups: list[int] | None = None  # units of each group after its limits
    before: list[int] | None = None  # and before them
    units: int | None = None
    rung_by_points: int | None = None
    rung: int | None = None
    hits: tuple[Hit, ...] = ()
    unchecked: tuple[Bar, ...] = ()

    @property
    def scored(self) -> bool:
        return self.units is not None

    @property
    def own(self) -> bool:
        """A self-assessment, which is never a grade."""
        return self.facts.basis == "self"

    @property
    def total(self) -> Decimal | None:
        return None if self.units is None else self.points(self.units)

    @property
    def level(self) -> Grade | None:
        """The rung reached after vetoes and ceilings."""
        return None if self.rung is None else self.pack.grades[self.rung]

    @property
    def grade(self) -> str | None:
        return None if self.own or self.level is None else self.level.name

    def points(self, units: int) -> Decimal:
        """Units of the pack as points."""
        return _points(units, self.scale)

    def answered(self) -> int:
        """How many indicators have every part known."""
        return sum(state(parts) == "known" for parts in self.by_indicator())

    def by_indicator(self) -> list[list[int | None]]:
        """The units of each indicator's parts, in the pack's order."""
        rest = iter(self.trace or ())
        return [[next(rest, None) for _ in indicator.parts] for indicator in self.pack.indicators]

    def as_dict(self) -> dict[str, Any]:
        """The result in plain values, for storing and for other programmes."""
        level, indicators = self.level, self._indicators()
        return {
            "scheme": self.pack.id,
            "version": self.pack.version,
            "hash": self.pack.hash,
            "as_of": self.as_of,
            "basis": self.facts.basis,
            "label": LABELS[self.facts.basis],
            "state": "scored" if self.scored else "not_scored",
            "refusals": self.refusals,
            "total": self.total,
            "grade": self.grade,
            "level": level.name if level else None,
            "level_by_points": self._name(self.rung_by_points),
            "groups": self._groups(),
            "indicators": indicators,
            "vetoes": [_hit(hit) for hit in self.hits if hit.bar.veto],
            "ceilings": [_hit(hit) for hit in self.hits if not hit.bar.veto],
            "unchecked": [{"id": bar.id, "name": bar.name} for bar in self.unchecked],
            "answered": sum(row["state"] == "known" for row in indicators),
            "asked": len(self.pack.indicators),
        }

    def as_json(self) -> bytes:
        return canonical(self.as_dict())

    def brief(self) -> bytes:
        """Canonical JSON of what a batch keeps: total, levels, bars, points by part.

        The rest of the result follows from it, the pack and the facts; this takes a fiftieth of
        the time of `as_json`.
        """
        if self.trace is None:
            return canonical({"refusals": self.refusals})
        scale, trace = self.scale, self.trace
        points = ",".join(
            [key + _points_text(trace[n], scale) for n, key in _sorted_keys(self.pack)]
        )
        bars = [hit.bar.id for hit in self.hits]
        return (
            f'{{"bars":{_text(bars)},"grade":{_text(self.grade)},'
            f'"level":{_text(self._name(self.rung))},'
            f'"level_by_points":{_text(self._name(self.rung_by_points))},'
            f'"points":{{{points}}},"total":{_points_text(self.units, scale)}}}'
        ).encode()

    def _name(self, rung: int | None) -> str | None:
        return None if rung is None else self.pack.grades[rung].name

    def held(self) -> list[tuple[Group, int, int]]:
        """Each group with its units before and after its limits."""
        rows = zip(self.pack.groups, self.before or (), self.groups or (), strict=False)
        return list(rows)

    def _groups(self) -> list[dict[str, Any]]:
        return [
            {
                "id": group.id,
                "name": group.name,
                "points": self.points(after),
                "before_cap": self.points(before),
                "capped": before != after,
            }
            for group, before, after in self.held()
        ]

    def _indicators(self) -> list[dict[str, Any]]:
        if not self.scored:
            return []
        rows = []
        for indicator, parts in zip(self.pack.indicators, self.by_indicator(), strict=True):
            known = state(parts)
            points = self.points(sum(units or 0 for units in parts))
            row: dict[str, Any] = {
                "id": indicator.id,
                "code": indicator.code,
                "name": indicator.name,
                "group": indicator.group,
                "points": None if known == "unknown" else points,
                "state": known,
                "parts": [
                    {"id": part.id, "points": None if units is None else self.points(units)}
                    for part, units in zip(indicator.parts, parts, strict=True)
                ],
            }
            rows.append(row)
        return rows


def state(parts: list[int | None]) -> str:
    """known, partly or unknown."""
    unknown = parts.count(None)
    return "known" if not unknown else "partly" if unknown < len(parts) else "unknown"


@lru_cache(maxsize=64)
def _sorted_keys(pack: Pack) -> list[tuple[int, str]]:
    """The number of each part and its key as JSON, in the order of canonical keys."""
    parts = [part.id for indicator in pack.indicators for part in indicator.parts]
    return sorted(((n, f"{_text(key)}:") for n, key in enumerate(parts)), key=lambda r: parts[r[0]])


@lru_cache(maxsize=4096)
def _points(units: int, scale: int) -> Decimal:
    return Decimal(units) / scale


@lru_cache(maxsize=4096)
def _points_text(units: int | None, scale: int) -> str:
    return "null" if units is None else plain(_points(units, scale))


def _text(value: object) -> str:
    return canonical(value).decode()


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.bar.id,
        "name": hit.bar.name,
        "result": hit.bar.result,
        "records": [record.id for record in hit.records],
        "ends_on": hit.ends_on(),
    }
