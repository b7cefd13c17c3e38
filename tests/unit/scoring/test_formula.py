"""Financial formulas: exact, safe, and unknown with a reason instead of a crash or a zero."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.scoring.formula import Book, Formula, FormulaError, Unknown, cut_down, cut_up
from bot.scoring.pack import Pack

ITEMS = ("甲", "乙", "丙")
AMOUNT = st.decimals(-(10**12), 10**12, places=2)


def _book(now: dict[str, object], before: dict[str, object] | None = None) -> Book:
    def column(row: dict[str, object]) -> dict[str, Decimal]:
        return {key: Decimal(str(value)) for key, value in row.items()}

    return Book({2025: (column(now), column(before or {}))})


def _value(text: str, book: Book) -> Fraction:
    return Fraction(*Formula(text, (), ITEMS)(book))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("甲 + 乙 × 丙", "14"),
        ("(甲 + 乙) × 丙", "20"),
        ("甲 - 乙 - 丙", "-5"),
        ("甲 ÷ 丙 ÷ 乙", "1/6"),
        ("-甲 + 1.5", "-0.5"),
        ("甲 / 乙 * 丙", "8/3"),
        ("平均(甲)", "5"),
        ("年初(甲) - 上年(甲)", "0"),
        ("立方根(丙 + 丙) - 1", "1"),
        ("立方根(甲) ", "1.259921049894"),
        ("立方根(甲 - 甲)", "0"),
    ],
)
def test_a_formula_is_read_as_in_school(text: str, value: str) -> None:
    book = _book({"甲": 2, "乙": 3, "丙": 4}, {"甲": 8})

    assert _value(text, book) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("甲 +", "公式“甲 +”缺少“内容”"),
        ("(甲", "公式“(甲”缺少“)”"),
        ("甲 乙", "公式“甲 乙”里多了“乙”"),
        ("丁", "公式“丁”里的“丁”不是报表科目"),
        ("平均(1)", "公式“平均(1)”里的“1”不是报表科目"),
        ("甲 ^ 乙", "公式“甲 ^ 乙”第 3 个字起看不懂"),
        ("__import__('os')", "公式“__import__('os')”第 12 个字起看不懂"),
    ],
)
def test_a_formula_that_cannot_be_read_says_where(text: str, sentence: str) -> None:
    with pytest.raises(FormulaError) as refusal:
        Formula(text, (), ITEMS)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("text", "positive", "why"),
    [
        ("甲 ÷ 乙", (), "“乙”不大于零，不能计算"),
        ("甲 ÷ 0", (), "“0”不大于零，不能计算"),
        ("甲 ÷ 丙", (), "“丙”不大于零，不能计算"),
        ("甲 ÷ (乙 × 丙)", (), "“乙×丙”不大于零，不能计算"),
        ("甲 + 乙", ("甲 + 丙",), "“甲+丙”不大于零，不能计算"),
        ("甲 ÷ 丙", ("丙",), "“丙”不大于零，不能计算"),
        ("年初(乙)", (), "报表里没有填 2024 年的“乙”"),
        ("三年前(甲)", (), "缺少 2022 年的报表"),
        ("立方根(丙)", (), "负数不能计算平均增长率"),
    ],
)
def test_what_cannot_be_known_has_a_reason(text: str, positive: tuple[str, ...], why: str) -> None:
    book = _book({"甲": 1, "乙": 0, "丙": -8}, {"甲": 1})

    with pytest.raises(Unknown) as unknown:
        Formula(text, positive, ITEMS)(book)

    assert str(unknown.value) == why


@given(AMOUNT, AMOUNT, AMOUNT)
def test_the_value_is_the_exact_one(one: Decimal, two: Decimal, three: Decimal) -> None:
    book = _book({"甲": one, "乙": two, "丙": three})

    assert _value("甲 × 乙 - 丙", book) == Fraction(one) * Fraction(two) - Fraction(three)


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**14), st.integers(-(10**9), 10**9))
def test_cut_to_millionths_a_value_is_still_on_its_side_of_every_threshold(
    number: int, divisor: int, threshold: int
) -> None:
    exact, edge = Fraction(number, divisor), Fraction(threshold, 10**6)

    assert (cut_down((number, divisor)) >= threshold) == (exact >= edge)
    assert (cut_up((number, divisor)) <= threshold) == (exact <= edge)


@pytest.mark.parametrize(
    ("text", "positive", "unguarded"),
    [
        ("甲 ÷ 乙", (), ("乙",)),
        ("甲 ÷ 乙", ("甲",), ("乙",)),
        ("甲 ÷ 乙", ("乙",), ()),
        ("甲 ÷ ( 乙+丙 )", ("乙 + 丙",), ()),
        ("甲 ÷ 平均(乙)", ("乙", "年初(乙)"), ("平均(乙)",)),
        ("立方根(甲 ÷ 三年前(甲))", ("三年前(甲)",), ()),
        ("甲 ÷ 2", (), ()),
        ("甲", ("甲 ÷ 丙",), ("丙",)),
    ],
)
def test_a_divisor_that_nothing_holds_above_zero_is_known(
    text: str, positive: tuple[str, ...], unguarded: tuple[str, ...]
) -> None:
    assert Formula(text, positive, ITEMS).unguarded == unguarded


@given(st.integers(0, 10**24), st.integers(1, 10**12))
def test_a_cube_root_is_cut_at_twelve_places(number: int, divisor: int) -> None:
    root = _value("立方根(甲 ÷ 乙)", _book({"甲": number, "乙": divisor}))

    assert root**3 <= Fraction(number, divisor) < (root + Fraction(1, 10**12)) ** 3


def test_each_shipped_ratio_gives_the_figure_worked_out_by_hand(rating: Pack) -> None:
    now = {
        "资产总额": 1000, "流动资产": 600, "存货": 100, "应收账款": 100, "不良资产": 10,
        "负债总额": 400, "流动负债": 300, "长期负债": 100, "所有者权益": 600,
        "主营业务收入": 2000, "主营业务成本": 1200, "主营业务税金及附加": 20, "营业费用": 100,
        "管理费用": 200, "财务费用": 30, "利息支出": 20, "利润总额": 310, "净利润": 250,
        "技术投入": 60, "经营现金净流量": 300, "销售收到的现金": 2100,
    }  # fmt: skip
    before = {
        "资产总额": 800, "流动资产": 400, "存货": 60, "应收账款": 60, "所有者权益": 400,
        "主营业务收入": 1600,
    }  # fmt: skip
    old = {"所有者权益": Decimal(75), "主营业务收入": Decimal(2000)}
    columns = ({k: Decimal(v) for k, v in row.items()} for row in (now, before))
    book = Book({2025: tuple(columns), 2023: ({}, old)})
    items = rating.statement.items if rating.statement else ()
    found = {r.name: Formula(r.formula, r.positive, items)(book) for r in rating.ratios}

    assert {name: str(Fraction(*value)) for name, value in found.items()} == {
        "长期资本比率": "7/10", "资产负债率": "2/5", "已获利息倍数": "33/2",
        "现金流动负债比率": "1", "速动比率": "5/3", "流动比率": "2",
        "应收账款周转率": "25", "净资产收益率": "1/2",
        "总资产报酬率": "11/30", "资本保值增值率": "3/2", "主营业务利润率": "39/100",
        "盈余现金保障倍数": "6/5", "成本费用利润率": "1/5", "总资产周转率": "20/9",
        "流动资产周转率": "4", "存货周转率": "15", "不良资产比率": "1/100", "销售增长率": "1/4",
        "资本累积率": "1/2", "三年资本平均增长率": "1", "三年销售平均增长率": "0",
        "技术投入比率": "3/100",
    }  # fmt: skip
