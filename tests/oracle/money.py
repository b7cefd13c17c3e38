"""Random statements: zeros, losses, and amounts that put one ratio on an edge or a cent beside."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from tests.oracle.rating import REFERENCE

Amounts = dict[str, Decimal]
ITEMS = (
    *("资产总额", "流动资产", "存货", "应收账款", "不良资产", "负债总额", "流动负债", "长期负债"),
    *("所有者权益", "主营业务收入", "主营业务成本", "主营业务税金及附加", "营业费用", "管理费用"),
    *("财务费用", "利息支出", "利润总额", "净利润", "技术投入", "经营现金净流量", "销售收到的现金"),
)
PLAIN = tuple(
    Decimal(n)
    for n in (
        *("0", "0", "-0.01", "0.01", "1", "100", "-300000", "499999.99", "500000", "800000"),
        *("999999.99", "1000000", "1999999.99", "2000000", "4999999.99", "5000000", "10000000"),
        *("9999999.99", "19999999.99", "20000000", "33333333.33", "-1000000", "7000000"),
    )
)
UNITS = tuple(Decimal(n) for n in ("1", "3", "1000000", "12345.67", "20000000"))
BESIDE = tuple(Decimal(n) for n in ("0", "0", "0.01", "-0.01", "0.0000005", "-0.0000005"))
Aim = Callable[[Decimal, Decimal], tuple[Amounts, Amounts, Amounts]]


def _over(top: str, bottom: str) -> Aim:
    return lambda t, u: ({top: t * u, bottom: u}, {}, {})


def _over_mean(top: str, bottom: str) -> Aim:
    return lambda t, u: ({top: t * u, bottom: u}, {bottom: u}, {})


def _grown(item: str, years: int) -> Aim:
    def aim(t: Decimal, u: Decimal) -> tuple[Amounts, Amounts, Amounts]:
        if years == 1:
            return {item: (1 + t) * u}, {item: u}, {}
        return {item: (1 + t) ** 3 * u}, {}, {item: u}

    return aim


COSTS = ("主营业务税金及附加", "营业费用", "管理费用", "财务费用")
# What makes a ratio come to t with the unit u: this year's amounts, last year's, three years ago's.
AIMS: dict[str, Aim] = {
    "长期资本比率": lambda t, u: (
        {"所有者权益": u / 4, "长期负债": t * u - u / 4, "资产总额": u},
        {},
        {},
    ),
    "资产负债率": _over("负债总额", "资产总额"),
    "已获利息倍数": lambda t, u: ({"利润总额": (t - 1) * u, "利息支出": u}, {}, {}),
    "现金流动负债比率": _over("经营现金净流量", "流动负债"),
    "速动比率": lambda t, u: ({"流动资产": t * u + u / 2, "存货": u / 2, "流动负债": u}, {}, {}),
    "流动比率": _over("流动资产", "流动负债"),
    "应收账款周转率": _over_mean("主营业务收入", "应收账款"),
    "净资产收益率": _over_mean("净利润", "所有者权益"),
    "总资产报酬率": lambda t, u: (
        {"利润总额": t * u - u / 8, "利息支出": u / 8, "资产总额": u},
        {"资产总额": u},
        {},
    ),
    "资本保值增值率": lambda t, u: ({"所有者权益": t * u}, {"所有者权益": u}, {}),
    "主营业务利润率": lambda t, u: (
        {"主营业务收入": u, "主营业务成本": u - t * u - u / 8, "主营业务税金及附加": u / 8},
        {},
        {},
    ),
    "盈余现金保障倍数": _over("经营现金净流量", "净利润"),
    "成本费用利润率": lambda t, u: (
        {"利润总额": t * u, "主营业务成本": u / 2} | dict.fromkeys(COSTS, u / 8),
        {},
        {},
    ),
    "总资产周转率": _over_mean("主营业务收入", "资产总额"),
    "流动资产周转率": _over_mean("主营业务收入", "流动资产"),
    "存货周转率": _over_mean("主营业务成本", "存货"),
    "不良资产比率": _over("不良资产", "资产总额"),
    "销售增长率": _grown("主营业务收入", 1),
    "资本累积率": _grown("所有者权益", 1),
    "三年资本平均增长率": _grown("所有者权益", 3),
    "三年销售平均增长率": _grown("主营业务收入", 3),
    "技术投入比率": _over("技术投入", "主营业务收入"),
    "销售收到的现金": _over("销售收到的现金", "主营业务收入"),
}
EDGES = {name: tuple(map(Decimal, row.split())) for name, row in REFERENCE.items()} | {
    "销售收到的现金": (Decimal("0.8"), Decimal(1))
}
NAMES = tuple(AIMS)
STRONG = tuple(  # a year that reaches the best level of nearly every ratio
    Decimal(n) * 1_000_000
    for n in (
        *(100, 60, 6, 8, 0, 25, 20, 5, 75),
        *(200, 110, 2, 10, 20, 1, 1, 45, 35, 12, 110, 210),
    )
)


SIGNED = {"所有者权益", "财务费用", "利息支出", "利润总额", "净利润", "经营现金净流量"}


def statements(rng: Random, as_of: date, luck: float) -> list[dict[str, Any]]:
    """One to four years, with gaps, most of them whole."""
    last = as_of.year - 1 if (as_of.month, as_of.day) != (12, 31) else as_of.year
    whole = rng.random() < 0.7
    now, before, long_ago = (_year(rng, whole=whole) for _ in range(3))
    if rng.random() < luck:
        now, before, long_ago = (strong_year(part) for part in ("1", "0.75", "0.4"))
    unit = rng.choice(UNITS)
    for _ in range(rng.choice((0, 2, 6, 12, 20))):
        name = rng.choice(NAMES)
        edge = rng.choice(EDGES[name])
        aimed = AIMS[name](edge, unit)
        for year, amounts in zip((now, before, long_ago), aimed, strict=True):
            year.update(amounts)
        nudged = next(iter(aimed[0]))
        now[nudged] += rng.choice((*BESIDE, unit / 1000, -unit / 1000))
    found = [{"year": last, "items": now}]
    if rng.random() < 0.7:
        found[0]["before"] = before
    if rng.random() < 0.5:
        found.append({"year": last - 1, "items": _year(rng, whole=whole)})
    match rng.randrange(3):
        case 0:
            found.append({"year": last - 3, "items": long_ago})
        case 1:
            found.append({"year": last - 2, "items": _year(rng, whole=whole), "before": long_ago})
        case 2:
            found.append({"year": last - 4, "items": _year(rng, whole=whole)})
    for amounts in (column for year in found for column in (year["items"], year.get("before", {}))):
        amounts |= {item: abs(n) for item, n in amounts.items() if item not in SIGNED}
    return found


def _year(rng: Random, *, whole: bool) -> Amounts:
    items = ITEMS if whole else rng.sample(ITEMS, rng.randrange(len(ITEMS) + 1))
    return {item: rng.choice(PLAIN) for item in items}


def strong_year(part: str) -> Amounts:
    return {item: amount * Decimal(part) for item, amount in zip(ITEMS, STRONG, strict=True)}
