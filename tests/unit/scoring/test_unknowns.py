"""What open questions could still change, how full each group is, and which records count."""

from datetime import date
from decimal import Decimal

from bot.scoring.burdens import burdens
from bot.scoring.engine import compiled, score
from bot.scoring.library import shipped_pack
from bot.scoring.unknowns import filled, span

AS_OF = date(2026, 3, 1)
ALIVE = {"registration_status": "存续"}


def told(make_facts, pack, *records, **values):
    result = score(pack, make_facts(pack, *records, basis="self", **values), AS_OF)
    return compiled(pack), result


def test_a_blank_record_may_still_go_anywhere(make_facts, public):
    found = span(*told(make_facts, public, **ALIVE))

    assert (found.low, found.high) == (503, 1000)  # whatever kind of taxpayer it is gives 3
    assert (found.lowest.name, found.highest.name) == ("C", "AAA")


def test_what_is_known_closes_the_span(make_facts, public):
    every = {
        spec.id: 0 if spec.type == "records" else spec.values[0]
        for spec in public.facts.values()
        if spec.type in {"records", "choice"}
    }
    found = span(*told(make_facts, public, **(every | ALIVE | {"founded_on": date(2016, 1, 1)})))

    assert found.low == found.high
    assert found.lowest == found.highest


def test_a_list_that_nobody_looked_into_may_cost_three_hundred(make_facts, public):
    clean = {s.id: 0 for s in public.facts.values() if s.adverse and s.id != "fake_charity"}
    found = span(*told(make_facts, public, **(ALIVE | clean)))

    assert (found.low, found.high) == (503, 1000)
    assert span(*told(make_facts, public, **(ALIVE | clean | {"fake_charity": 0}))).low == 803


def test_bars_hold_the_span_and_unchecked_ones_are_feared(make_facts, integrity):
    marks = [
        {"fact": f, "value": 5, "by": "企业自评", "reason": "好"}
        for f, spec in integrity.facts.items()
        if spec.type == "mark"
    ]
    nothing = {s.id: 0 for s in integrity.facts.values() if s.adverse}
    born = {"founded_on": date(2010, 1, 1)}
    open_bars = span(*told(make_facts, integrity, *marks, **born))
    young = span(
        *told(make_facts, integrity, *marks, **(nothing | {"founded_on": date(2024, 1, 1)}))
    )

    assert (open_bars.lowest.name, open_bars.highest.name) == ("不予评级", "AAA+")
    assert (young.lowest.name, young.highest.name) == ("AA+", "AA+")


def test_ratios_and_bands_leave_room_for_their_best_and_their_worst(make_facts, rating):
    found = span(*told(make_facts, rating))

    assert (found.low, found.high) == (Decimal("0.5") + Decimal("0.5"), 100)


def test_nothing_is_spanned_where_nothing_is_scored(make_facts, public):
    functions, result = told(make_facts, public, registration_status="注销")

    assert span(functions, result) is None
    assert filled(functions, result) == ()
    assert burdens(functions, result) == ()


def test_a_group_is_as_full_as_what_is_sure(make_facts, public):
    rows = {
        row.group.id: row
        for row in filled(
            *told(make_facts, public, taxpayer="一般纳税人", **ALIVE, judgment_debtor=2)
        )
    }

    assert list(rows) == [
        "basic", "qualification", "red_list", "award", "subsidy", "honour",
        "judicial", "blacklist", "other",
    ]  # fmt: skip
    basic, judicial = rows["basic"], rows["judicial"]
    assert (basic.points, basic.low, basic.high) == (6, 3, 30)
    assert (basic.share, basic.open) == (Decimal(3) / 27, True)
    assert (judicial.points, judicial.low, judicial.high) == (-30, -360, 0)
    assert judicial.share == Decimal(30) / 360


def test_each_bad_record_names_the_day_on_which_it_stops(make_facts, public, integrity):
    rows = [
        {"id": "p", "fact": "penalties", "kind": "一般", "date": "2024-06-01"},
        {"id": "q", "fact": "penalties", "kind": "重大", "date": "2025-06-01",
         "ended_on": "2026-06-30"},
        {"id": "r", "fact": "penalties", "kind": "一般", "date": "2020-06-01"},
        {"id": "s", "fact": "business_abnormal", "date": "2025-02-01"},
    ]  # fmt: skip
    found = burdens(*told(make_facts, public, *rows, **ALIVE))

    assert [(row.record.id, row.name, row.ends_on, row.bars) for row in found] == [
        ("s", "经营异常名录", None, ()),
        ("p", "行政处罚", date(2027, 6, 1), ()),
        ("q", "行政处罚", date(2026, 6, 30), ()),
    ]


def test_a_record_that_triggers_several_bars_counts_until_the_last_of_them(make_facts, integrity):
    wages = {
        "id": "w", "fact": "wage_arrears", "kind": "超过三个月", "date": "2025-09-01",
        "ended_on": "2026-04-01",
    }  # fmt: skip
    (found,) = burdens(*told(make_facts, integrity, wages, founded_on=date(2024, 1, 1)))

    assert found.bars == ("拖欠员工工资超过三个月", "近一年内有拖欠职工工资")
    assert found.ends_on == date(2026, 9, 1)


def test_every_shipped_pack_has_room_between_its_worst_and_its_best(make_facts):
    for scheme, low, high in (
        ("casme-public-credit", 503, 1000),
        ("sme-credit-rating", 1, 100),
        ("shanxi-integrity", 0, 100),
    ):
        pack = shipped_pack(scheme)
        facts = ALIVE if pack.gates else {}
        found = span(*told(make_facts, pack, **facts))
        assert (found.low, found.high) == (low, high)
