"""The financial figures of a report: by year, with the reason where one is missing."""

from datetime import date
from decimal import Decimal

import pytest

from bot.scoring.engine import compiled, score
from bot.scoring.facts import gather, record
from bot.scoring.financials import financials
from bot.scoring.library import shipped_pack

PACK = shipped_pack("sme-credit-rating")
AS_OF = date(2026, 3, 1)


def figures(*rows):
    facts = gather(rows, basis="verified")
    return financials(compiled(PACK).ratios, score(PACK, facts, AS_OF))


def sheet(year: int, items: dict[str, int], before: dict[str, int] | None = None, **more: str):
    amounts = [{name: Decimal(n) for name, n in one.items()} for one in (items, before or {})]
    return record(
        f"s{year}", "statements", None, more.get("standing", "verified"),
        year=year, items=amounts[0], before=amounts[1],
    )  # fmt: skip


def test_without_a_verified_statement_there_are_none():
    assert figures() is None
    assert figures(sheet(2025, {"资产总额": 10}, standing="declared")) is None


def test_a_year_counts_that_only_the_column_of_the_year_before_tells_of():
    found = figures(
        sheet(2025, {"资产总额": 200, "负债总额": 80}, {"资产总额": 100, "负债总额": 60})
    )

    ratios = {one.name: one for one in found.ratios}
    assert found.years == (2024, 2025)
    assert dict(found.items) == {"资产总额": ((100, 1), (200, 1)), "负债总额": ((60, 1), (80, 1))}
    debts = ratios["资产负债率"]
    assert [a / b for a, b in debts.values] == [0.6, 0.4]
    assert debts.level == "优秀"
    assert ratios["流动比率"].level == ""
    assert ratios["流动比率"].values[-1] == "报表里没有填 2025 年的“流动资产”"
    assert len(ratios) == len(PACK.ratios) == 22
    assert found.reference.name == "全行业默认值"


@pytest.mark.parametrize(
    ("debts", "level"), [(45, "优秀"), (46, "良好"), (85, "较差"), (86, "低于较差")]
)
def test_a_ratio_is_told_with_the_reference_that_it_reaches(debts, level):
    found = figures(sheet(2025, {"资产总额": 100, "负债总额": debts}))

    assert {one.name: one.level for one in found.ratios}["资产负债率"] == level


def test_three_years_are_told_and_none_that_is_empty():
    found = figures(*(sheet(year, {"资产总额": year}) for year in (2021, 2023, 2025)))

    assert found.years == (2023, 2025)
