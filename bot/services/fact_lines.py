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

_DETAILED = {"mark", "statement"}
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
    detailed: bool
    day: bool


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

    def _quick(self, lines: str) -> Facts:  # noqa: C901 (every call in it would cost)
        specs, own, latest = self._specs, self._own, ""
        records: list[Record] = []
        usable: dict[str, tuple[Record, ...]] = {}
        make, first, last = Record._make, date.min, date.max
        for line in lines.split(ROW):
            key, fact, kind, value, standing, on, repaired, ended, detail, *more = line.split(FIELD)
            spec = specs.get(fact)
            if spec is None:
                continue  # of another scheme
            what = spec.value(value)
            if kind not in spec.kinds and (kind or what != 0):
                raise _Misfit
            since = _day(on) if on else first
            latest = max(latest, on)
            if spec.dated and not on and what != 0:
                raise _Misfit
            until = until_repair = last
            if repaired:
                if not spec.adverse:
                    raise _Misfit
                latest = max(latest, repaired)
                until = until_repair = _day(repaired)
            if ended:
                until = min(until, _day(ended))
            if spec.day and value > latest:
                latest = value
            by, reason, year, items, before = None, None, 0, NOTHING, NOTHING
            if spec.detailed:
                by, reason, year, items, before = self._detail(detail)
                if year:
                    latest = max(latest, f"{year}-12-31")
            source, evidence = (text or None for text in more) if more else (None, None)
            trusted = standing != "declared"
            one = make((
                key, fact, what, standing, kind, since if on else None, source, evidence,
                until_repair if repaired else None, _day(ended) if ended else None,
                by, reason, year, items, before,
                since, until_repair, until, (since, trusted, key),
            ))  # fmt: skip
            records.append(one)
            if trusted or own:
                usable[fact] = (*usable[fact], one) if fact in usable else (one,)
        if latest > self._today:
            raise _Misfit
        seen = (_day(latest) if latest else first, "")
        return Facts(self._basis, tuple(records), usable, seen)

    def _detail(self, text: str) -> tuple[Any, ...]:
        found = orjson.loads(text)
        items, before = (
            {name: Decimal(amount) for name, amount in found[sheet].items()}
            if sheet in found
            else NOTHING
            for sheet in ("items", "before")
        )
        if not (self._amounts.issuperset(items) and self._amounts.issuperset(before)):
            raise _Misfit
        return found.get("by"), found.get("reason"), found.get("year", 0), items, before

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
        detailed=spec.type in _DETAILED,
        day=spec.type == "date",
    )


@lru_cache(maxsize=65_536)  # the days of a lifetime
def _day(text: str) -> date:
    return date.fromisoformat(text)


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
