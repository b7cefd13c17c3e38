"""Graded enterprises as everybody may see them: those whose certificate is valid today."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bot.domain.certificates import today
from bot.domain.errors import NotFound
from bot.domain.regions import region_of
from bot.scoring.library import shipped_pack, shipped_programmes
from bot.scoring.programme import Programme
from bot.services import name_search
from bot.services.certificate_bases import DEMONSTRATION
from bot.services.signing_keys import USABLE

PAGE = 20
_SHOWN = "state = 'active' AND token IS NOT NULL AND level <> ''"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; empty is everything."""

    words: str = ""
    region: str = ""
    """Two digits of bot/domain/regions.py."""
    programme: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    name: str
    credit_code: str
    region: str
    programme: str
    level: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Found:
    lines: tuple[Line, ...]
    next: str
    """Where the next page begins; empty on the last one."""


def programmes() -> tuple[Programme, ...]:
    """Those that give levels and show them to everybody."""
    return tuple(one for one in shipped_programmes() if one.scheme and one.notice.scope == "public")


def levels() -> tuple[str, ...]:
    """Every level that one of them may give, in the order of their ladders."""
    ladders = [shipped_pack(one.scheme).grades for one in programmes() if one.scheme]
    longest_first = sorted(ladders, key=len, reverse=True)
    return tuple(
        dict.fromkeys(grade.name for grades in longest_first for grade in grades if grade.graded)
    )


async def listed(wanted: Wanted, *, now: datetime, production: bool, after: str = "") -> Found:
    """The newest first; by a part of the name or the whole code, region, programme, level."""
    names = {one.id: one.name for one in programmes()}
    table, held = await name_search.among("certificate", _SHOWN, wanted.words, "$3")
    values: list[Any] = [today(now), list(names), *held]
    conditions = [USABLE, "c.level <> ''", "c.programme = ANY($2::text[])"]

    def narrow(condition: str, *given: object) -> None:
        first = len(values) + 1
        values.extend(given)
        conditions.append(condition.format(*(f"${first + n}" for n in range(len(given)))))

    if production:  # none that was made to be shown around
        narrow("c.basis_kind <> {}", DEMONSTRATION)
    if wanted.region:
        narrow("substr(c.credit_code, 3, 2) = {}", wanted.region)
    if wanted.programme:
        narrow("c.programme = {}", wanted.programme)
    if wanted.level:
        narrow("c.level = {}", wanted.level)
    if after:
        narrow("(c.valid_from, c.id) < (SELECT valid_from, id FROM certificate WHERE id = {})",
               _uuid(after))  # fmt: skip
    rows = await name_search.planned(
        "SELECT c.id, c.name, c.credit_code, c.programme, c.level, c.valid_from, c.valid_to"  # noqa: S608  # our own words
        f" FROM {table} AS c WHERE {' AND '.join(conditions)}"
        f" ORDER BY c.valid_from DESC, c.id DESC LIMIT {PAGE + 1}",
        *values,
    )
    lines = tuple(
        Line(
            **row | {"programme": names[row["programme"]], "region": region_of(row["credit_code"])}
        )
        for row in rows[:PAGE]
    )
    return Found(lines, str(lines[-1].id) if len(rows) > PAGE else "")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
