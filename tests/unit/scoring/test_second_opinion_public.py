"""Every edge of the public credit score by hand: ladder, caps, windows, one day beside.

What is expected here was worked out on paper; both the engine and the oracle must come to it.
"""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.unit.second_opinion import AS_OF, INTEGRITY, PUBLIC, both, event

DAY = timedelta(days=1)
OLD = {"founded_on": date(2006, 3, 2)}  # twenty years to the day
BEST: dict[str, Any] = {
    "taxpayer": "一般纳税人，三年无欠税",
    "founded_on": date(2006, 3, 2),
    "business_licence": "有效",
    "special_permits": 4,
    "grade_of_qualification": "最高等级",
    "certificates": 4,
    "filings": "应备案的都已备案",
    **dict.fromkeys(("a_level_taxpayer", "customs_advanced", "inspection_aa"), 1),
    **dict.fromkeys(("transport_integrity_model", "high_tech", "contract_keeping"), 1),
    **dict.fromkeys(("unicorn", "gazelle", "tech_giant"), 1),
    "specialised": "国家级小巨人",
}
DATED = (
    ("passed_inspections", 5),
    ("government_awards", 2),
    ("interest_subsidy", 1),
    ("research_subsidy", 1),
    ("policy_subsidy", 1),
)


@pytest.mark.parametrize("status", ["存续", "在业", "开业", "在营"])
def test_an_existing_firm_of_which_nothing_is_known_has_800(status: str) -> None:
    assert both(PUBLIC, registration_status=status)["total"] == 800


@pytest.mark.parametrize("status", ["迁出", "停业", "清算", "吊销", "注销", "撤销"])
def test_any_other_status_is_not_scored(status: str) -> None:
    said = both(PUBLIC, registration_status=status, high_tech=1)

    assert (said["scored"], said["total"], said["level"]) == (False, None, None)


@pytest.mark.parametrize(
    ("values", "total", "level"),
    [
        ({**OLD, "taxpayer": "一般纳税人，三年无欠税"}, 830, "AAA"),
        ({**OLD, "taxpayer": "一般纳税人", "specialised": "创新型中小企业"}, 829, "AA"),
        ({"taxpayer": "一般纳税人，三年无欠税"}, 810, "AA"),
        ({"taxpayer": "小规模纳税人", "filings": "应备案的都已备案"}, 809, "A"),
        ({}, 800, "A"),
        ({"lost_lawsuits": 1, "certificates": 1}, 799, "B"),
        ({"coercion": 1}, 790, "B"),
        ({"coercion": 1, "lost_lawsuits": 1, "certificates": 1}, 789, "C"),
    ],
)
def test_the_public_ladder_at_each_edge(values: dict[str, Any], total: int, level: str) -> None:
    windowed = ("coercion", "lost_lawsuits")
    records = [event(fact, AS_OF) for fact in windowed if values.get(fact)]
    plain = {k: v for k, v in values.items() if k not in windowed}

    said = both(PUBLIC, *records, **plain)

    assert (said["total"], said["level"], said["grade"]) == (total, level, level)


def test_the_best_firm_has_1000_and_on_a_serious_list_700_and_c() -> None:
    dated = [event(fact, AS_OF, value=n) for fact, n in DATED]

    best = both(PUBLIC, *dated, **BEST)
    listed = both(PUBLIC, *dated, event("customs_offender"), **BEST)

    assert (best["total"], best["level"]) == (1000, "AAA")
    assert (best["groups"]["kept"], best["groups"]["boost"]) == ((80, 80), (120, 120))
    assert best["groups"]["honour"] == (50, 50)
    assert (listed["total"], listed["level"]) == (700, "C")


def test_the_worst_firm_has_500_however_much_is_against_it() -> None:
    said = both(PUBLIC, event("finance_offender"), event("fake_charity"), judgment_debtor=9)

    assert (said["total"], said["groups"]["minus"]) == (500, (-300, -660))


@pytest.mark.parametrize(
    ("fact", "count", "points"),
    [
        ("judgment_debtor", 3, -45),
        ("judgment_debtor", 4, -60),
        ("judgment_debtor", 5, -60),
        ("tax_evasion", 2, -120),
        ("tax_evasion", 3, -120),
        ("lost_lawsuits", 4, -12),
        ("lost_lawsuits", 5, -15),
        ("lost_lawsuits", 6, -15),
        ("coercion", 3, -30),
        ("coercion", 4, -30),
        ("abnormal_shareholders", 2, -20),
        ("abnormal_shareholders", 3, -20),
        ("business_abnormal", 2, -60),
        ("special_permits", 4, 8),
        ("special_permits", 5, 8),
        ("passed_inspections", 5, 10),
        ("passed_inspections", 6, 10),
        ("government_awards", 3, 10),
    ],
)
def test_counts_stop_at_their_cap(fact: str, count: int, points: int) -> None:
    said = both(PUBLIC, event(fact, AS_OF, value=count))

    assert said["points"][fact] == points


@pytest.mark.parametrize(
    ("light", "heavy", "points"), [(1, 0, -8), (11, 0, -88), (12, 0, -90), (1, 2, -68), (4, 2, -90)]
)
def test_penalties_weigh_by_kind_and_stop_at_90(light: int, heavy: int, points: int) -> None:
    rows = [event("penalties", AS_OF, kind="一般")] * light
    rows += [event("penalties", AS_OF, kind="重大")] * heavy

    assert both(PUBLIC, *rows)["points"]["penalties"] == points


@pytest.mark.parametrize(
    ("years", "before", "at"), [(1, 0, 3), (3, 3, 6), (5, 6, 10), (10, 10, 15), (20, 15, 20)]
)
def test_years_in_operation_change_on_the_anniversary(years: int, before: int, at: int) -> None:
    founded = AS_OF.replace(year=AS_OF.year - years)

    assert both(PUBLIC, founded_on=founded + DAY)["points"]["founded_on"] == before
    assert both(PUBLIC, founded_on=founded)["points"]["founded_on"] == at


@pytest.mark.parametrize(
    ("fact", "years"),
    [
        ("passed_inspections", 2),
        ("government_awards", 3),
        ("research_subsidy", 3),
        ("coercion", 3),
        ("tax_evasion", 5),
        ("lost_lawsuits", 2),
    ],
)
def test_a_window_leaves_out_the_day_on_which_it_began(fact: str, years: int) -> None:
    edge = AS_OF.replace(year=AS_OF.year - years)

    assert both(PUBLIC, event(fact, edge))["points"][fact] == 0
    assert both(PUBLIC, event(fact, edge + DAY))["points"][fact] != 0


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({}, True),
        ({"ended_on": AS_OF + DAY}, True),
        ({"ended_on": AS_OF}, False),
        ({"repaired_on": AS_OF}, False),
        ({"repaired_on": AS_OF - DAY}, False),
    ],
)
def test_a_record_stops_counting_on_the_day_it_is_over(said: dict[str, Any], counts: bool) -> None:
    rows = event("judgment_debtor", date(2026, 1, 5), **said)
    veto = event("quality_fraud", date(2026, 1, 5), **said)

    assert both(PUBLIC, rows)["points"]["judgment_debtor"] == (-15 if counts else 0)
    assert ("quality_fraud" in both(INTEGRITY, veto)["vetoes"]) == counts
