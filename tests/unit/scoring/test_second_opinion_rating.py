"""Every edge of the expert rating by hand: a cent beside, zero and negative, what items grant.

What is expected here was worked out on paper; both the engine and the oracle must come to it.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.scoring.engine import compiled
from bot.scoring.library import shipped_pack
from bot.scoring.outlook import outlook
from bot.scoring.pack import Part
from bot.scoring.reading import BadData
from tests.oracle.money import ITEMS, SIGNED, strong_year
from tests.oracle.rating import CHOICES, FOUND, GROUPS, LOOKED, MARKS
from tests.oracle.rating import ITEMS as GRANTED
from tests.unit.second_opinion import AS_OF, RATING, both, engine, event, marked


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
    ("owed", "assets", "share"),
    [
        ("449999.99", "1000000", "1"),
        ("450000.01", "1000000", "0.8"),
        ("450000000000.01", "1000000000000", "0.8"),
    ],
)
def test_a_cent_beside_a_reference_value_is_beside_it(owed: str, assets: str, share: str) -> None:
    """以上 includes and 未满 excludes: nothing is rounded across an edge."""
    said = both(RATING, statement(负债总额=owed, 资产总额=assets))

    assert said["parts"]["PQ0302"]["PQ0302.资产负债率"] == Decimal(share)


def test_two_minus_signs_do_not_make_the_worst_the_best() -> None:
    said = both(RATING, statement(利润总额="-5000000", 利息支出="-100000"))["parts"]

    assert said["PQ0302"]["PQ0302.已获利息倍数"] is None


@pytest.mark.parametrize("item", sorted({*ITEMS} - SIGNED))
def test_an_amount_that_cannot_be_negative_is_refused(item: str) -> None:
    """With debts of minus one yuan a firm would be the least indebted of all."""
    told = {"records": [{"id": "s", **statement(**{item: "-1"})}]}

    with pytest.raises(BadData, match=f"items.{item}：这个科目不能是负数"):
        engine(shipped_pack(RATING), {"basis": "self", "standing": "declared", **told}, AS_OF)


@pytest.mark.parametrize("item", sorted(SIGNED))
def test_a_loss_may_be_written_as_one(item: str) -> None:
    both(RATING, statement(**{item: "-1"}))


def test_a_divisor_that_is_not_positive_is_given_as_the_reason() -> None:
    pack = shipped_pack(RATING)
    row = {"id": "s", **statement(利润总额="-5000000", 利息支出="-100000")}
    told = {"basis": "self", "standing": "declared", "values": {}, "records": [row]}
    result = engine(pack, told, AS_OF)
    found = compiled(pack)
    part = next(part for _, part in found.flat if part.ratio == "已获利息倍数")

    why = found.why_unknown(part, found.moment(result.facts, AS_OF))

    assert why == "“利息支出”不大于零，不能计算"


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


@pytest.mark.parametrize(
    ("fact", "kind", "item"),
    [("violations", "已整改", "PQ0405"), ("product_complaints", "已解决", "PQ0603")],
)
def test_a_reported_record_never_pays_more_than_silence(fact: str, kind: str, item: str) -> None:
    checked = FOUND[item][0]
    reported = event(fact, AS_OF, kind=kind)

    silent, clean = both(RATING), both(RATING, **{checked: LOOKED})
    alone, with_look_up = both(RATING, reported), both(RATING, reported, **{checked: LOOKED})

    assert alone["total"] == silent["total"] == 0
    assert with_look_up["total"] == clean["total"] / 2


def test_a_violation_says_on_which_day_it_runs_out() -> None:
    pack = shipped_pack(RATING)
    row = {"id": "v", **event("violations", date(2023, 9, 1), kind="未整改")}
    told = {"basis": "verified", "standing": "verified", "records": [row]}
    told["values"] = {"violations_checked": LOOKED}
    found = outlook(compiled(pack), engine(pack, told, AS_OF))

    assert [(change.on, change.after.total) for change in found] == [(date(2026, 9, 1), 2)]


def test_every_item_of_the_rating_comes_to_what_the_documents_grant_it() -> None:
    pack = shipped_pack(RATING)
    best: dict[str, dict[str, Decimal]] = {}
    for indicator in pack.indicators:
        most = sum((_best(part) for part in indicator.parts), Decimal(0))
        best.setdefault(indicator.group, {})[indicator.id] = most

    assert best == GRANTED
    assert {group: sum(items.values()) for group, items in best.items()} == GROUPS


def _best(part: Part) -> Decimal:
    """The most that a part can give, by its data."""
    given = [band.points for band in part.bands] + [points for _, points in part.choices]
    return max([*given, part.cap or Decimal(0), part.points or Decimal(0)])


def test_the_best_firm_has_a_hundred_points() -> None:
    answers: dict[str, Any] = {fact: next(iter(points)) for fact, points in CHOICES.values()}
    marks = (*MARKS.values(), "innovation", "product_reputation")
    year, before, long_ago = (strong_year(part) for part in ("1", "0.75", "0.4"))

    said = both(
        RATING,
        {"fact": "statements", "year": 2025, "items": year, "before": before},
        {"fact": "statements", "year": 2022, "items": long_ago},
        event("public_welfare", AS_OF, value=2),
        *marked(**dict.fromkeys(marks, (5, 5))),
        **answers,
        **{fact: LOOKED for fact, *_ in FOUND.values()},
        violations=0,
        product_complaints=0,
        founded_on=AS_OF.replace(year=2016),
        paid_in_capital=10_000_000,
        public_credit_score=830,
        honours=2,
        qualifications=3,
        patents=2,
    )

    assert (said["total"], said["grade"], said["answered"]) == (100, "AAA", 36)
    assert said["groups"] == {group: (most, most) for group, most in GROUPS.items()}
