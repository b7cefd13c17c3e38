"""`shanxi-integrity`, written from document 004 六（三）, schemes.md §3 and X23 to X28."""

from datetime import date
from fractions import Fraction

from tests.oracle.facts import Bar, Known, Opinion, Told

DIMENSIONS = {
    "finance": 12,
    "tax": 12,
    "financing": 10,
    "operations": 14,
    "suppliers": 8,
    "customer_complaints": 8,
    "consumers": 8,
    "employees": 10,
    "executives": 8,
    "community": 5,
    "media": 5,
}
LEVELS = ("AAA+", "AAA", "AA+", "AA", "A+", "A", "不予评级")
STARTS = (95, 90, 85, 80, 70, 60, 0)
# 六（三）1, in the order of the document: the fact, and the kinds of it that are meant (X27).
VETOES = {
    "malicious_arrears": ("malicious_arrears", ()),
    "breach_without_cause": ("contract_breach", ("无正当理由",)),
    "wages_over_three_months": ("wage_arrears", ("超过三个月",)),
    "malicious_infringement": ("malicious_infringement", ()),
    "counterfeiting": ("counterfeiting", ()),
    "quality_fraud": ("quality_fraud", ()),
    "tax_evasion": ("tax_evasion", ()),
    "detained": ("legal_representative_detained", ()),
    "court_penalty": ("court_penalties", ()),
    "major_accident": ("safety_accident", ("重大，造成人员死亡", "重大，没有人员死亡")),
    "major_pollution": ("pollution", ("重大",)),
}
# 六（三）2: fact, kinds, years of the window (0: while in force), the best level left.
# 2.1 names A 类 itself, so nothing is left (X23). (2) asks for a death (X27).
CEILINGS = {
    "c211": ("tax_penalty", (), 1, "不予评级"),
    "c212": ("safety_accident", ("重大，造成人员死亡", "造成人员死亡"), 1, "不予评级"),
    "c213": ("quality_penalty", (), 1, "不予评级"),
    "c214": ("executive_penalty", (), 1, "不予评级"),
    "c215": ("staff_crime", (), 1, "不予评级"),
    "c221": ("consumer_fraud_complaint", (), 1, "A+"),
    "c222": ("wage_arrears", (), 1, "A+"),
    "c223": ("labour_dispute_liable", (), 1, "A+"),
    "c224": ("contract_breach", (), 1, "A+"),
    "c231": ("ip_infringement", (), 0, "AA+"),
    "c232": ("unfair_competition", (), 3, "AA+"),
    "c233": ("overdue_loan", (), 1, "AA+"),
    "c234": ("pollution", ("通报后限期内未达标",), 0, "AA+"),
}


def opinion(told: Told, as_of: date) -> Opinion:
    known, mine = Known(told, as_of), Opinion()
    for fact, points in DIMENSIONS.items():
        mine.item(fact, known.mark(fact, points))
    mine.total = mine.sum_of(DIMENSIONS)
    mine.groups["dimensions"] = (mine.total, mine.total)
    mine.level_by_points = ladder(mine.total)
    lowest = LEVELS.index(mine.level_by_points)
    for name, (fact, kinds) in VETOES.items():
        bar = known.barred(fact, kinds)
        if bar is None:
            mine.unchecked.add(name)
        elif bar[0]:
            mine.vetoes[name], lowest = (LEVELS[-1], *bar), len(LEVELS) - 1
    for name, (fact, kinds, window, best) in CEILINGS.items():
        bar = known.barred(fact, kinds, window, happened=window > 0)
        lowest = max(lowest, _ceiling(mine, name, bar, best))
    lowest = max(lowest, _ceiling(mine, "c235", known.young("founded_on", 3), "AA+"))
    mine.level = LEVELS[lowest]
    mine.grade = None if known.own else mine.level
    return mine


def ladder(total: Fraction) -> str:
    return next(
        level for level, least in zip(LEVELS, STARTS, strict=True) if total >= Fraction(least)
    )


def _ceiling(mine: Opinion, name: str, bar: Bar | None, best: str) -> int:
    """The rung that a ceiling leaves; 0 when it does not bite."""
    if bar is None:
        mine.unchecked.add(name)
        return 0
    if not bar[0]:
        return 0
    mine.ceilings[name] = (best, *bar)
    return LEVELS.index(best)
