"""Finds what is wrong with a pack: gaps, dead grades, double counting, numbers without source."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.scoring.engine import Compiled
from bot.scoring.formula import Formula
from bot.scoring.lint_names import wrong_names
from bot.scoring.pack import Band, Bar, Group, Indicator, Pack, Part
from bot.scoring.pack_reader import read_pack
from bot.scoring.reading import BadData

ZERO = Decimal(0)
_LONGEST_WINDOW = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect: where, which kind, and a sentence for the person who edits the file."""

    file: str
    place: str
    code: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}：{self.place}：{self.problem}（{self.code}）"


def load_pack(text: str, file: str) -> Pack:
    """A pack fit to score with: read strictly and free of findings."""
    pack = read_pack(text, file)
    findings = check_pack(pack)
    if findings:
        first, more = findings[0], len(findings) - 1
        rest = f"；另有 {more} 处问题" if more else ""
        raise BadData(file, first.place, f"{first.problem}（{first.code}）{rest}")
    return pack


def check_pack(pack: Pack) -> list[Finding]:
    """Every defect of the pack; names that lead nowhere come alone, since all else needs them."""
    names = [Finding(pack.file, place, "name", words) for place, words in wrong_names(pack)]
    if names:
        return names
    checks = (
        _ladder,
        _bands,
        _unreachable,
        _counted_twice,
        _sources,
        _ceilings,
        _caps,
        _dates,
        _divisors,
        _pointless,
        _unused,
        _exact,
    )
    return [
        Finding(pack.file, place, check.__name__.lstrip("_"), words)
        for check in checks
        for place, words in check(pack)
    ]


Found = Iterator[tuple[str, str]]


def _parts(pack: Pack) -> Iterator[tuple[Indicator, Part]]:
    return ((indicator, part) for indicator in pack.indicators for part in indicator.parts)


def _ladder(pack: Pack) -> Found:
    grades = pack.grades
    if grades[0].below is not None:
        yield f"grade[{grades[0].name}]", "最高一级不应当有 below"
    for upper, lower in itertools.pairwise(grades):
        place = f"grade[{lower.name}]"
        if lower.below is None or lower.below > upper.start:
            yield place, f"和 {upper.name} 重叠：{upper.name} 从 {upper.start} 开始"
        elif lower.below < upper.start:
            yield place, f"{lower.below} 到 {upper.start} 之间没有等级"
        elif lower.start >= lower.below:
            yield place, "from 不小于 below，没有分数落在里面"
    lowest = grades[-1]
    if lowest.start != pack.score.at_least:
        yield f"grade[{lowest.name}]", f"最低一级应当从总分下限 {pack.score.at_least} 开始"


def _bands(pack: Pack) -> Found:
    for _, part in _parts(pack):
        if part.rule in {"age", "bands", "formula"}:
            place = f"indicator[{part.id}].bands"
            yield from ((place, words) for words in _band_problems(part.bands, part.rule))


def _band_problems(bands: tuple[Band, ...], rule: str) -> Iterator[str]:
    if not bands:
        yield "至少要有一个区间"
        return
    first, last = bands[0], bands[-1]
    if first.start is not None and (rule == "formula" or first.start > 0):
        yield f"{first.start} 以下没有区间"
    if last.below is not None:
        yield f"{last.below} 以上没有区间"
    for lower, upper in itertools.pairwise(bands):
        if lower.below is None or upper.start is None or upper.start < lower.below:
            yield f"两个区间重叠（{_edge(lower.below)} 和 {_edge(upper.start)}）"
        elif upper.start > lower.below:
            yield f"{lower.below} 到 {upper.start} 之间没有区间"
    for band in bands:
        if band.start is not None and band.below is not None and band.start >= band.below:
            yield f"from {band.start} 不小于 below {band.below}"


def _edge(number: Decimal | None) -> str:
    return "没有写" if number is None else str(number)


def _range(part: Part) -> tuple[Decimal, Decimal]:
    """The least and the most that a part can give; unknown gives zero."""
    numbers = [ZERO, *(points for _, points in part.choices), *(b.points for b in part.bands)]
    if part.points is not None:
        numbers.append(part.points)
    if part.each:
        numbers.append(part.cap or ZERO)
    return min(numbers), max(numbers)


def _group_range(pack: Pack, name: str | None) -> tuple[Decimal, Decimal]:
    least = most = ZERO
    for low, high in _members(pack, name):
        least, most = least + low, most + high
    group = next((group for group in pack.groups if group.id == name), None)
    if group is not None:
        least, most = _held(group, least), _held(group, most)
    return least, most


def _held(group: Group, points: Decimal) -> Decimal:
    if group.at_most is not None:
        points = min(points, group.at_most)
    return points if group.at_least is None else max(points, group.at_least)


def _members(pack: Pack, name: str | None) -> list[tuple[Decimal, Decimal]]:
    own = [
        tuple(map(sum, zip(*(_range(part) for part in i.parts), strict=True)))
        for i in pack.indicators
        if i.group == name
    ]
    below = [_group_range(pack, group.id) for group in pack.groups if group.within == name]
    return [(Decimal(low), Decimal(high)) for low, high in own] + below


def _unreachable(pack: Pack) -> Found:
    low, high = _group_range(pack, None)
    base = pack.score.base
    least = max(pack.score.at_least, base + low)
    most = min(pack.score.at_most, base + high)
    for grade in pack.grades:
        if grade.start > most:
            yield f"grade[{grade.name}]", f"没有企业能达到：总分最高 {most}，要求 {grade.start}"
        elif grade.graded and grade.below is not None and grade.below <= least:
            yield f"grade[{grade.name}]", f"没有企业会落到：总分最低 {least}"


def _counted_twice(pack: Pack) -> Found:
    seen: dict[str, str] = {}
    for indicator, part in _parts(pack):
        if part.rule == "cite":
            continue
        key = part.fact or part.ratio or part.formula or ""
        other = seen.setdefault(key, part.id)
        if other != part.id:
            yield f"indicator[{indicator.id}]", f"“{key}”已经在 {other} 计过分，不能再计一次"


def _sources(pack: Pack) -> Found:
    rows: list[tuple[str, object]] = [("score", pack.score.source)]
    rows += [(f"gate[{gate.id}]", gate.source) for gate in pack.gates]
    rows += [(f"group[{group.id}]", group.source) for group in pack.groups]
    rows += [(f"indicator[{i.id}]", i.source) for i in pack.indicators]
    rows += [(_bar_place(bar), bar.source) for bar in pack.bars]
    rows += [(f"grade[{grade.name}]", grade.source) for grade in pack.grades]
    rows += [(f"ratio[{ratio.name}]", ratio.source) for ratio in pack.ratios]
    rows += [(f"reference[{row.industry}]", row.source) for row in pack.references]
    rows += [("expert", pack.expert.source)] if pack.expert else []
    rows += [("levels", pack.levels.source)] if pack.levels else []
    yield from ((place, "没有写 source：数字从哪里来") for place, source in rows if source is None)


def _bar_place(bar: Bar) -> str:
    return f"{'veto' if bar.veto else 'ceiling'}[{bar.id}]"


def _ceilings(pack: Pack) -> Found:
    for bar in pack.bars:
        if pack.rank(bar.result) == 0:
            yield _bar_place(bar), "限制到最高一级等于没有限制"


def _caps(pack: Pack) -> Found:
    for group in pack.groups:
        members = _members(pack, group.id)
        gains = [high for _, high in members if high > 0]
        losses = [low for low, _ in members if low < 0]
        if group.at_most is not None and gains and group.at_most < min(gains):
            yield f"group[{group.id}]", f"封顶 {group.at_most} 低于最小的一项 {min(gains)}"
        if group.at_least is not None and losses and group.at_least > max(losses):
            yield f"group[{group.id}]", f"扣分下限 {group.at_least} 高于最小的一项 {max(losses)}"
    for _, part in _parts(pack):
        if part.rule == "count" and part.cap is not None:
            wrong = [p for _, p in part.each if p * part.cap <= 0 or abs(p) > abs(part.cap)]
            if wrong:
                yield f"indicator[{part.id}]", f"cap {part.cap} 容不下一次 {wrong[0]}"


def _dates(pack: Pack) -> Found:
    spans = [(f"indicator[{part.id}]", part.window_years) for _, part in _parts(pack)]
    spans += [(_bar_place(bar), bar.window_years) for bar in pack.bars]
    spans += [(_bar_place(bar), bar.younger_than_years) for bar in pack.bars]
    for place, years in spans:
        if years is not None and not 1 <= years <= _LONGEST_WINDOW:
            yield place, f"{years} 年的时间窗口不合理"
    for row in pack.references:
        if not 1990 <= row.year <= 2999:
            yield f"reference[{row.industry}]", f"{row.year} 年的标准值不合理"
    for bar in pack.bars:
        if bar.happened and not bar.window_years:
            yield _bar_place(bar), "counts = happened 却没有时间窗口：永远不会结束"


def _divisors(pack: Pack) -> Found:
    items = pack.statement.items if pack.statement else ()
    rows = [(f"ratio[{row.name}]", row.formula, row.positive) for row in pack.ratios]
    for _, part in _parts(pack):
        if part.formula is not None:
            rows.append((f"indicator[{part.id}]", part.formula, part.positive))
    for place, formula, positive in rows:
        for divisor in Formula(formula, positive, items).unguarded:
            yield place, f"除数“{divisor}”没有写进 positive：为负时，越差反而分越高"


def _pointless(pack: Pack) -> Found:
    for veto in (bar for bar in pack.bars if bar.veto):
        for other in (bar for bar in pack.bars if not bar.veto and bar.fact == veto.fact):
            if _covers(pack, other, veto):
                yield _bar_place(veto), f"限制 {other.id} 已经同样严格，这条否决没有作用"


def _covers(pack: Pack, ceiling: Bar, veto: Bar) -> bool:
    kinds = not ceiling.kinds or (bool(veto.kinds) and set(veto.kinds) <= set(ceiling.kinds))
    window = not ceiling.window_years or (
        bool(veto.window_years) and (veto.window_years or 0) <= ceiling.window_years
    )
    lasts = ceiling.happened or not veto.happened
    strict = pack.rank(ceiling.result) >= pack.rank(veto.result)
    return kinds and window and lasts and strict


def _unused(pack: Pack) -> Found:
    used = {part.fact for _, part in _parts(pack)} | {bar.fact for bar in pack.bars}
    used |= {gate.fact for gate in pack.gates}
    if pack.statement:
        used |= {pack.statement.fact, pack.statement.industry}
    for fact in pack.facts:
        if fact not in used:
            yield f"facts.{fact}", "没有规则用到这项事实"


def _exact(pack: Pack) -> Found:
    """What shows only when the pack is turned into functions: numbers that are too fine."""
    try:
        Compiled(pack)
    except BadData as error:
        yield error.place or "score", error.problem
