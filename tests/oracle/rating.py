"""`sme-credit-rating`, written from schemes.md §2: 36 items in six groups, grades of 002 §5.

The documents give each item its points (ITEMS) and no more. How an item is divided (bands, choices,
the share of a ratio, the reference values) is said nowhere but in version 1 of the pack, so those
numbers stand here as a frozen copy, marked "house": the copy cannot say that they are right, only
that they have not changed and that each item still comes to what schemes.md grants it.
"""

from datetime import date
from fractions import Fraction

from tests.oracle.facts import Known, Opinion, Points, Told, number, steps
from tests.oracle.statements import RATIOS, Book, divided, known_or_none

ITEMS = {  # schemes.md §2
    "PQ01": {"PQ0101": 3, "PQ0102": 4, "PQ0103": 2, "PQ0104": 3},
    "PQ02": {
        "PQ0201": 2,
        "PQ0202": 3,
        "PQ0203": 4,
        "PQ0204": 3,
        "PQ0205": 2,
        "PQ0206": 3,
        "PQ0207": 3,
    },
    "PQ03": {"PQ0301": 4, "PQ0302": 5, "PQ0303": 4, "PQ0304": 4, "PQ0305": 4, "PQ0306": 4},
    "PQ04": {
        "PQ0401": 3,
        "PQ0402": 3,
        "PQ0403": 4,
        "PQ0404": 2,
        "PQ0405": 2,
        "PQ0406": 1,
        "PQ0407": 3,
    },
    "PQ05": {"PQ0501": 2, "PQ0502": 2, "PQ0503": 2, "PQ0504": 3, "PQ0505": 2, "PQ0506": 2},
    "PQ06": {"PQ0601": 2, "PQ0602": 3, "PQ0603": 2, "PQ0604": 1, "PQ0605": 2, "PQ0606": 2},
}
GROUPS = {"PQ01": 12, "PQ02": 20, "PQ03": 25, "PQ04": 18, "PQ05": 13, "PQ06": 12}
MARKS = {  # items that need judgement as a whole
    "PQ0202": "capital_structure",
    "PQ0203": "management_rules",
    "PQ0204": "staff_quality",
    "PQ0502": "industry_position",
    "PQ0503": "product_potential",
    "PQ0506": "development_plan",
    "PQ0601": "product_structure",
    "PQ0602": "product_quality",
    "PQ0604": "supply_quality",
    "PQ0606": "after_sales",
}
CHOICES: dict[str, tuple[str, dict[str, object]]] = {  # house
    "PQ0101": ("filed_information", {"全部属实": 3, "有差错，已更正": "1.5", "与事实不符": 0}),
    "PQ0104": ("leader_credit", {"良好": 3, "曾有不良，已结清": "1.5", "有未结清的不良": 0}),
    "PQ0201": (
        "premises",
        {"自有": 2, "租期三年以上": "1.5", "租期不满三年": 1, "没有固定场所": 0},
    ),
    "PQ0301": (
        "loan_repayment",
        {"按期偿还": 4, "没有贷款": 3, "曾有逾期，已结清": 2, "有逾期未还": 0},
    ),
    "PQ0401": ("wages", {"按时足额": 3, "曾有拖欠，已补发": 1, "正在拖欠": 0}),
    "PQ0402": (
        "social_insurance",
        {"全员签合同并参保": 3, "大部分签合同并参保": 2, "小部分签合同并参保": 1, "没有": 0},
    ),
    "PQ0403": ("tax_grade", {"A": 4, "B": 3, "M": 2, "C": 1, "D": 0}),
    "PQ0404": ("environment", {"达标，没有处罚": 2, "曾受处罚，已整改": 1, "没有整改到位": 0}),
    "PQ0407": ("disputes", {"没有纠纷，或全部执行": 3, "正在执行": "1.5", "拒不执行": 0}),
    "PQ0501": ("industry_policy", {"鼓励类": 2, "允许类": 1, "限制类": "0.5", "淘汰类": 0}),
}
LOOKED = "已查，查到的都已列出"
# House: who shows what was looked up has the points, and each record found takes some away (X28).
FOUND: dict[str, tuple[str, int, str, dict[str, object], int]] = {
    "PQ0405": ("violations_checked", 2, "violations", {"已整改": -1, "未整改": -2}, 3),
    "PQ0603": ("complaints_checked", 1, "product_complaints", {"已解决": "-0.5", "未解决": -1}, 1),
}
WEIGHTS: dict[
    str, dict[str, object]
] = {  # house: how PQ0302 to PQ0306 and PQ0505 share their points among the ratios
    "PQ0302": {
        "长期资本比率": "0.5",
        "资产负债率": 1,
        "已获利息倍数": 1,
        "现金流动负债比率": "0.5",
        "速动比率": 1,
        "流动比率": 1,
    },
    "PQ0304": {"应收账款周转率": 2},
    "PQ0305": {
        "净资产收益率": 1,
        "总资产报酬率": "0.5",
        "资本保值增值率": "0.5",
        "主营业务利润率": 1,
        "盈余现金保障倍数": "0.5",
        "成本费用利润率": "0.5",
    },
    "PQ0306": {
        "总资产周转率": 1,
        "流动资产周转率": 1,
        "存货周转率": 1,
        "不良资产比率": 1,
        "应收账款周转率": 0,  # counted in PQ0304, only cited here (X17)
    },
    "PQ0505": {
        "销售增长率": "0.5",
        "资本累积率": "0.4",
        "三年资本平均增长率": "0.3",
        "三年销售平均增长率": "0.4",
        "技术投入比率": "0.4",
    },
}
REFERENCE = {  # house: 优秀, 良好, 平均, 较低, 较差 of the default all-industry table
    "长期资本比率": "0.75 0.65 0.55 0.45 0.35",
    "资产负债率": "0.45 0.52 0.60 0.72 0.85",
    "已获利息倍数": "6 4 2.5 1.2 -1",
    "现金流动负债比率": "0.25 0.18 0.10 0.02 -0.05",
    "速动比率": "1.3 1.1 0.8 0.6 0.4",
    "流动比率": "1.9 1.6 1.3 1.0 0.8",
    "应收账款周转率": "15 10 7 4 2",
    "净资产收益率": "0.13 0.09 0.06 0.02 -0.05",
    "总资产报酬率": "0.10 0.07 0.045 0.015 -0.03",
    "资本保值增值率": "1.12 1.08 1.04 1.00 0.94",
    "主营业务利润率": "0.25 0.20 0.14 0.08 0.03",
    "盈余现金保障倍数": "3 2 1.2 0.5 0",
    "成本费用利润率": "0.13 0.09 0.055 0.02 -0.03",
    "总资产周转率": "1.5 1.1 0.8 0.5 0.3",
    "流动资产周转率": "2.8 2.1 1.5 1.0 0.6",
    "存货周转率": "15 10 6 3.5 2",
    "不良资产比率": "0.005 0.01 0.025 0.06 0.12",
    "销售增长率": "0.20 0.14 0.08 0 -0.10",
    "资本累积率": "0.18 0.12 0.06 0 -0.06",
    "三年资本平均增长率": "0.16 0.11 0.06 0.01 -0.05",
    "三年销售平均增长率": "0.18 0.13 0.07 0.01 -0.08",
    "技术投入比率": "0.05 0.03 0.015 0.005 0.001",
}
LESS_IS_BETTER = ("资产负债率", "不良资产比率")
SHARES = [Fraction(n, 5) for n in (5, 4, 3, 2, 1)]  # house: of a ratio's points, by level reached
YUAN_STEPS = ((500_000, 1), (2_000_000, "1.5"), (10_000_000, 2))  # house: capital, equity
SALES_STEPS = ((1_000_000, 1), (5_000_000, "1.5"), (20_000_000, 2))  # house


def opinion(told: Told, as_of: date) -> Opinion:
    known, mine = Known(told, as_of), Opinion()
    book = Book(known)
    for item, (fact, points) in CHOICES.items():
        mine.item(item, known.choice(fact, **points))
    for item, fact in MARKS.items():
        mine.item(item, known.mark(fact, ITEMS[item[:4]][item]))
    for item, weights in WEIGHTS.items():
        mine.indicators[item] = {f"{item}.{r}": _ratio(r, w, book) for r, w in weights.items()}
    _conditions(mine, known, book)
    _results(mine, known, book)
    mine.total = Fraction(0)
    for group, most in GROUPS.items():
        before = mine.sum_of(ITEMS[group])
        mine.groups[group] = (min(before, Fraction(most)), before)
        mine.total += mine.groups[group][0]
    mine.total = max(mine.total, Fraction(0))
    mine.level = mine.level_by_points = ladder(mine.total)
    mine.grade = None if known.own else mine.level
    return mine


def ladder(total: Fraction) -> str:
    for least, level in ((90, "AAA"), (80, "AA"), (70, "A"), (60, "BBB")):
        if total >= least:
            return level
    return "NR"


def _ratio(name: str, weight: object, book: Book) -> Points:
    value = known_or_none(RATIOS[name], book)
    if value is None:
        return None
    for level, share in zip(REFERENCE[name].split(), SHARES, strict=True):
        met = value <= number(level) if name in LESS_IS_BETTER else value >= number(level)
        if met:
            return number(weight) * share
    return Fraction(0)


def _conditions(mine: Opinion, known: Known, book: Book) -> None:
    """Items of PQ01, PQ02, PQ04 and PQ05 that are neither a choice, a mark nor a ratio; house."""
    capital = known.answer("paid_in_capital")
    equity = known_or_none(lambda b: b.of("所有者权益"), book)
    mine.indicators["PQ0102"] = {
        "PQ0102.capital": steps(
            None if capital is None else number(capital), (0, "0.5"), *YUAN_STEPS
        ),
        "PQ0102.equity": steps(equity, (0, "0.5"), *YUAN_STEPS),
    }
    age = known.years("founded_on")
    mine.item("PQ0103", steps(age, (1, "0.5"), (3, 1), (5, "1.5"), (10, 2)))
    mine.item("PQ0205", known.each("honours", 1, 2))
    mine.item("PQ0206", known.each("qualifications", 1, 3))
    score = known.answer("public_credit_score")
    mine.item(
        "PQ0207",
        steps(None if score is None else number(score), (790, 1), (800, 2), (810, "2.5"), (830, 3)),
    )
    mine.item("PQ0406", known.each("public_welfare", "0.5", 1, window=3))
    mine.indicators["PQ0504"] = {
        "PQ0504.expert": known.mark("innovation", 2),
        "PQ0504.patents": known.each("patents", "0.5", 1),
    }


def _looked_up(known: Known, item: str, records: str) -> dict[str, Points]:
    checked, points, fact, each, window = FOUND[item]
    away: Points = None
    if known.count(fact) is not None:
        sums = (number(p) * (known.count(fact, window, kind) or 0) for kind, p in each.items())
        away = max(sum(sums, Fraction(0)), Fraction(-points))
    return {
        f"{item}.checked": known.choice(checked, **{LOOKED: points}),
        f"{item}.{records}": away,
    }


def _results(mine: Opinion, known: Known, book: Book) -> None:
    """Amounts of PQ0303, PQ0304 and PQ0605, and what was looked up; house."""

    def amount(item: str, back: int = 0) -> Points:
        return known_or_none(lambda b: b.of(item, back), book)

    more = known_or_none(lambda b: b.of("利润总额") - b.of("利润总额", 1), book)
    mine.indicators["PQ0303"] = {
        "PQ0303.profit": steps(amount("净利润"), (0, 2)),
        "PQ0303.before": steps(amount("净利润", 1), (0, 1)),
        "PQ0303.tax": steps(more, (0, 1)),
    }
    received = known_or_none(lambda b: divided(b.of("销售收到的现金"), b.of("主营业务收入")), book)
    mine.indicators["PQ0304"] |= {
        "PQ0304.operating": steps(amount("经营现金净流量"), (0, 1)),
        "PQ0304.received": steps(received, ("0.8", "0.5"), (1, 1)),
    }
    mine.indicators["PQ0405"] = _looked_up(known, "PQ0405", "records")
    mine.indicators["PQ0603"] = {"PQ0603.expert": known.mark("product_reputation", 1)}
    mine.indicators["PQ0603"] |= _looked_up(known, "PQ0603", "complaints")
    sold = amount("主营业务收入")
    by_size = steps(sold, *SALES_STEPS)
    mine.item("PQ0605", None if by_size is None else max(Fraction(1, 2), by_size))
