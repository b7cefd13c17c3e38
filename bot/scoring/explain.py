"""A result explained: why, what is missing, the way up, and what changes by itself."""

from dataclasses import dataclass
from typing import Any

from bot.scoring.describe import Wording
from bot.scoring.engine import compiled
from bot.scoring.missing import Gap, missing
from bot.scoring.outlook import Change, outlook
from bot.scoring.result import LABELS, Result
from bot.scoring.telling import Telling
from bot.scoring.way_up import WayUp, way_up

Sections = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that a person is told about a result."""

    result: Result
    way: WayUp | None
    changes: tuple[Change, ...]
    gaps: tuple[Gap, ...]
    sections: Sections

    def as_dict(self) -> dict[str, Any]:
        return {
            "label": LABELS[self.result.facts.basis],
            "sections": [{"title": title, "lines": lines} for title, lines in self.sections],
            "way_up": None if self.way is None else _way(self.way),
            "changes": [_change(change) for change in self.changes],
            "missing": [{"id": gap.id, "name": gap.name, "why": gap.words} for gap in self.gaps],
        }


def explain(result: Result, wording: Wording) -> Explanation:
    """The whole explanation: pure, in the words of the texts file."""
    functions = compiled(result.pack)
    way, changes = way_up(functions, result), outlook(functions, result)
    gaps = tuple(missing(result, wording["why"]))
    return Explanation(result, way, changes, gaps, tell(result, way, changes, wording))


def tell(
    result: Result, way: WayUp | None, changes: tuple[Change, ...], wording: Wording
) -> Sections:
    """The texts alone, for a way up and changes that are already known."""
    words = Telling(result, wording)
    lines = {
        "why": words.headline(),
        "bars": words.bars(),
        "way_up": words.way(way),
        "changes": words.changes(changes),
        "groups": words.groups(),
        "capped": words.capped(),
        "missing": words.missing(),
        "indicators": words.indicators(),
    }
    found = ((wording["sections"][key], tuple(rows)) for key, rows in lines.items())
    return tuple((title, rows) for title, rows in found if rows)


def _way(way: WayUp) -> dict[str, Any]:
    return {
        "target": way.target,
        "needed": way.needed,
        "reachable": way.reachable,
        "effort": way.effort,
        "acts": [
            {
                "id": act.part.id,
                "name": act.part.name,
                "before": act.before,
                "after": act.after,
                "effort": act.effort,
                "how": act.how,
            }
            for act in way.acts
        ],
        "bars": [{"id": hit.bar.id, "ends_on": hit.ends_on()} for hit in way.bars],
        "earliest": way.earliest,
    }


def _change(change: Change) -> dict[str, Any]:
    before, after = change.before, change.after
    return {
        "on": change.on,
        "total_before": before.total,
        "total": after.total,
        "level_before": before.level.name if before.level else None,
        "level": after.level.name if after.level else None,
        "parts": [
            {
                "id": shift.part.id,
                "before": None if shift.before is None else after.points(shift.before),
                "after": None if shift.after is None else after.points(shift.after),
            }
            for shift in change.shifts
        ],
        "ended": [bar.id for bar in change.ended],
    }
