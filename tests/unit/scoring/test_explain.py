"""The way up is the cheapest, the outlook misses no day, and the words are those of the texts."""

from datetime import date, timedelta
from itertools import product

import pytest
from enterprises import AS_OF, Row, enterprises, read
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.dates import years_after
from bot.scoring.engine import compiled, score
from bot.scoring.explain import explain
from bot.scoring.library import shipped_pack, shipped_wording, versions
from bot.scoring.lint import load_pack
from bot.scoring.outlook import outlook
from bot.scoring.pack import Pack
from bot.scoring.result import Result
from bot.scoring.steps import options
from bot.scoring.way_up import way_up

PACKS = [shipped_pack(scheme) for scheme in versions()]
FIRM = {"id": "s", "fact": "registration_status", "value": "存续"}


def _small_pack() -> Pack:
    """Two nested groups with caps, small enough to try every combination."""
    rows = []
    for n, (group, points, effort) in enumerate(
        [("a", 3, 2), ("a", 4, 3), ("b", 2, 1), ("b", 5, 4), ("b", 6, 6)]
    ):
        rows.append(
            f'[[indicator]]\nid = "i{n}"\ncode = "i{n}"\nname = "i{n}"\ngroup = "{group}"\n'
            f'rule = "count"\nfact = "f{n}"\neach = {points}\ncap = {points * 2}\n'
            f'effort = {effort}\nhow = "做"\nsource = {{ house = "h" }}\n'
        )
    facts = "\n".join(
        f'f{n} = {{ name = "f", type = "records", evidence = "e" }}' for n in range(5)
    )
    text = f"""
id = "small"
version = 1
name = "n"
document = "d"
[score]
base = 0
at_least = 0
at_most = 100
source = {{ house = "h" }}
[facts]
{facts}
[[group]]
id = "top"
name = "top"
at_most = 22
source = {{ house = "h" }}
[[group]]
id = "a"
name = "a"
within = "top"
at_most = 9
source = {{ house = "h" }}
[[group]]
id = "b"
name = "b"
within = "top"
at_most = 15
source = {{ house = "h" }}
{"".join(rows)}
[[grade]]
name = "good"
from = 20
meaning = "m"
source = {{ house = "h" }}
[[grade]]
name = "fair"
from = 9
below = 20
meaning = "m"
source = {{ house = "h" }}
[[grade]]
name = "poor"
from = 0
below = 9
graded = false
meaning = "m"
source = {{ house = "h" }}
"""
    return load_pack(text, "small.toml")


SMALL = _small_pack()


@given(st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_the_way_up_costs_no_more_than_the_best_of_all_combinations(have: list[int]) -> None:
    rows: list[Row] = [{"id": f"f{n}", "fact": f"f{n}", "value": k} for n, k in enumerate(have)]
    result = score(SMALL, read(SMALL, rows), AS_OF)
    found = way_up(compiled(SMALL), result)

    if result.rung == 0:
        assert found is None
        return
    assert found is not None
    assert (found.effort if found.reachable else None) == _cheapest(result, have)


def _cheapest(result: Result, have: list[int]) -> int | None:
    """Every combination, scored by the engine itself."""
    costs = []
    for wanted in product(range(3), repeat=5):
        if any(w < h for w, h in zip(wanted, have, strict=True)):
            continue
        rows = [{"id": f"f{n}", "fact": f"f{n}", "value": k} for n, k in enumerate(wanted)]
        after = score(SMALL, read(SMALL, rows), AS_OF)
        if after.rung < result.rung:
            efforts = [2, 3, 1, 4, 6]
            costs.append(sum(e * (w - h) for e, w, h in zip(efforts, wanted, have, strict=True)))
    return min(costs, default=None)


@settings(max_examples=60)
@given(st.data())
def test_the_acts_of_a_way_up_reach_the_points_of_the_next_grade(data: st.DataObject) -> None:
    pack = data.draw(st.sampled_from(PACKS))
    result = score(pack, read(pack, data.draw(enterprises(pack))), AS_OF)
    functions = compiled(pack)
    found = way_up(functions, result)
    if found is None or not found.reachable:
        return
    after = {act.part.id: int(act.after * result.scale) for act in found.acts}
    units = [
        after.get(part.id, now or 0)
        for (_, part), now in zip(functions.flat, result.trace or [], strict=True)
    ]

    target = next(grade for grade in pack.grades if grade.name == found.target)
    assert _total(pack, functions.flat, units) >= target.start * result.scale


def _total(pack: Pack, flat: list, units: list[int]) -> int:
    scale = compiled(pack).scale

    def group(name: str | None) -> int:
        total = sum(u for (i, _), u in zip(flat, units, strict=True) if i.group == name)
        for child in (g for g in pack.groups if g.within == name):
            inner = group(child.id)
            inner = inner if child.at_most is None else min(inner, int(child.at_most * scale))
            total += inner if child.at_least is None else max(inner, int(child.at_least * scale))
        return total

    total = int(pack.score.base * scale) + group(None)
    return min(int(pack.score.at_most * scale), max(int(pack.score.at_least * scale), total))


def test_nothing_is_offered_that_only_time_brings(public: Pack) -> None:
    result = score(public, read(public, [FIRM]), AS_OF)
    flat = compiled(public).flat

    offered = {flat[n][1].id for n in options(compiled(public), result)}

    assert "founded_on" not in offered
    assert "filings" in offered


@settings(max_examples=10)  # each is scored on 730 days
@given(st.data())
def test_the_outlook_names_exactly_the_days_on_which_something_changes(
    data: st.DataObject,
) -> None:
    pack = data.draw(st.sampled_from(PACKS))
    facts = read(pack, data.draw(enterprises(pack)))
    functions = compiled(pack)
    last, days = functions.score(facts, AS_OF), []
    for n in range(1, (years_after(AS_OF, 2) - AS_OF).days + 1):
        now = functions.score(facts, AS_OF + timedelta(days=n))
        bars = [hit.bar for hit in now.hits]
        if now.trace != last.trace or any(hit.bar not in bars for hit in last.hits):
            days.append(now.as_of)
        last = now

    found = outlook(functions, functions.score(facts, AS_OF))

    assert [change.on for change in found] == days


def test_a_blank_record_says_how_it_may_rise_and_what_is_missing(public: Pack) -> None:
    told = explain(score(public, read(public, [FIRM]), AS_OF), shipped_wording())
    sections = dict(told.sections)

    assert sections["结果"][1:] == ("共 50 个指标，已有资料的 0 个。",)
    assert sections["怎样提高"] == (
        "到 AA 还差 10 分。",
        "最省力的做法：",
        "按时申报纳税，争取纳税信用 A 级：A级纳税人情况由未知变为 15 分。",
    )
    assert sections["今后两年会自己发生的变化"] == ("今后两年没有会自己发生的变化。",)
    assert sections["还缺的资料"][0] == "请提供税务机关的纳税人资格查询结果，用于：纳税资格情况"
    assert (
        "请提供中国执行信息公开网查询结果，用于：被执行人信息情况、失信被执行信息情况"
        in (sections["还缺的资料"])
    )
    assert (
        "如果有科技小巨人企业、瞪羚企业、独角兽企业、科技企业孵化器、中国出口质量安全示范企业，请提供认定文件"
        in (sections["还缺的资料"])
    )
    assert len(told.gaps) == len(sections["逐项得分"]) == 50


def test_a_self_assessment_says_that_it_is_one(public: Pack) -> None:
    facts = read(public, [FIRM, {"id": "h", "fact": "high_tech"}], basis="self")
    told = explain(score(public, facts, AS_OF), shipped_wording())

    assert dict(told.sections)["结果"][0] == (
        "自评 810 分，落在 AA 的分数段。这是您自己填写的结果，只供参考，不是评价等级。"
    )


def test_a_ceiling_names_its_record_its_clause_and_the_day_it_ends(integrity: Pack) -> None:
    marks = [
        {"id": f"{fact}{n}", "fact": fact, "value": 5, "by": f"专家{n}", "reason": "好"}
        for fact, spec in integrity.facts.items()
        if spec.type == "mark"
        for n in (1, 2)
    ]
    wages = {"id": "w", "fact": "wage_arrears", "kind": "三个月以内", "date": date(2025, 9, 1)}
    told = explain(score(integrity, read(integrity, [*marks, wages]), AS_OF), shipped_wording())
    sections = dict(told.sections)

    assert sections["限制等级的情况"] == (
        (
            "近一年内有拖欠职工工资：三个月以内，2025-09-01。最高 A+。依据：004 六（三）2.2（2）；"
            "协会取值：不能评为 AA 类以上：最高 A+；计到评定之日。2026-09-01 起不再计入。"
        ),
    )
    assert sections["怎样提高"] == (
        "分数已经够 AA。",
        "“近一年内有拖欠职工工资”要等到 2026-09-01。",
    )
    assert sections["今后两年会自己发生的变化"] == (
        "2026-09-01 起，“近一年内有拖欠职工工资”不再计入。",
        "2026-09-01 起，总分 100 分，AAA+。",
    )


def test_an_ineligible_enterprise_is_told_why(public: Pack) -> None:
    told = explain(
        score(public, read(public, [{**FIRM, "value": "吊销"}]), AS_OF), shipped_wording()
    )

    assert dict(told.sections) == {
        "结果": (
            "这一次不能计分。",
            "企业的登记状态不是存续（在业、开业、在营也算存续），按规定不计分。（现在是“吊销”）",
        )
    }


def test_caps_that_bit_and_lists_that_were_looked_up_are_told(public: Pack) -> None:
    rows = [FIRM, {"id": "d", "fact": "judgment_debtor", "value": 0}]
    rows += [
        {"id": fact, "fact": fact}
        for fact in (
            *("high_tech", "contract_keeping", "tech_giant", "gazelle", "unicorn"),
            *("tech_sme", "maker_space", "incubator", "export_quality_model"),
        )
    ]
    sections = dict(explain(score(public, read(public, rows), AS_OF), shipped_wording()).sections)

    assert sections["已经封顶"] == ("荣誉信息合计 58 分，按规则只计 50 分。",)
    assert sections["结果"][-1] == "没有查到不良记录，共查过 1 项。没查过的不算。"
    assert sections["怎样提高"] == ("已经是最高一级。",)


def test_the_cap_of_a_single_indicator_is_told_too(public: Pack) -> None:
    cases = [{"id": f"d{n}", "fact": "judgment_debtor", "date": "2026-01-05"} for n in range(7)]
    result = score(public, read(public, [FIRM, *cases]), AS_OF)
    four = score(public, read(public, [FIRM, *cases[:4]]), AS_OF)

    told = [
        dict(explain(one, shipped_wording()).sections).get("已经封顶") for one in (result, four)
    ]
    assert told == [("被执行人信息情况合计 -105 分，按规则只计 -60 分。",), None]


def test_a_change_names_the_day_the_points_and_the_level(public: Pack) -> None:
    rows = [
        FIRM,
        {"id": "f", "fact": "founded_on", "value": date(2016, 6, 1)},
        {"id": "p", "fact": "passed_inspections", "date": date(2024, 8, 1)},
        {"id": "e", "fact": "taxpayer", "value": "一般纳税人", "ended_on": date(2027, 1, 1)},
    ]
    told = explain(score(public, read(public, rows), AS_OF), shipped_wording())

    assert dict(told.sections)["今后两年会自己发生的变化"] == (
        "2026-06-01 起，连续经营年限由 10 分变为 15 分。",
        "2026-06-01 起，总分 823 分，AA。",
        "2026-08-01 起，行政监督检查情况由 2 分变为 0 分。",
        "2026-08-01 起，总分 821 分，AA。",
        "2027-01-01 起，纳税资格情况由 6 分变为未知。",
        "2027-01-01 起，总分 815 分，AA。",
    )
    assert [(str(row["on"]), row["level"]) for row in told.as_dict()["changes"]] == [
        ("2026-06-01", "AA"),
        ("2026-08-01", "AA"),
        ("2027-01-01", "AA"),
    ]


def test_a_registration_that_runs_out_ends_the_score(public: Pack) -> None:
    told = explain(
        score(public, read(public, [{**FIRM, "ended_on": date(2026, 9, 1)}]), AS_OF),
        shipped_wording(),
    )

    assert dict(told.sections)["今后两年会自己发生的变化"] == (
        "2026-09-01 起不能计分：还不知道企业的登记状态，补上以后才能计分。",
    )


def test_a_veto_is_cleared_by_its_remedy(integrity: Pack) -> None:
    rows = [
        {"id": f"{fact}{n}", "fact": fact, "value": 5, "by": f"专家{n}", "reason": "好"}
        for fact, spec in integrity.facts.items()
        if spec.type == "mark"
        for n in (1, 2)
    ]
    rows += [
        {"id": "t", "fact": "tax_evasion"},
        {"id": "f", "fact": "founded_on", "value": date(2025, 1, 1)},
    ]
    sections = dict(
        explain(score(integrity, read(integrity, rows), AS_OF), shipped_wording()).sections
    )

    assert sections["怎样提高"] == (
        "分数已经够 A。",
        "先解决“偷税漏税”：补缴税款和滞纳金后申请信用修复。",
    )
    assert sections["限制等级的情况"][1] == (
        "创立不足三周年：2025-01-01。最高 AA+。依据：004 六（三）2.3（5）；"
        "协会取值：不能评为 AAA 级，含 AAA+。2028-01-01 起不再计入。"
    )


def test_a_low_self_assessment_and_stale_papers_are_told_kindly(rating: Pack) -> None:
    rows = [
        {"id": "h", "fact": "premises", "value": "自有", "ended_on": date(2026, 1, 1)},
        {"id": "m", "fact": "staff_quality", "value": 5, "by": "自己", "reason": "好"},
        {"id": "s", "fact": "statements", "year": 2025, "items": {"所有者权益": 100}},
    ]
    own = explain(score(rating, read(rating, rows, basis="self"), AS_OF), shipped_wording())
    verified = explain(score(rating, read(rating, rows), AS_OF), shipped_wording())
    missing = dict(own.sections)["还缺的资料"]

    assert dict(own.sections)["结果"][0] == (
        "自评 3.5 分，还没有达到 BBB。这是您自己填写的结果，只供参考，不是评价等级。"
    )
    assert "经营场所：已有的资料过期了，请提供产权证或租赁合同" in missing
    assert "资产负债率：报表里没有填 2025 年的“负债总额”" in missing
    assert ("PQ0204", "员工素质", "专家评分还不够 2 份") in [
        (gap.id, gap.name, gap.words) for gap in verified.gaps
    ]
    assert any("0.5 分（部分资料还没有）" in line for line in dict(own.sections)["逐项得分"])


@pytest.mark.parametrize("pack", PACKS, ids=[pack.id for pack in PACKS])
def test_what_people_read_has_no_internal_names(pack: Pack) -> None:
    rows = [FIRM] if pack.gates else []
    told = explain(score(pack, read(pack, rows), AS_OF), shipped_wording())
    text = "".join(line for _, lines in told.sections for line in lines)

    assert [
        word for word in ("None", "{", "X0", "X1", "X2", "unknown", "Decimal") if word in text
    ] == []
