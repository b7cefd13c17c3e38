"""The 22 ratios of 002 附录A in plain arithmetic, from two or three years of statements."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.oracle.facts import Known, number

Ratio = Callable[["Book"], Fraction]


class Unknown(Exception):
    """A missing year or item, a divisor or an equity that is not positive."""


class Book:
    """Statements by year; `of(item, n)` is the item n years before the latest one."""

    def __init__(self, known: Known) -> None:
        in_force = known.in_force("statements")
        self._years: dict[int, dict[str, Any]] = {}
        for year in {record["year"] for record in in_force}:
            of_year = known.latest([r for r in in_force if r["year"] == year])
            self._years[year] = of_year or {}
        self._last = max(self._years, default=0)

    def of(self, item: str, back: int = 0) -> Fraction:
        """The year's own column, else the comparative column of the year after."""
        year = self._last - back
        own = self._years.get(year, {}).get("items", {})
        after = self._years.get(year + 1, {}).get("before", {}) if back else {}
        if item in own:
            return number(own[item])
        if item in after:
            return number(after[item])
        raise Unknown(item)

    def mean(self, item: str) -> Fraction:
        return (self.of(item, 1) + self.of(item)) / 2

    def above_zero(self, item: str, *back: int) -> None:
        for years in back:
            if self.of(item, years) <= 0:
                raise Unknown(item)


def divided(one: Fraction, other: Fraction) -> Fraction:
    """Two losses must not make a gain: a share of less than nothing cannot be known."""
    if other <= 0:
        raise Unknown("the divisor is not positive")
    return one / other


def cube_root(value: Fraction) -> Fraction:
    """Cut off after twelve decimals, found by halving."""
    if value < 0:
        raise Unknown("root of a negative number")
    wanted = value * 10**36
    low, high = 0, 10**12 * (int(value) + 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= wanted else (low, middle)
    return Fraction(low, 10**12)


def known_or_none(ratio: Ratio, book: Book) -> Fraction | None:
    """Exact: a cent beside an edge is beside it."""
    try:
        return ratio(book)
    except Unknown:
        return None


def _long_capital(b: Book) -> Fraction:
    b.above_zero("所有者权益", 0)
    return divided(b.of("长期负债") + b.of("所有者权益"), b.of("资产总额"))


def _debt(b: Book) -> Fraction:
    return divided(b.of("负债总额"), b.of("资产总额"))


def _interest_cover(b: Book) -> Fraction:
    return divided(b.of("利润总额") + b.of("利息支出"), b.of("利息支出"))


def _cash_to_current_debt(b: Book) -> Fraction:
    return divided(b.of("经营现金净流量"), b.of("流动负债"))


def _quick(b: Book) -> Fraction:
    return divided(b.of("流动资产") - b.of("存货"), b.of("流动负债"))


def _current(b: Book) -> Fraction:
    return divided(b.of("流动资产"), b.of("流动负债"))


def _return_on_equity(b: Book) -> Fraction:
    b.above_zero("所有者权益", 0, 1)
    return divided(b.of("净利润"), b.mean("所有者权益"))


def _return_on_assets(b: Book) -> Fraction:
    return divided(b.of("利润总额") + b.of("利息支出"), b.mean("资产总额"))


def _capital_kept(b: Book) -> Fraction:
    b.above_zero("所有者权益", 0, 1)
    return divided(b.of("所有者权益"), b.of("所有者权益", 1))


def _main_margin(b: Book) -> Fraction:
    sold = b.of("主营业务收入")
    return divided(sold - b.of("主营业务成本") - b.of("主营业务税金及附加"), sold)


def _cash_behind_profit(b: Book) -> Fraction:
    b.above_zero("净利润", 0)
    return divided(b.of("经营现金净流量"), b.of("净利润"))


def _profit_on_costs(b: Book) -> Fraction:
    costs = ("主营业务成本", "主营业务税金及附加", "营业费用", "管理费用", "财务费用")
    return divided(b.of("利润总额"), sum((b.of(cost) for cost in costs), Fraction(0)))


def _turnover(what: str, of: str) -> Ratio:
    return lambda b: divided(b.of(what), b.mean(of))


def _bad_assets(b: Book) -> Fraction:
    return divided(b.of("不良资产"), b.of("资产总额"))


def _sales_growth(b: Book) -> Fraction:
    b.above_zero("主营业务收入", 1)
    return divided(b.of("主营业务收入") - b.of("主营业务收入", 1), b.of("主营业务收入", 1))


def _capital_growth(b: Book) -> Fraction:
    b.above_zero("所有者权益", 0, 1)
    return divided(b.of("所有者权益") - b.of("所有者权益", 1), b.of("所有者权益", 1))


def _three_years(item: str) -> Ratio:
    def ratio(b: Book) -> Fraction:
        b.above_zero(item, 0, 3)
        return cube_root(divided(b.of(item), b.of(item, 3))) - 1

    return ratio


def _technology(b: Book) -> Fraction:
    return divided(b.of("技术投入"), b.of("主营业务收入"))


RATIOS: dict[str, Ratio] = {
    "长期资本比率": _long_capital,
    "资产负债率": _debt,
    "已获利息倍数": _interest_cover,
    "现金流动负债比率": _cash_to_current_debt,
    "速动比率": _quick,
    "流动比率": _current,
    "应收账款周转率": _turnover("主营业务收入", "应收账款"),
    "净资产收益率": _return_on_equity,
    "总资产报酬率": _return_on_assets,
    "资本保值增值率": _capital_kept,
    "主营业务利润率": _main_margin,
    "盈余现金保障倍数": _cash_behind_profit,
    "成本费用利润率": _profit_on_costs,
    "总资产周转率": _turnover("主营业务收入", "资产总额"),
    "流动资产周转率": _turnover("主营业务收入", "流动资产"),
    "存货周转率": _turnover("主营业务成本", "存货"),
    "不良资产比率": _bad_assets,
    "销售增长率": _sales_growth,
    "资本累积率": _capital_growth,
    "三年资本平均增长率": _three_years("所有者权益"),
    "三年销售平均增长率": _three_years("主营业务收入"),
    "技术投入比率": _technology,
}
