"""Names in a pack that lead nowhere, and rules that do not fit what they are applied to."""

from collections.abc import Iterator

from bot.scoring.formula import Formula, FormulaError
from bot.scoring.pack import ANY_KIND, Bar, Gate, Pack, Part, Reference
from bot.scoring.ratios import ANY_INDUSTRY

# Which type of fact each rule reads.
_TYPES = {
    "choice": "choice",
    "present": "records",
    "count": "records",
    "age": "date",
    "bands": "number",
    "expert": "mark",
}
Found = Iterator[tuple[str, str]]


def wrong_names(pack: Pack) -> Found:
    """Every name that is used and not defined, each with its place."""
    if not pack.grades or not pack.indicators:
        yield "", "至少要有一个 [[indicator]] 和一个 [[grade]]"
    yield from _groups(pack)
    for indicator in pack.indicators:
        for part in indicator.parts:
            yield from ((f"indicator[{part.id}]", words) for words in _part(pack, part))
    for bar in pack.bars:
        place = f"{'veto' if bar.veto else 'ceiling'}[{bar.id}]"
        yield from ((place, words) for words in _bar(pack, bar))
    for gate in pack.gates:
        yield from ((f"gate[{gate.id}]", words) for words in _gate(pack, gate))
    yield from _financial(pack)


def _groups(pack: Pack) -> Found:
    within = {group.id: group.within for group in pack.groups}
    for group in pack.groups:
        seen, at = {group.id}, group.within
        while at is not None:
            if at not in within or at in seen:
                yield f"group[{group.id}]", f"上级组“{at}”不存在，或首尾相连"
                break
            seen.add(at)
            at = within[at]
    for indicator in pack.indicators:
        if indicator.group not in within:
            yield f"indicator[{indicator.id}]", f"没有“{indicator.group}”这个组"


def _part(pack: Pack, part: Part) -> Iterator[str]:
    if part.fact is not None:
        spec = pack.facts.get(part.fact)
        if spec is None:
            yield f"没有“{part.fact}”这项事实"
            return
        if spec.type != _TYPES[part.rule]:
            yield f"{part.rule} 规则要用 {_TYPES[part.rule]} 类的事实，“{part.fact}”是 {spec.type}"
            return
        yield from _answers(part, spec.values, "值")
        kinds = tuple(kind for kind, _ in part.each if kind != ANY_KIND)
        if kinds and set(kinds) != set(spec.kinds):
            yield f"each 应当正好写全这些种类：{'、'.join(spec.kinds) or '（没有分种类）'}"
    if part.rule == "expert" and pack.expert is None:
        yield "用到专家评分，却没有 [expert]"
    if part.ratio is not None and part.ratio not in {ratio.name for ratio in pack.ratios}:
        yield f"没有“{part.ratio}”这个比率"
    if part.rule == "ratio" and (pack.levels is None or pack.statement is None):
        yield "用到比率，却没有 [levels] 或 [statement]"
    if part.formula is not None:
        yield from _formula(pack, part.formula, part.positive)
    if part.effort is not None and part.how is None:
        yield "有 effort 却没有 how"


def _answers(part: Part, values: tuple[str, ...], word: str) -> Iterator[str]:
    if part.rule == "choice":
        given = {value for value, _ in part.choices}
        if given != set(values):
            odd = sorted(given ^ set(values))
            yield f"points 和事实的{word}对不上：{'、'.join(odd)}"


def _bar(pack: Pack, bar: Bar) -> Iterator[str]:
    if bar.result not in {grade.name for grade in pack.grades}:
        yield f"等级里没有“{bar.result}”"
    spec = pack.facts.get(bar.fact)
    if spec is None:
        yield f"没有“{bar.fact}”这项事实"
        return
    wanted = "date" if bar.younger_than_years is not None else "records"
    if spec.type != wanted:
        yield f"要用 {wanted} 类的事实，“{bar.fact}”是 {spec.type}"
    if not set(bar.kinds) <= set(spec.kinds):
        yield f"事实“{bar.fact}”没有这些种类：{'、'.join(sorted(set(bar.kinds) - set(spec.kinds)))}"


def _gate(pack: Pack, gate: Gate) -> Iterator[str]:
    spec = pack.facts.get(gate.fact)
    if spec is None or spec.type != "choice" or spec.many:
        yield f"门槛要用单选的事实，“{gate.fact}”不是"
    elif not gate.allow or not set(gate.allow) <= set(spec.values):
        yield "allow 里有事实没有的值"


def _financial(pack: Pack) -> Found:
    if pack.statement is not None:
        spec = pack.facts.get(pack.statement.fact)
        if spec is None or spec.type != "statement":
            yield "statement.fact", "应当是一项 statement 类的事实"
        industry = pack.facts.get(pack.statement.industry or "")
        if pack.statement.industry and (industry is None or industry.type != "text"):
            yield "statement.industry", "应当是一项 text 类的事实"
        if unknown := set(pack.statement.signed) - set(pack.statement.items):
            yield "statement.signed", f"没有这些科目：{'、'.join(sorted(unknown))}"
    for ratio in pack.ratios:
        problems = _formula(pack, ratio.formula, ratio.positive)
        yield from ((f"ratio[{ratio.name}]", words) for words in problems)
    used = {p.ratio for i in pack.indicators for p in i.parts if p.rule == "ratio" and p.ratio}
    if used and ANY_INDUSTRY not in {row.industry for row in pack.references}:
        yield "reference", f"缺少通用的一张（industry = “{ANY_INDUSTRY}”）"
    for row in pack.references:
        yield from ((f"reference[{row.industry}]", w) for w in _reference(pack, row, used))


def _reference(pack: Pack, row: Reference, used: set[str]) -> Iterator[str]:
    for name in sorted(used - set(row.values)):
        yield f"缺少“{name}”"
    for name in sorted(set(row.values) - {ratio.name for ratio in pack.ratios}):
        yield f"没有“{name}”这个比率"
    count = len(pack.levels.shares) if pack.levels else 0
    for name, values in row.values.items():
        if len(values) != count:
            yield f"“{name}”应当有 {count} 个标准值"
        elif list(values) not in (sorted(values), sorted(values, reverse=True)):
            yield f"“{name}”的标准值应当从优到差排列"


def _formula(pack: Pack, text: str, positive: tuple[str, ...]) -> Iterator[str]:
    try:
        Formula(text, positive, pack.statement.items if pack.statement else ())
    except FormulaError as error:
        yield str(error)
