"""Rules, results and comparisons as plain text for a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff
from unicodedata import east_asian_width

from bot.scoring.canonical import plain
from bot.scoring.describe import Wording
from bot.scoring.diff import Comparison
from bot.scoring.explain import Explanation
from bot.scoring.pack import Bar, Group, Pack


def explanation_lines(told: Explanation) -> Iterator[str]:
    """The explanation, section by section."""
    result = told.result
    name = f" {result.facts.subject}" if result.facts.subject else ""
    yield f"{result.pack.name} 第 {result.pack.version} 版{name}，{result.as_of}"
    for title, lines in told.sections:
        yield ""
        yield f"【{title}】"
        yield from (f"  {line}" for line in lines)


def pack_lines(pack: Pack, wording: Wording) -> Iterator[str]:
    """The whole scheme as a person would read it."""
    score = pack.score
    yield f"{pack.name}（{pack.id}）第 {pack.version} 版"
    yield f"依据：{pack.document}"
    yield f"SHA-256：{pack.hash}"
    limits = f"{plain(score.at_least)} 到 {plain(score.at_most)} 分"
    yield f"总分：从 {plain(score.base)} 分起，限制在 {limits}"
    yield from (f"门槛：{gate.refusal}" for gate in pack.gates)
    yield ""
    rules = dict(zip((i.id for i in pack.indicators), wording.rules(pack), strict=True))
    yield from _group(pack, None, 0, rules)
    yield from (f"行业标准值：{row.name}，{row.year} 年，{row.source}" for row in pack.references)
    yield from _bars(pack, "否决", [bar for bar in pack.bars if bar.veto])
    yield from _bars(pack, "限制", [bar for bar in pack.bars if not bar.veto])
    yield "等级"
    rows = [
        (
            g.name,
            f"{plain(g.start)} 以上" + (f"，未满 {plain(g.below)}" if g.below else ""),
            g.meaning,
        )
        for g in pack.grades
    ]
    yield from table(("等级", "分数", "含义"), rows)


def changed_lines(old: Pack | None, new: Pack, wording: Wording) -> Iterator[str]:
    """What a new version says otherwise than the one before it; all of it where there is none."""
    if old is None:
        yield "以前没有发布过，全文如下："
        yield from pack_lines(new, wording)
        return
    yield f"和第 {old.version} 版相比（- 原来，+ 现在）："
    before, after = list(pack_lines(old, wording)), list(pack_lines(new, wording))
    rows = list(unified_diff(before, after, n=0, lineterm=""))[2:]
    yield from (row for row in rows if not row.startswith("@@"))


def _group(
    pack: Pack, within: str | None, depth: int, rules: dict[str, tuple[str, str]]
) -> Iterator[str]:
    for group in (group for group in pack.groups if group.within == within):
        yield f"{'  ' * depth}{group.name}{_limit(group)}"
        for indicator in (i for i in pack.indicators if i.group == group.id):
            rule = rules[indicator.id][0]
            yield f"{'  ' * (depth + 1)}{indicator.code} {indicator.name}：{rule}"
        yield from _group(pack, group.id, depth + 1, rules)
        if not depth:
            yield ""


def _limit(group: Group) -> str:
    if group.at_most is not None:
        return f"（至多 {plain(group.at_most)} 分）"
    return f"（至多扣 {plain(-group.at_least)} 分）" if group.at_least is not None else ""


def _bars(pack: Pack, title: str, bars: Sequence[Bar]) -> Iterator[str]:
    if bars:
        yield title
        graded = {grade.name for grade in pack.grades if grade.graded}
        rows = [
            (
                bar.name,
                f"最高 {bar.result}" if bar.result in graded else bar.result,
                str(bar.source),
            )
            for bar in bars
        ]
        yield from table(("情况", "结果", "依据"), rows)
        yield ""


def comparison_lines(found: Comparison) -> Iterator[str]:
    """Totals first, then everybody who moves, with the reasons."""
    moved = [move for move in found.moves if move.moved]
    changed = [move for move in found.moves if not move.moved and move.reasons]
    count = f"等级变化 {len(moved)} 家，只有分数或明细变化 {len(changed)} 家"
    yield f"共 {len(found.moves)} 家：{count}。"
    rows = [(old, new, str(count)) for (old, new), count in found.counts]
    yield from table(("原等级", "新等级", "家数"), rows)
    for move in [*moved, *changed]:
        yield ""
        old, new = _total(move.total_before), _total(move.total_after)
        yield f"{move.name}：{move.level_before}（{old}）→ {move.level_after}（{new}）"
        yield from (f"  {r.name}：{r.before} → {r.after}" for r in move.reasons)


def _total(total: object) -> str:
    return "没有分数" if total is None else f"{total:f} 分"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Columns that line up, also where characters are two columns wide."""
    cells = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(_width(row[n]) for row in cells) for n in range(len(head))]
    for row in cells:
        padded = (
            text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
        )
        yield "  " + "  ".join(padded).rstrip()


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
