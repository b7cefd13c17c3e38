"""Tables and figures of the evaluation report: what the verified records of an enterprise hold."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from bot.domain.charts import Part, Point
from bot.domain.reports import ANNEXES, Chapter, Table
from bot.scoring.canonical import plain
from bot.scoring.facts import Record
from bot.scoring.financials import Financials, Ratio
from bot.scoring.formula import Exact
from bot.scoring.pack import Indicator
from bot.scoring.result import Result
from bot.scoring.unknowns import extremes

NO_ANSWER = "没有依据"
UNKNOWN = "—"
MOST_TRENDS = 4
# Which facts an annex lists, by its place in ANNEXES; what the rules do not know of is left out.
LISTED: Mapping[int, tuple[str, ...]] = {
    2: ("honours",),
    4: ("qualifications",),
    6: ("violations", "product_complaints"),
    7: ("patents", "public_welfare"),
}
LOOKED_UP: Mapping[str, str] = {
    "violations": "violations_checked",
    "product_complaints": "complaints_checked",
}
"""Of which facts somebody must have looked before nothing means that there is nothing."""
PRODUCTS = 5, ("PQ0602", "PQ0603")
"""The annex about products, and the indicators of 002's annex A that it repeats."""
_FINEST = Decimal("0.0001")


def points_of(
    indicators: Iterable[tuple[Indicator, list[int | None]]], result: Result
) -> tuple[Table, tuple[Part, ...], int]:
    """The points of indicators as a table and as bars; and of how many nothing is known."""
    rows, bars, unknown = [], [], 0
    for indicator, units in indicators:
        most = result.points(sum(extremes(part, result.scale)[1] for part in indicator.parts))
        known = [one for one in units if one is not None]
        points = result.points(sum(known)) if known else None
        unknown += points is None
        told = NO_ANSWER if points is None else plain(points)
        rows.append((indicator.code, indicator.name, plain(most), told))
        if most > 0:  # what can only take points away has no bar
            value = None if points is None else Decimal(plain(points))
            bars.append(Part(indicator.name, value, Decimal(plain(most))))
    head = ("代码", "指标", "最高分", "得分")
    return Table("指标得分", head, tuple(rows), frozenset({2, 3})), tuple(bars), unknown


def ratios_of(indicators: Iterable[Indicator], money: Financials | None) -> Chapter | None:
    """The ratios that these indicators ask for: what they are, what they reach, how they moved."""
    names = {part.ratio for one in indicators for part in one.parts if part.ratio}
    if not names:
        return None
    if money is None:
        return Chapter("", ("没有核实过的财务报表，本部分的财务比率没有计算。",))
    found = [one for one in money.ratios if one.name in names]
    gaps = [f"{one.name}（{why}）" for one in found if isinstance(why := one.values[-1], str)]
    told = (f"以下比率没有计算：{'；'.join(gaps)}。",) if gaps else ()
    table = _compared(found, money)
    trends = [(one.name, _points(one, money.years)) for one in found if _moved(one)]
    return Chapter("", told, (table,), trends=tuple(trends[:MOST_TRENDS]))


def _compared(found: Sequence[Ratio], money: Financials) -> Table:
    """Each ratio of the last year beside the reference values of the industry."""
    year, reference = money.years[-1], money.reference
    rows = tuple(
        (
            one.name,
            _shown(one.values[-1]),
            one.level or "未知",
            *(plain(least) for least in reference.values[one.name]),
        )
        for one in found
    )
    source = f"{reference.name}，{reference.year} 年；0.45 即 45%"
    head = ("比率", f"{year}年", "水平", *money.levels)
    numeric = frozenset({1, *range(3, len(head))})
    return Table(f"财务比率和行业参考值（{source}）", head, rows, numeric)


def annexes(result: Result, money: Financials | None) -> tuple[Chapter, ...]:
    """All eight; one that has nothing to show is empty, and the template says so in a line."""
    found = {0: Chapter(ANNEXES[0], tables=(_levels(result),))}
    if money is not None:
        found[1] = Chapter(ANNEXES[1], tables=_statements(money))
    for place, facts in LISTED.items():
        found[place] = _listed(ANNEXES[place], facts, result)
    place, codes = PRODUCTS
    rows = zip(result.pack.indicators, result.by_indicator(), strict=True)
    table, _, _ = points_of(((one, units) for one, units in rows if one.code in codes), result)
    found[place] = Chapter(ANNEXES[place], tables=(table,) if table.rows else ())
    return tuple(found.get(n, Chapter(heading)) for n, heading in enumerate(ANNEXES))


def _levels(result: Result) -> Table:
    rows = tuple((one.name, one.meaning) for one in result.pack.grades)
    return Table("信用等级及含义", ("等级", "含义"), rows)


def _statements(money: Financials) -> tuple[Table, ...]:
    years = tuple(f"{year}年" for year in money.years)
    numeric = frozenset(range(1, len(years) + 1))
    items = tuple((name, *(_amount(one) for one in row)) for name, row in money.items)
    ratios = tuple((one.name, *(_shown(value) for value in one.values)) for one in money.ratios)
    return (
        Table("主要财务数据（万元）", ("项目", *years), items, numeric),
        Table("财务指标（按小数列示）", ("指标", *years), ratios, numeric),
    )


def _listed(heading: str, facts: Sequence[str], result: Result) -> Chapter:
    """The records of these facts that count on the day; and whether anybody has looked."""
    paragraphs, rows = [], []
    for fact in facts:
        spec = result.pack.facts.get(fact)
        if spec is None:
            continue
        there = [one for one in _in_force(fact, result) if one.value]
        rows += [_row(spec.name, one) for one in there]
        if not there and fact in LOOKED_UP:
            looked = bool(_in_force(LOOKED_UP[fact], result))
            paragraphs.append(
                f"{spec.name}：{'已经查询，没有查到。' if looked else '没有查询记录。'}"
            )
    table = Table("核实过的记录", ("类别", "日期", "情况", "来源"), tuple(rows))
    return Chapter(heading, tuple(paragraphs), (table,) if rows else ())


def _in_force(fact: str, result: Result) -> list[Record]:
    known = result.facts.usable.get(fact, ())
    return sorted((one for one in known if one.until > result.as_of), key=lambda one: one.since)


def _row(name: str, one: Record) -> tuple[str, str, str, str]:
    on = one.on.isoformat() if one.on else UNKNOWN
    count = f"{one.value} 项" if isinstance(one.value, int) and one.value > 1 else ""
    what = "，".join(filter(None, (one.kind, count, one.evidence))) or UNKNOWN
    return name, on, what, one.source or UNKNOWN


def _moved(one: Ratio) -> bool:
    """Whether there is a line to draw up to the last year."""
    known = {_shown(value) for value in one.values if not isinstance(value, str)}
    return len(known) > 1 and not isinstance(one.values[-1], str)


def _points(one: Ratio, years: Sequence[int]) -> tuple[Point, ...]:
    return tuple(
        Point(f"{year}年", None if isinstance(value, str) else Decimal(_shown(value)))
        for year, value in zip(years, one.values, strict=True)
    )


def _shown(value: Exact | str) -> str:
    return UNKNOWN if isinstance(value, str) else plain(_number(value, _FINEST))


def _amount(value: Exact | None) -> str:
    """Of money in yuan, in ten thousands of it."""
    if value is None:
        return UNKNOWN
    return f"{_number((value[0], value[1] * 10_000), Decimal('0.01')):,}"


def _number(value: Exact, finest: Decimal) -> Decimal:
    return (Decimal(value[0]) / Decimal(value[1])).quantize(finest, ROUND_HALF_UP)
