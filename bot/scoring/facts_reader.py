"""Reads facts strictly against a pack: what cannot be counted is refused, with its place."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from bot.scoring.facts import BASES, STANDINGS, Facts, Record, by_fact_and_id, gather, record
from bot.scoring.pack import FactSpec, Pack, Statement
from bot.scoring.reading import BadData, Table, parse_json, parse_toml

FORMAT = 1
_MOST = 10_000  # more of one thing than any enterprise has: a typing slip


def read_facts(pack: Pack, text: str, file: str) -> Facts:
    """Facts from a TOML or JSON file, told apart by the file's name."""
    data = parse_json(text, file) if file.endswith(".json") else parse_toml(text, file)
    top = Table(data, file)
    if top.integer("format") != FORMAT:
        top.fail(f"只认识 format = {FORMAT}", "format")
    facts = facts_from(pack, top, basis="self", standing="declared")
    top.done()
    return facts


def facts_from(pack: Pack, top: Table, *, basis: str, standing: str) -> Facts:
    """Facts from an open table that may also hold other keys; the defaults are the caller's."""
    subject = top.text("subject", " ").strip()
    basis = top.one_of("basis", BASES, basis)
    standing = top.one_of("standing", STANDINGS, standing)
    reader = _Reader(pack, standing)
    values = top.maybe_table("values")
    found = [] if values is None else [reader.value(values, key) for key in values.keys()]  # noqa: SIM118
    found += top.each("records", reader.read)
    _refuse_doubles(pack, sorted(found, key=by_fact_and_id), top.file)
    return gather(found, basis=basis, file=top.file, subject=subject)


class _Reader:
    """Reads records against the facts that a pack declares."""

    def __init__(self, pack: Pack, standing: str) -> None:
        self._pack, self._standing = pack, standing
        self._dated = {
            part.fact for i in pack.indicators for part in i.parts if part.window_years
        } | {bar.fact for bar in pack.bars if bar.window_years}

    def value(self, values: Table, key: str) -> Record:
        """The short form: one line of [values]."""
        row = {"id": f"values.{key}", "fact": key, "value": values.raw(key)}
        table = Table(row, values.file, f"{values.place}.{key}")
        return self.read(table)

    def read(self, t: Table) -> Record:
        spec = self._spec(t)
        key = t.text("id")
        value = self._value(t, spec)
        on = t.maybe_day("date")
        if on is None and spec.id in self._dated and value != 0:
            t.fail("这一项按时间窗口计算，请补上日期", "date")
        standing = t.one_of("standing", STANDINGS, self._standing)
        kind = self._kind(t, spec, value)
        by, reason = (t.text("by"), t.text("reason")) if spec.type == "mark" else (None, None)
        year, items, before = self._statement(t, spec)
        if t.is_read():  # as most are by now
            return record(
                key,
                spec.id,
                value,
                standing,
                kind=kind,
                on=on,
                by=by,
                reason=reason,
                year=year,
                items=items,
                before=before,
            )
        repaired_on, ended_on = _ends(t, spec, on)
        return record(
            key,
            spec.id,
            value,
            standing,
            kind=kind,
            on=on,
            source=t.maybe_text("source"),
            evidence=t.maybe_text("evidence"),
            repaired_on=repaired_on,
            ended_on=ended_on,
            by=by or t.maybe_text("by"),
            reason=reason or t.maybe_text("reason"),
            year=year,
            items=items,
            before=before,
        )

    def _spec(self, t: Table) -> FactSpec:
        fact = t.text("fact")
        spec = self._pack.facts.get(fact)
        if spec is None:
            t.fail(f"“{fact}”不是评分包 {self._pack.id} 里的事实", "fact")
        return spec

    def _value(self, t: Table, spec: FactSpec) -> Any:  # noqa: PLR0911 (one way out per type)
        match spec.type:
            case "choice":
                return t.one_of("value", spec.values)
            case "text":
                return t.text("value")
            case "date":
                return t.day("value")
            case "number":
                return _not_negative(t, t.number("value"))
            case "records":
                return _not_negative(t, t.integer("value", 1))
            case "mark":
                return self._mark(t)
            case _:
                return None

    def _mark(self, t: Table) -> int:
        mark, expert = t.integer("value"), self._pack.expert
        if expert is not None and not 0 <= mark <= expert.top:
            t.fail(f"专家评分应当是 0 到 {expert.top} 的整数", "value")
        return mark

    @staticmethod
    def _kind(t: Table, spec: FactSpec, value: object) -> str:
        return t.one_of("kind", spec.kinds) if spec.kinds and value != 0 else ""

    def _statement(
        self, t: Table, spec: FactSpec
    ) -> tuple[int, Mapping[str, Decimal], Mapping[str, Decimal]]:
        if spec.type != "statement" or self._pack.statement is None:
            return 0, {}, {}
        year = t.integer("year")
        if not 1949 <= year <= 2999:
            t.fail("报表年度不合理", "year")
        known = self._pack.statement
        return year, _amounts(t.table("items"), known), _amounts(t.maybe_table("before"), known)


def _amounts(table: Table | None, known: Statement) -> Mapping[str, Decimal]:
    if table is None:
        return {}
    items = known.items
    names = table.keys()
    for name in names:
        if name not in items:
            table.fail("报表里没有这个科目，请检查名称", name)
    amounts = {name: table.number(name) for name in names}
    for name, amount in amounts.items():
        if amount < 0 and name not in known.signed:
            table.fail("这个科目不能是负数，请检查", name)
    return amounts


def _not_negative(t: Table, number: Any) -> Any:
    if number < 0:
        t.fail("不能是负数", "value")
    if isinstance(number, int) and number > _MOST:
        t.fail("数量太大，请检查", "value")
    return number


def _ends(t: Table, spec: FactSpec, on: date | None) -> tuple[date | None, date | None]:
    repaired_on, ended_on = t.maybe_day("repaired_on"), t.maybe_day("ended_on")
    if repaired_on and not spec.adverse:
        t.fail("只有不良记录可以修复", "repaired_on")
    for name, day in (("repaired_on", repaired_on), ("ended_on", ended_on)):
        if day and on and day < on:
            t.fail("不能早于 date", name)
    return repaired_on, ended_on


def _refuse_doubles(pack: Pack, records: Iterable[Record], file: str) -> None:
    """Two records with one id, two marks by one expert, two answers of equal weight."""
    ids: set[str] = set()
    answers: dict[object, Record] = {}
    for one in records:
        if one.id in ids:
            raise BadData(file, f"records[{one.id}]", "编号重复，请换一个编号")
        ids.add(one.id)
        spec = pack.facts[one.fact]
        if spec.type == "records" or spec.many:
            continue
        if spec.type == "mark":
            key: object = (one.fact, one.by)
        else:
            key = (one.fact, one.year, one.weight[:2])
        other = answers.setdefault(key, one)
        if other is one or (spec.type != "mark" and _same(other, one)):
            continue
        problem = (
            "同一位专家对同一项打了两次分"
            if spec.type == "mark"
            else f"与 {other.id} 矛盾：请写明日期，或只留一条"
        )
        raise BadData(file, f"records[{one.id}]", problem)


def _same(one: Record, other: Record) -> bool:
    return (one.value, one.items, one.before) == (other.value, other.items, other.before)
