"""Facts as the database hands them over: one text an enterprise, read for one pack and one day."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from bot.scoring.canonical import plain
from bot.scoring.facts import NOTHING, Facts, Record
from bot.scoring.facts_reader import facts_from
from bot.scoring.pack import FactSpec, Pack
from bot.scoring.reading import Table

FIELD, ROW = "\x1f", "\x1e"

# One text an enterprise: six times as quick to fetch as rows of columns.
LINE = """concat_ws(chr(31), key, fact, kind, value, standing, coalesce("on"::text, ''),
    coalesce(repaired_on::text, ''), coalesce(ended_on::text, ''), coalesce(detail::text, '')"""
LINES = f"string_agg({LINE}), chr(30))"
# What people are told besides, and no score asks for; in the order in which results name records.
LONG_LINES = f"""string_agg({LINE}, coalesce(source, ''), coalesce(evidence, '')), chr(30)
    ORDER BY fact COLLATE "C", key COLLATE "C")"""

_NO_MORE: tuple[Any, ...] = (None, None, None, None, 0, NOTHING, NOTHING)
_MOST = 10_000
_WHOLE = {str(n): n for n in range(100)}


class _Misfit(Exception):
    """A line that this pack cannot take as it is: the strict reader says why."""


class _Spec(NamedTuple):
    """What the loop must know of a fact."""

    value: Callable[[str], Any]
    kinds: frozenset[str]
    dated: bool
    adverse: bool
    is_day: bool


class Reader:
    """Lines to facts, for one pack, basis and day.

    Everything was checked when it was recorded, against the pack of that time. What does not fit
    this pack, or lies after the day, is given to the strict reader, so that both say the same.
    """

    def __init__(self, pack: Pack, basis: str, as_of: date) -> None:
        self._pack, self._basis, self._today = pack, basis, as_of.isoformat()
        self._own = basis == "self"
        dated = {p.fact for i in pack.indicators for p in i.parts if p.window_years}
        dated |= {bar.fact for bar in pack.bars if bar.window_years}
        self._specs = {spec.id: _spec(pack, spec, spec.id in dated) for spec in pack.facts.values()}
        self._amounts = frozenset(pack.statement.items if pack.statement else ())

    def facts(self, lines: str | None) -> Facts:
        """The facts of one enterprise; BadData in one sentence when they do not fit."""
        if not lines:
            return self._strict("")
        try:
            return self._quick(lines)
        except (_Misfit, KeyError, ValueError, InvalidOperation):
            return self._strict(lines)

    def _quick(self, lines: str) -> Facts:  # noqa: C901, PLR0912 (calls would cost)
        """One pass without calls where none is needed: a batch spends a third of its time here."""
        specs, own, latest, first, last = self._specs, self._own, "", date.min, date.max
        new = tuple.__new__  # what Record._make does, without counting the fields again
        records: list[Record] = []
        usable: dict[str, tuple[Record, ...]] = {}
        for line in lines.split(ROW):
            key, fact, kind, value, standing, on, repaired, ended, rest = line.split(FIELD, 8)
            if fact not in specs:
                continue  # of another scheme
            read, kinds, dated, adverse, is_day = specs[fact]
            what = read(value)
            if kind not in kinds and (kind or what != 0):
                raise _Misfit
            if on:
                since = given = _day(on)
                if on > latest:  # noqa: PLR1730 (max() would be a call)
                    latest = on
            elif dated and what != 0:
                raise _Misfit
            else:
                since, given = first, None
            until, repair, end = last, None, None
            if repaired or ended:
                if repaired and not adverse:
                    raise _Misfit
                repair, end = _maybe_day(repaired), _maybe_day(ended)
                until, latest = min(repair or last, end or last), max(latest, repaired)
            if is_day and value > latest:
                latest = value
            more = _NO_MORE
            if rest:
                more = self._more(rest)
                latest = max(latest, f"{more[4]}-12-31" if more[4] else "")
            trusted = standing != "declared"
            one: Record = new(Record, (
                key, fact, what, standing, kind, given, more[0], more[1], repair, end,
                more[2], more[3], more[4], more[5], more[6],
                since, repair or last, until, (since, trusted, key),
            ))  # fmt: skip
            records.append(one)
            if trusted or own:
                usable[fact] = (*usable[fact], one) if fact in usable else (one,)
        if latest > self._today:
            raise _Misfit
        seen = (_day(latest) if latest else first, "")
        return Facts(self._basis, tuple(records), usable, seen)

    def _more(self, rest: str) -> tuple[Any, ...]:
        """Source, evidence, expert, reason, year and amounts, where a line has them."""
        detail, _, told = rest.partition(FIELD)
        source, _, evidence = told.partition(FIELD)
        found = orjson.loads(detail) if detail else {}
        items, before = (
            {name: Decimal(amount) for name, amount in found[sheet].items()}
            if sheet in found
            else NOTHING
            for sheet in ("items", "before")
        )
        if not (self._amounts.issuperset(items) and self._amounts.issuperset(before)):
            raise _Misfit
        by, reason, year = found.get("by"), found.get("reason"), found.get("year", 0)
        return source or None, evidence or None, by, reason, year, items, before

    def _strict(self, lines: str) -> Facts:
        rows = [row(line, self._pack) for line in lines.split(ROW) if line]
        wanted = [given for given in rows if given["fact"] in self._pack.facts]
        top = Table({"records": wanted}, "")
        facts = facts_from(self._pack, top, basis=self._basis, standing="declared")
        top.done()
        return facts


def row(line: str, pack: Pack) -> dict[str, Any]:
    """A line as the record of a facts file."""
    key, fact, kind, value, standing, on, repaired, ended, detail, *more = line.split(FIELD)
    source, evidence = more or ("", "")
    texts = {"kind": kind, "date": on, "repaired_on": repaired, "ended_on": ended}
    texts |= {"source": source, "evidence": evidence}
    given: dict[str, Any] = {"id": key, "fact": fact, "standing": standing}
    given |= {name: text for name, text in texts.items() if text}
    if value:
        given["value"] = _typed(value, pack.facts[fact].type) if fact in pack.facts else value
    for name, found in (orjson.loads(detail) if detail else {}).items():
        amounts = isinstance(found, dict)
        given[name] = {item: Decimal(a) for item, a in found.items()} if amounts else found
    return given


def value_text(value: object) -> str:
    """A value as it is kept: exact, as people write it."""
    if isinstance(value, Decimal):
        return plain(value)
    return "" if value is None else str(value)


def _typed(value: str, kind: str) -> Any:
    """The type that the fact has in this pack, or the text as it is: the strict reader refuses."""
    with suppress(ValueError, InvalidOperation):
        if kind in {"records", "mark"}:
            return int(value)
        if kind == "number":
            return Decimal(value)
    return value


def _spec(pack: Pack, spec: FactSpec, dated: bool) -> _Spec:  # noqa: FBT001
    value: Callable[[str], Any]
    match spec.type:
        case "choice":
            value = {text: text for text in spec.values}.__getitem__
        case "date":
            value = _day
        case "number":
            value = _amount
        case "mark" if pack.expert is not None:
            value = {str(n): n for n in range(pack.expert.top + 1)}.__getitem__
        case "records" | "mark":
            value = _count
        case "statement":
            value = {"": None}.__getitem__
        case _:
            value = str
    return _Spec(
        value=value,
        kinds=frozenset(spec.kinds or ("",)),
        dated=dated,
        adverse=spec.adverse,
        is_day=spec.type == "date",
    )


@lru_cache(maxsize=65_536)  # the days of a lifetime
def _day(text: str) -> date:
    return date.fromisoformat(text)


def _maybe_day(text: str) -> date | None:
    return _day(text) if text else None


def _count(text: str) -> int:
    number = _WHOLE.get(text)
    if number is None:
        number = int(text)
        if not 0 <= number <= _MOST:
            raise _Misfit
    return number


def _amount(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or number < 0:
        raise _Misfit
    return number
