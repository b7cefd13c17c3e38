"""Every edge of schemes.md by hand: one day and one cent on both sides, leap days, ladders.

What is expected here was worked out on paper; both the engine and the oracle must come to it.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.scoring.library import shipped_pack
from tests.oracle.money import ITEMS
from tests.oracle.rating import GROUPS
from tests.oracle.rating import ITEMS as GRANTED
from tests.oracle.shanxi import DIMENSIONS
from tests.unit.second_opinion import engine, of_engine, opinion

PUBLIC, RATING, INTEGRITY = "casme-public-credit", "sme-credit-rating", "shanxi-integrity"
AS_OF = date(2026, 3, 2)
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


def both(
    scheme: str, *records: dict[str, Any], as_of: date = AS_OF, **values: Any
) -> dict[str, Any]:
    """What engine and oracle say of verified facts, when they say the same."""
    if scheme == PUBLIC:
        values = {"registration_status": "存续"} | values
    rows = [{"id": f"r{n}", **record} for n, record in enumerate(records)]
    told = {"basis": "verified", "standing": "verified", "values": values, "records": rows}
    said = of_engine(engine(shipped_pack(scheme), told, as_of))
    assert said == opinion(scheme, told, as_of)
    return said


def marked(**marks: tuple[int, ...]) -> list[dict[str, Any]]:
    return [
        {"fact": fact, "value": value, "by": f"专家{n}", "reason": "见评分表"}
        for fact, given in marks.items()
        for n, value in enumerate(given)
    ]


def dimensions(**marks: tuple[int, ...]) -> list[dict[str, Any]]:
    """Full marks in all eleven dimensions but these."""
    return marked(**{fact: marks.get(fact, (5, 5)) for fact in DIMENSIONS})


def event(fact: str, on: date | None = None, **said: Any) -> dict[str, Any]:
    return {"fact": fact, **({"date": on} if on else {}), **said}


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


def statement(**amounts: str) -> dict[str, Any]:
    items = {item: Decimal(amount) for item, amount in amounts.items()}
    return {"fact": "statements", "year": 2025, "items": items}


@pytest.mark.parametrize(
    ("owed", "share"),
    [
        ("450000.00", "1"),  # 0.45: 优秀
        ("450001.00", "0.8"),
        ("520000.00", "0.8"),
        ("520001.00", "0.6"),
        ("850000.00", "0.2"),
        ("850001.00", "0"),
    ],
)
def test_debt_to_assets_includes_the_reference_value_itself(owed: str, share: str) -> None:
    said = both(RATING, statement(负债总额=owed, 资产总额="1000000"))

    assert said["parts"]["PQ0302"]["PQ0302.资产负债率"] == Decimal(share)


@pytest.mark.parametrize(
    ("sold", "points"),
    [
        ("999999.99", "0.5"),
        ("1000000", "1"),
        ("4999999.99", "1"),
        ("5000000", "1.5"),
        ("19999999.99", "1.5"),
        ("20000000", "2"),
    ],
)
def test_sales_change_band_at_the_cent(sold: str, points: str) -> None:
    assert both(RATING, statement(主营业务收入=sold))["points"]["PQ0605"] == Decimal(points)


@pytest.mark.parametrize(
    ("score", "points"),
    [
        ("789.99", 0),
        ("790", 1),
        ("799.99", 1),
        ("800", 2),
        ("809.99", 2),
        ("810", Decimal("2.5")),
        ("829.99", Decimal("2.5")),
        ("830", 3),
    ],
)
def test_the_public_score_is_banded_unrounded(score: str, points: Any) -> None:
    assert both(RATING, public_credit_score=Decimal(score))["points"]["PQ0207"] == points


def test_zero_negative_and_missing_make_ratios_unknown_and_never_zero() -> None:
    nothing = dict.fromkeys(ITEMS, "0")
    loss = dict.fromkeys(ITEMS, "1000") | {"所有者权益": "-0.01", "净利润": "-1"}

    zero = both(RATING, statement(**nothing))["parts"]
    negative = both(RATING, statement(**loss))["parts"]
    missing = both(RATING)["parts"]

    every = [(item, part) for item, parts in missing.items() for part in parts]
    ratios = [(item, part) for item, part in every if not part.isascii()]
    assert len(ratios) == 23  # 22 ratios, one of them cited twice
    assert {zero[i][part] for i, part in ratios} == {None}
    assert {missing[i][part] for i, part in ratios} == {None}
    assert negative["PQ0302"]["PQ0302.长期资本比率"] is None
    assert negative["PQ0305"]["PQ0305.净资产收益率"] is None
    assert negative["PQ0302"]["PQ0302.资产负债率"] == 0


def test_every_item_of_the_rating_comes_to_what_the_documents_grant_it() -> None:
    pack = shipped_pack(RATING)
    best: dict[str, Any] = {}
    for indicator in pack.indicators:
        shares = [max(_best(part), 0) for part in indicator.parts]
        best.setdefault(indicator.group, {})[indicator.id] = sum(shares)

    assert best == GRANTED
    assert {group: sum(items.values()) for group, items in best.items()} == GROUPS


def _best(part: Any) -> Decimal:
    """The most that a part can give, by its data."""
    given = [band.points for band in part.bands] + [points for _, points in part.choices]
    return max([*given, part.cap or Decimal(0), part.points or Decimal(0)])
