"""Reads a scheme pack strictly: unknown keys, missing numbers and names of nothing are refused."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from bot.scoring.canonical import fingerprint
from bot.scoring.pack import (
    ANY_KIND,
    FACT_TYPES,
    Band,
    Bar,
    Expert,
    FactSpec,
    Gate,
    Grade,
    Group,
    Indicator,
    Levels,
    Pack,
    Part,
    Ratio,
    Reference,
    Score,
    Source,
    Statement,
)
from bot.scoring.reading import BadData, Table, parse_toml

T = TypeVar("T")


def read_pack(text: str, file: str) -> Pack:
    """The pack that the text describes. What only the linter can see is not checked here."""
    data = parse_toml(text, file)
    top = Table(data, file)
    pack = Pack(
        id=top.text("id"),
        version=top.integer("version"),
        name=top.text("name"),
        document=top.text("document"),
        hash=fingerprint(data),
        file=file,
        score=_last(top.table("score"), _score),
        facts=_facts(top.table("facts")),
        gates=top.each("gate", _gate),
        groups=top.each("group", _group),
        indicators=top.each("indicator", _indicator),
        bars=top.each("veto", _veto) + top.each("ceiling", _ceiling),
        grades=top.each("grade", _grade),
        expert=_maybe(top, "expert", _expert),
        statement=_maybe(top, "statement", _statement),
        ratios=top.each("ratio", _ratio),
        levels=_maybe(top, "levels", _levels),
        references=top.each("reference", _reference),
    )
    top.done()
    _no_name_twice(pack)
    return pack


def source_of(table: Table) -> Source | None:
    """None where the file is silent: the linter reports it together with everything else."""
    found = table.maybe_table("source")
    if found is None:
        return None
    source = Source(found.maybe_text("standard"), found.maybe_text("house"))
    found.done()
    return source if source.standard or source.house else None


def _last(table: Table, read: Callable[[Table], T]) -> T:
    value = read(table)
    table.done()
    return value


def _maybe(top: Table, key: str, read: Callable[[Table], T]) -> T | None:
    table = top.maybe_table(key)
    return None if table is None else _last(table, read)


def _score(t: Table) -> Score:
    return Score(t.number("base"), t.number("at_least"), t.number("at_most"), source_of(t))


def _facts(table: Table) -> Mapping[str, FactSpec]:
    return {
        key: _fact(Table(value, table.file, f"facts.{key}"), key) for key, value in table.items()
    }


def _fact(t: Table, key: str) -> FactSpec:
    spec = FactSpec(
        id=key,
        name=t.text("name"),
        type=t.one_of("type", FACT_TYPES),
        values=t.texts("values"),
        kinds=t.texts("kinds"),
        many=t.flag("many", default=False),
        adverse=t.flag("adverse", default=False),
        evidence=t.text("evidence"),
    )
    if (spec.type == "choice") != bool(spec.values):
        t.fail("choice 要有 values，其他类型不能有", "values")
    if spec.kinds and spec.type != "records":
        t.fail("只有 records 可以分 kinds", "kinds")
    t.done()
    return spec


def _gate(t: Table) -> Gate:
    return Gate(t.text("id"), t.text("fact"), t.texts("allow"), t.text("refusal"), source_of(t))


def _group(t: Table) -> Group:
    return Group(
        id=t.text("id"),
        name=t.text("name"),
        within=t.maybe_text("within"),
        at_least=t.maybe_number("at_least"),
        at_most=t.maybe_number("at_most"),
        source=source_of(t),
    )


def _indicator(t: Table) -> Indicator:
    code, name, own = t.text("id"), t.text("name"), "rule" in t
    parts = (_part(t, code, name),) if own else t.each("part", _named_part)
    if not parts:
        t.fail("指标没有 rule，也没有 part")
    return Indicator(code, t.text("code"), name, t.text("group"), parts, source_of(t))


def _named_part(t: Table) -> Part:
    return _part(t, t.text("id"), t.text("name"))


def _part(t: Table, key: str, name: str) -> Part:
    rule = t.one_of("rule", tuple(_RULES))
    effort = t.maybe_integer("effort")
    if effort is not None and not 1 <= effort <= 9:
        t.fail("应当在 1 到 9 之间", "effort")
    return _RULES[rule](t, Part(key, name, rule, effort=effort, how=t.maybe_text("how")))


def _choice(t: Table, part: Part) -> Part:
    return replace(part, fact=t.text("fact"), choices=_numbers(t.table("points")))


def _present(t: Table, part: Part) -> Part:
    return replace(part, fact=t.text("fact"), points=t.number("points"), window_years=_window(t))


def _count(t: Table, part: Part) -> Part:
    return replace(
        part,
        fact=t.text("fact"),
        each=_each(t),
        cap=t.number("cap"),
        window_years=_window(t),
    )


def _each(t: Table) -> tuple[tuple[str, Decimal], ...]:
    if not t.holds_table("each"):
        return ((ANY_KIND, t.number("each")),)
    return _numbers(t.table("each"))


def _numbers(table: Table) -> tuple[tuple[str, Decimal], ...]:
    return tuple((key, table.number(key)) for key in table.keys())  # noqa: SIM118 (a Table)


def _banded(t: Table, part: Part) -> Part:
    return replace(part, fact=t.text("fact"), bands=t.each("bands", _band))


def _formula(t: Table, part: Part) -> Part:
    return replace(
        part, formula=t.text("formula"), positive=t.texts("positive"), bands=t.each("bands", _band)
    )


def _ratio_rule(t: Table, part: Part) -> Part:
    return replace(part, ratio=t.text("ratio"), points=t.number("points"))


def _cite(t: Table, part: Part) -> Part:
    return replace(part, ratio=t.text("ratio"))


def _expert_rule(t: Table, part: Part) -> Part:
    return replace(part, fact=t.text("fact"), points=t.number("points"))


_RULES: Mapping[str, Callable[[Table, Part], Part]] = {
    "choice": _choice,
    "present": _present,
    "count": _count,
    "age": _banded,
    "bands": _banded,
    "formula": _formula,
    "ratio": _ratio_rule,
    "cite": _cite,
    "expert": _expert_rule,
}


def _band(t: Table) -> Band:
    return Band(t.maybe_number("from"), t.maybe_number("below"), t.number("points"))


def _window(t: Table) -> int | None:
    return t.maybe_integer("window_years")


def _veto(t: Table) -> Bar:
    return _bar(t, t.text("result"), veto=True)


def _ceiling(t: Table) -> Bar:
    return _bar(t, t.text("at_most"), veto=False)


def _bar(t: Table, result: str, *, veto: bool) -> Bar:
    return Bar(
        id=t.text("id"),
        name=t.text("name"),
        fact=t.text("fact"),
        kinds=t.texts("kinds"),
        window_years=_window(t),
        happened=t.one_of("counts", ("in_force", "happened"), "in_force") == "happened",
        younger_than_years=t.maybe_integer("younger_than_years"),
        result=result,
        remedy=t.maybe_text("remedy"),
        source=source_of(t),
        veto=veto,
    )


def _grade(t: Table) -> Grade:
    return Grade(
        name=t.text("name"),
        start=t.number("from"),
        below=t.maybe_number("below"),
        graded=t.flag("graded", default=True),
        class_name=t.maybe_text("class"),
        print_class=t.flag("print_class", default=True),
        meaning=t.text("meaning"),
        source=source_of(t),
    )


def _expert(t: Table) -> Expert:
    found = Expert(t.integer("top"), t.integer("marks"), t.integer("self_marks"), source_of(t))
    if min(found.top, found.marks, found.self_marks) < 1:
        t.fail("专家评分的满分和人数至少是 1")
    return found


def _statement(t: Table) -> Statement:
    sheets = t.each("sheet", lambda s: (s.text("name"), s.texts("items")))
    return Statement(t.text("fact"), t.maybe_text("industry"), sheets, t.texts("signed"))


def _ratio(t: Table) -> Ratio:
    return Ratio(t.text("name"), t.text("formula"), t.texts("positive"), source_of(t))


def _levels(t: Table) -> Levels:
    return Levels(_numbers(t.table("shares")), source_of(t))


def _reference(t: Table) -> Reference:
    table = t.table("values")
    values = {key: table.numbers(key) for key in table.keys()}  # noqa: SIM118 (a Table)
    return Reference(t.text("industry"), t.text("name"), t.integer("year"), values, source_of(t))


def _no_name_twice(pack: Pack) -> None:
    lists = {
        "gate": [gate.id for gate in pack.gates],
        "group": [group.id for group in pack.groups],
        "indicator": [p.id for i in pack.indicators for p in i.parts]
        + [i.id for i in pack.indicators if [p.id for p in i.parts] != [i.id]],
        "veto、ceiling": [bar.id for bar in pack.bars],
        "grade": [grade.name for grade in pack.grades],
        "ratio": [ratio.name for ratio in pack.ratios],
        "reference": [reference.industry for reference in pack.references],
    }
    for place, names in lists.items():
        for name in names:
            if names.count(name) > 1:
                raise BadData(pack.file, f"{place}[{name}]", "这个名字用了两次，请改一个")
