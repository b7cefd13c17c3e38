"""A dry run over the database: who would move under another version, page by page."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from bot.clients.database import fetch
from bot.scoring.diff import NOT_SCORED, Comparison, Move, compare
from bot.scoring.engine import score
from bot.scoring.facts import Facts
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData
from bot.services.fact_lines import LINES, Reader

PAGE = 500
MOST = 500  # enterprises told one by one; the totals count all

_PAGE = f"""
SELECT e.id, e.credit_code, e.name,
    (SELECT {LINES} FROM fact WHERE enterprise_id = e.id AND until_version IS NULL) AS lines
FROM enterprise e WHERE e.id > $1 ORDER BY e.id LIMIT $2
"""  # noqa: S608  # our own constant


@dataclass(slots=True)
class DryRun:
    """Everybody counted, and the first of those for whom something changes."""

    enterprises: int = 0
    moved: int = 0
    changed: int = 0  # other points or reasons on the same level
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: list[Move] = field(default_factory=list)

    @property
    def comparison(self) -> Comparison:
        return Comparison(tuple(self.told), tuple(sorted(self.counts.items())))

    def add(self, move: Move) -> None:
        self.moved += move.moved
        self.changed += not move.moved and (
            bool(move.reasons) or move.total_before != move.total_after
        )
        if move.moved and len(self.told) < MOST:
            self.told.append(move)


async def dry_run(old: Pack, new: Pack, *, basis: str, as_of: date) -> DryRun:
    """Compare both versions over all enterprises; keeps only totals and the first moves."""
    found = DryRun()
    readers = Reader(old, basis, as_of), Reader(new, basis, as_of)
    async for name, lines in _enterprises():
        before, after = (_facts(reader, lines) for reader in readers)
        found.enterprises += 1
        level = _same_level(old, new, before, after, as_of)
        if level is not None:
            found.counts[level, level] += 1
            continue
        told = compare(old, new, [(name, before, after)], as_of)
        found.counts.update(dict(told.counts))
        found.add(told.moves[0])
    return found


async def _enterprises() -> AsyncIterator[tuple[str, str | None]]:
    last = UUID(int=0)
    while rows := await fetch(_PAGE, last, PAGE):
        for row in rows:
            yield f"{row['credit_code']} {row['name']}", row["lines"]
        last = rows[-1]["id"]


def _facts(reader: Reader, lines: str | None) -> Facts | BadData:
    try:
        return reader.facts(lines)
    except BadData as error:
        return error


def _same_level(
    old: Pack, new: Pack, before: Facts | BadData, after: Facts | BadData, as_of: date
) -> str | None:
    """The level when nothing at all changes: that takes a fiftieth of looking for reasons."""
    if isinstance(before, BadData) or isinstance(after, BadData):
        return None
    try:
        first, second = score(old, before, as_of), score(new, after, as_of)
    except BadData:
        return None
    if first.brief() != second.brief():
        return None
    return first.level.name if first.level else NOT_SCORED
