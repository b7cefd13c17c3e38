"""Readings: every place where a standard left something open and the association decided it."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.scoring.pack import Pack, Source


@dataclass(frozen=True, slots=True)
class Reading:
    """What it is about, the clause as it stands, and how it is read."""

    about: str
    standard: str
    house: str


def readings(pack: Pack) -> tuple[Reading, ...]:
    """In the order of the pack; each once."""
    found = [
        Reading(about, Source(source.standard, None).plain, Source(None, source.house).plain)
        for about, source in _sources(pack)
        if source is not None and source.house
    ]
    return tuple(dict.fromkeys(found))


def _sources(pack: Pack) -> Iterator[tuple[str, Source | None]]:
    yield "总分", pack.score.source
    yield from ((gate.refusal.rstrip("。"), gate.source) for gate in pack.gates)
    yield from ((group.name, group.source) for group in pack.groups)
    yield from ((f"{one.code} {one.name}".strip(), one.source) for one in pack.indicators)
    yield from ((bar.name, bar.source) for bar in pack.bars)
    yield from ((ratio.name, ratio.source) for ratio in pack.ratios)
    yield from (((f"{one.name}行业标准值"), one.source) for one in pack.references)
    if pack.levels:
        yield "行业标准值的档次", pack.levels.source
    if pack.expert:
        yield "专家评分", pack.expert.source
    yield from ((f"{grade.name} 级", grade.source) for grade in pack.grades)
