"""A dry run: who would move from which grade to which under a new version, and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.scoring.engine import score
from bot.scoring.facts import Facts
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData
from bot.scoring.result import Result

NOT_SCORED = "不计分"
UNREADABLE = "无法计算"


@dataclass(frozen=True, slots=True)
class Reason:
    """An indicator or a bar that is not what it was."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Move:
    """One enterprise under both versions."""

    name: str
    level_before: str
    level_after: str
    total_before: Decimal | None
    total_after: Decimal | None
    reasons: tuple[Reason, ...]

    @property
    def moved(self) -> bool:
        return self.level_before != self.level_after


@dataclass(frozen=True, slots=True)
class Comparison:
    """All enterprises, and how many went from each level to each."""

    moves: tuple[Move, ...]
    counts: tuple[tuple[tuple[str, str], int], ...]


Subject = tuple[str, Facts | BadData, Facts | BadData]


def compare(old: Pack, new: Pack, subjects: Iterable[Subject], as_of: date) -> Comparison:
    """Each subject is a name and its facts as read for the old and for the new pack."""
    moves = tuple(
        _move(name, _score(old, before, as_of), _score(new, after, as_of))
        for name, before, after in subjects
    )
    counts = Counter((move.level_before, move.level_after) for move in moves)
    return Comparison(moves, tuple(sorted(counts.items())))


def _score(pack: Pack, facts: Facts | BadData, as_of: date) -> Result | BadData:
    if isinstance(facts, BadData):
        return facts
    try:
        return score(pack, facts, as_of)
    except BadData as error:
        return error


def _move(name: str, before: Result | BadData, after: Result | BadData) -> Move:
    return Move(
        name=name,
        level_before=_level(before),
        level_after=_level(after),
        total_before=None if isinstance(before, BadData) else before.total,
        total_after=None if isinstance(after, BadData) else after.total,
        reasons=tuple(_reasons(_told(before), _told(after))),
    )


def _level(result: Result | BadData) -> str:
    if isinstance(result, BadData):
        return UNREADABLE
    return result.level.name if result.level else NOT_SCORED


def _told(result: Result | BadData) -> dict[str, str]:
    """What counts, by name: points, limits of groups, results of bars, and the frame of it all."""
    if isinstance(result, BadData):
        return {str(result): UNREADABLE}
    told = result.as_dict()
    points = {row["name"]: _amount(row["points"]) for row in told["indicators"]}
    limits = {f"{row['name']}（封顶后）": _amount(row["points"]) for row in told["groups"]}
    bars = {row["name"]: row["result"] for row in told["vetoes"] + told["ceilings"]}
    refusals = dict.fromkeys(result.refusals, NOT_SCORED)
    grades = {f"{grade.name} 的分数线": str(grade.start) for grade in result.pack.grades}
    score = result.pack.score
    frame = {"起点": score.base, "最低分": score.at_least, "最高分": score.at_most}
    return points | limits | bars | refusals | grades | {k: _amount(v) for k, v in frame.items()}


def _amount(points: Decimal | None) -> str:
    return "未知" if points is None else f"{points:f} 分"


def _reasons(before: dict[str, str], after: dict[str, str]) -> Iterable[Reason]:
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name, "没有"), after.get(name, "没有")
        if old != new:
            yield Reason(name, old, new)
