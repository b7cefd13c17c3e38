"""Every edge of the integrity grade by hand: medians, ladder, bars, leap days.

What is expected here was worked out on paper; both the engine and the oracle must come to it.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.oracle.shanxi import DIMENSIONS
from tests.unit.second_opinion import AS_OF, INTEGRITY, both, event, marked


def dimensions(**marks: tuple[int, ...]) -> list[dict[str, Any]]:
    """Full marks in all eleven dimensions but these."""
    return marked(**{fact: marks.get(fact, (5, 5)) for fact in DIMENSIONS})


@pytest.mark.parametrize(
    ("happened", "as_of", "ends"),
    [
        (date(2024, 2, 28), date(2025, 2, 27), date(2025, 2, 28)),
        (date(2024, 2, 28), date(2025, 2, 28), None),
        (date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1)),
        (date(2024, 2, 29), date(2025, 3, 1), None),
        (date(2024, 3, 1), date(2025, 2, 28), date(2025, 3, 1)),
        (date(2024, 3, 1), date(2025, 3, 1), None),
        (date(2027, 2, 28), date(2028, 2, 27), date(2028, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 29), None),
        (date(2027, 3, 1), date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_a_year_back_over_a_leap_day(happened: date, as_of: date, ends: date | None) -> None:
    said = both(INTEGRITY, event("tax_penalty", happened), as_of=as_of)

    assert said["ceilings"].get("c211", ("", (), None))[2] == ends


@pytest.mark.parametrize(
    ("founded", "as_of", "young"),
    [
        (date(2024, 2, 29), date(2027, 2, 27), True),
        (date(2024, 2, 29), date(2027, 2, 28), False),
        (date(2025, 2, 28), date(2028, 2, 27), True),
        (date(2025, 2, 28), date(2028, 2, 28), False),
        (date(2025, 3, 1), date(2028, 2, 29), True),
        (date(2025, 3, 1), date(2028, 3, 1), False),
    ],
)
def test_three_years_old_on_the_third_anniversary(founded: date, as_of: date, young: bool) -> None:
    assert ("c235" in both(INTEGRITY, founded_on=founded, as_of=as_of)["ceilings"]) == young


def test_what_happened_within_a_year_counts_though_it_was_settled_until_it_is_repaired() -> None:
    settled = event("wage_arrears", date(2026, 1, 5), kind="三个月以内", ended_on=date(2026, 2, 1))
    repaired = settled | {"repaired_on": date(2026, 3, 1)}

    said = both(INTEGRITY, *dimensions(), settled)
    free = both(INTEGRITY, *dimensions(), repaired)

    assert said["ceilings"] == {"c222": ("A+", ("r22",), date(2027, 1, 5))}
    assert (said["level_by_points"], said["grade"]) == ("AAA+", "A+")
    assert (free["ceilings"], free["grade"]) == ({}, "AAA+")


@pytest.mark.parametrize(
    ("fact", "left"),
    [
        *((f, "不予评级") for f in ("tax_penalty", "quality_penalty", "executive_penalty")),
        *((f, "不予评级") for f in ("staff_crime", "counterfeiting", "court_penalties")),
        *((f, "A+") for f in ("consumer_fraud_complaint", "labour_dispute_liable")),
        *((f, "AA+") for f in ("ip_infringement", "unfair_competition", "overdue_loan")),
    ],
)
def test_what_each_bar_leaves_of_a_hundred_points(fact: str, left: str) -> None:
    said = both(INTEGRITY, *dimensions(), event(fact, AS_OF))

    assert (said["total"], said["grade"]) == (100, left)


def test_of_several_ceilings_the_lowest_wins_and_a_low_score_is_not_raised_by_one() -> None:
    rows = [event("overdue_loan", AS_OF), event("labour_dispute_liable", AS_OF)]
    low = dimensions(**dict.fromkeys(("finance", "tax", "suppliers", "consumers"), (0, 0)))

    assert both(INTEGRITY, *dimensions(), *rows)["grade"] == "A+"
    assert both(INTEGRITY, *low, *rows)["grade"] == "A"


@pytest.mark.parametrize(
    ("zero", "half", "total", "level"),
    [
        ((), ("employees",), "95", "AAA+"),
        ((), ("employees", "media"), "92.5", "AAA"),
        (("employees",), (), "90", "AAA"),
        (("employees", "community"), (), "85", "AA+"),
        (("employees", "community", "media"), (), "80", "AA"),
        (("employees", "community", "media", "financing"), (), "70", "A+"),
        (("finance", "tax", "suppliers", "consumers"), (), "60", "A"),
    ],
)
def test_the_integrity_ladder_at_each_edge_and_half_a_point_below(
    zero: tuple[str, ...], half: tuple[str, ...], total: str, level: str
) -> None:
    marks = dict.fromkeys(zero, (0, 0)) | dict.fromkeys(half, (2, 3))
    below = marks | {"operations": (4, 5)}  # 14 x 4.5 / 5 = 12.6

    at, under = both(INTEGRITY, *dimensions(**marks)), both(INTEGRITY, *dimensions(**below))

    assert (at["total"], at["level"]) == (Decimal(total), level)
    assert under["total"] == Decimal(total) - Decimal("1.4")
    if total != "92.5":
        assert under["level"] != level


@pytest.mark.parametrize(
    ("marks", "points"),
    [((5,), None), ((0, 5), "6"), ((5, 4), "10.8"), ((0, 1, 5), "2.4"), ((5, 0, 4, 3), "8.4")],
)
def test_the_mark_is_the_median_of_at_least_two(marks: tuple[int, ...], points: str | None) -> None:
    wanted = None if points is None else Decimal(points)

    assert both(INTEGRITY, *marked(finance=marks))["points"]["finance"] == wanted
