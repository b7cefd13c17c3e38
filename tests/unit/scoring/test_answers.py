"""Answers become records: exactly what was said, and never a zero for what nobody knows."""

from datetime import date
from decimal import Decimal

import pytest

from bot.scoring.answers import BLANK, ROWS, read
from bot.scoring.engine import score
from bot.scoring.facts import Facts, gather
from bot.scoring.facts_reader import facts_from
from bot.scoring.known import known
from bot.scoring.library import questionnaire, shipped_cases, shipped_pack, versions
from bot.scoring.reading import BadData, Table
from bot.scoring.result import Result

AS_OF = date(2026, 3, 1)
# What a questionnaire cannot say, and why.
BEYOND = {
    "三位专家取中间一位": "one enterprise gives one mark",
    "两位专家取平均：4.5 分": "one enterprise gives one mark",
    "四位专家取中间两位的平均": "one enterprise gives one mark",
    "94.9 分是 AAA，95 分才是 AAA+": "one enterprise gives one mark",
    "89.5 分是 AA+": "one enterprise gives one mark",
    "84.2 分是 AA": "one enterprise gives one mark",
    "79.2 分是 A+": "one enterprise gives one mark",
    "69.2 分是 A": "one enterprise gives one mark",
    "59.2 分不予评级": "one enterprise gives one mark",
    "PQ0203 三位专家取中间一位：4 ÷ 5 × 3 = 2.4": "one enterprise gives one mark",
    "PQ0405 只报一条违法，没有查询：不会比不报得分多": "who names a record has looked",
    "PQ0405 修复被接受之日起不再扣分（X28）": "a repair is accepted by staff",
    "上年数可以来自上年报表，也可以来自本年报表的上年栏": "a year of accounts is told once",
    "限制 c233：贷款已还清，一年内仍然计入": "is told without the day on which it ended",
}


def asked(scheme: str, name: str):
    return questionnaire(shipped_pack(scheme)).question(name)


def public(name: str):
    return asked("casme-public-credit", name)


def rating(name: str):
    return asked("sme-credit-rating", name)


def integrity(name: str):
    return asked("shanxi-integrity", name)


def own(facts: Facts) -> Facts:
    """The same records as a self-assessment would have told them."""
    rows = []
    for n, one in enumerate(facts.records):
        rows.append(one._replace(id=f"self.{n}", standing="declared", before={}))
        if one.before:
            year = one._replace(id=f"self.{n}.b", standing="declared", year=one.year - 1)
            rows.append(year._replace(items=one.before, before={}))
    rows = [one._replace(weight=(one.since, False, one.id)) for one in rows]
    return gather(rows, basis="self", file="", subject="")


def walked(scheme: str, facts: Facts, as_of: date) -> Result:
    """The score of what the questionnaire makes of these facts when it is filled in from them."""
    pack = shipped_pack(scheme)
    rows, books = [], {}
    for question in questionnaire(pack):
        answer = read(question, known(question, facts, as_of, pack).parts, as_of)
        assert answer.state in {"given", "blank"}
        for row in answer.rows:
            if "year" in row:
                books.setdefault(row["year"], {}).update(row["items"])
            else:
                rows.append(row)
    rows += [{"fact": "statements", "year": year, "items": i} for year, i in books.items()]
    top = Table({"records": [row | {"id": f"a{n}"} for n, row in enumerate(rows)]}, "")
    return score(pack, facts_from(pack, top, basis="self", standing="declared"), as_of)


@pytest.mark.parametrize("scheme", sorted(versions()))
def test_the_cases_of_a_pack_score_the_same_when_they_are_told_in_answers(scheme):
    wrong, compared = [], 0
    for case in shipped_cases(scheme):
        if isinstance(case.facts, BadData) or case.name in BEYOND or "error" in case.expect:
            continue
        facts = own(case.facts)
        wanted, found = (
            score(shipped_pack(scheme), facts, case.as_of),
            walked(scheme, facts, case.as_of),
        )
        compared += 1
        if (found.total, found.level) != (wanted.total, wanted.level):
            wrong.append((case.name, found.total, wanted.total))

    assert wrong == []
    assert compared > 55


def test_nothing_said_is_no_answer():
    assert read(public("taxpayer"), {}, AS_OF) == BLANK
    assert read(public("taxpayer"), {"v": "  "}, AS_OF) == BLANK
    assert read(rating("profit"), {"unit": "10000"}, AS_OF) == BLANK
    assert not BLANK.counts


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (public("taxpayer"), {"v": "unsure"}),
        (public("founded_on"), {"unsure": "1"}),
        (rating("paid_in_capital"), {"unsure": "1"}),
        (public("judgment_debtor"), {"has": "unsure"}),
        (public("lists"), {"has": "unsure"}),
        (public("penalties"), {"has": "unsure"}),
        (integrity("tax"), {"v": "unsure"}),
        (rating("profit"), {"unsure": "1"}),
    ],
)
def test_to_be_unsure_is_an_answer_that_tells_nothing(question, parts):
    answer = read(question, parts, AS_OF)

    assert (answer.state, answer.rows, answer.words) == ("unsure", (), "不清楚")
    assert answer.counts


@pytest.mark.parametrize(
    ("question", "parts", "rows", "words"),
    [
        (
            public("taxpayer"),
            {"v": "一般纳税人"},
            [{"fact": "taxpayer", "value": "一般纳税人"}],
            "一般纳税人",
        ),
        (
            public("business_licence"),
            {"v": "行业不需要"},
            [{"fact": "business_licence", "value": "行业不需要"}],
            "本行业不需要许可",
        ),
        (
            public("founded_on"),
            {"v": " ２０１６年５月１８日 "},
            [{"fact": "founded_on", "value": date(2016, 5, 18)}],
            "2016 年 5 月 18 日",
        ),
        (
            public("special_permits"),
            {"has": "yes", "n": "2 项"},
            [{"fact": "special_permits", "value": 2}],
            "有，2 项",
        ),
        (
            public("special_permits"),
            {"n": "3"},
            [{"fact": "special_permits", "value": 3}],
            "有，3 项",
        ),
        (
            public("special_permits"),
            {"has": "yes", "n": "0"},
            [{"fact": "special_permits", "value": 0}],
            "没有",
        ),
        (
            public("red_list"),
            {"a_level_taxpayer": "1"},
            [
                {"fact": "a_level_taxpayer", "value": 1},
                {"fact": "customs_advanced", "value": 0},
                {"fact": "inspection_aa", "value": 0},
                {"fact": "transport_integrity_model", "value": 0},
            ],
            "A级纳税人",
        ),
        (
            asked("shanxi-integrity", "rivals"),
            {"has": "no"},
            [{"fact": fact, "value": 0} for fact in ("ip_infringement", "unfair_competition")],
            "都没有",
        ),
        (
            public("red_list"),
            {"has": "no"},
            [{"fact": fact, "value": 0} for fact in public("red_list").facts],
            "都没有",
        ),
        (
            public("penalties"),
            {"has": "yes", "2.what": "penalties/重大", "2.on": "20250801"},
            [
                {"fact": "penalties", "value": 1, "kind": "重大", "date": date(2025, 8, 1)},
                {"fact": "coercion", "value": 0},
                {"fact": "tax_evasion", "value": 0},
                {"fact": "lost_lawsuits", "value": 0},
            ],
            "行政处罚：重大（2025-08-01）",
        ),
        (
            public("passed_inspections"),
            {"1.on": "2025-09-20"},
            [{"fact": "passed_inspections", "value": 1, "date": date(2025, 9, 20)}],
            "检查合格记录（2025-09-20）",
        ),
        (
            rating("violations"),
            {"has": "no"},
            [
                {"fact": "violations_checked", "value": "已查，查到的都已列出"},
                {"fact": "violations", "value": 0},
            ],
            "没有",
        ),
        (
            rating("paid_in_capital"),
            {"v": "1,200.5"},
            [{"fact": "paid_in_capital", "value": Decimal(12005000)}],
            "1200.5 万元",
        ),
        (
            rating("paid_in_capital"),
            {"v": "3亿元"},
            [{"fact": "paid_in_capital", "value": Decimal(300000000)}],
            "30000 万元",
        ),
        (rating("industry"), {"v": "C35"}, [{"fact": "industry", "value": "C35"}], "C35"),
        (
            rating("management_rules"),
            {"v": "4"},
            [{"fact": "management_rules", "value": 4, "by": "企业自评", "reason": "比较完善"}],
            "比较完善",
        ),
        (
            rating("profit"),
            {"unit": "10000", "2025.净利润": "-5", "2024.净利润": "0", "2025.利润总额": "3.25"},
            [
                {
                    "fact": "statements",
                    "year": 2025,
                    "items": {"净利润": Decimal(-50000), "利润总额": Decimal(32500)},
                },
                {"fact": "statements", "year": 2024, "items": {"净利润": Decimal(0)}},
            ],
            "2025 年 2 个数、2024 年 1 个数",
        ),
        (
            integrity("by_degree"),
            {"1.what": "wage_arrears/三个月以内", "1.on": "2025-10-15", "1.end": "2025-11-15"},
            [
                {
                    "fact": "wage_arrears",
                    "value": 1,
                    "kind": "三个月以内",
                    "date": date(2025, 10, 15),
                    "ended_on": date(2025, 11, 15),
                },
                {"fact": "contract_breach", "value": 0},
                {"fact": "safety_accident", "value": 0},
                {"fact": "pollution", "value": 0},
            ],
            "拖欠职工工资：三个月以内（2025-10-15）",
        ),
    ],
)
def test_an_answer_becomes_exactly_these_records(question, parts, rows, words):
    answer = read(question, parts, AS_OF)

    assert answer.faults == {}
    assert (answer.state, list(answer.rows), answer.words) == ("given", rows, words)


@pytest.mark.parametrize(
    ("question", "parts", "faults"),
    [
        (public("taxpayer"), {"v": "大户"}, {"v": "请选一项"}),
        (public("founded_on"), {"v": "去年"}, {"v": "请填日期，例如 2025-03-12"}),
        (public("founded_on"), {"v": "2025-02-30"}, {"v": "没有这一天，请检查年月日"}),
        (public("founded_on"), {"v": "2026-03-02"}, {"v": "日期不能晚于今天"}),
        (public("founded_on"), {"v": "1016-03-02"}, {"v": "年份不对，请检查"}),
        (
            public("founded_on"),
            {"v": "2016-05-18", "unsure": "1"},
            {"v": "填了内容，又选了“不清楚”或“没有”，请只留一样"},
        ),
        (public("special_permits"), {"has": "yes"}, {"n": "请填有几项"}),
        (public("special_permits"), {"has": "yes", "n": "两"}, {"n": "请填整数，例如 2"}),
        (public("special_permits"), {"n": "20000"}, {"n": "这个数太大，请检查"}),
        (
            public("special_permits"),
            {"has": "no", "n": "2"},
            {"n": "填了内容，又选了“不清楚”或“没有”，请只留一样"},
        ),
        (public("red_list"), {"has": "yes"}, {"has": "请勾选是哪几项"}),
        (
            public("red_list"),
            {"has": "no", "customs_advanced": "1"},
            {"has": "勾选了，又选了“没有”或“不清楚”，请只留一样"},
        ),
        (public("penalties"), {"has": "yes"}, {"has": "请在下面填是什么、哪一天"}),
        (
            public("penalties"),
            {"has": "no", "1.on": "2025-01-01"},
            {"has": "填了内容，又选了“不清楚”或“没有”，请只留一样"},
        ),
        (
            public("penalties"),
            {"1.on": "2025-13-01", "2.what": "coercion"},
            {
                "1.what": "请选是什么",
                "1.on": "没有这一天，请检查年月日",
                "2.on": "请填日期，例如 2025-03-12",
            },
        ),
        (
            integrity("by_degree"),
            {"1.what": "pollution/重大", "1.on": "2025-10-15", "1.end": "2025-10-14"},
            {"1.end": "了结的日期不能早于发生的日期"},
        ),
        (
            integrity("by_degree"),
            {"1.what": "pollution/重大", "1.on": "2025-10-15", "1.end": "早了"},
            {"1.end": "请填日期，例如 2025-03-12"},
        ),
        (
            rating("industry"),
            {"v": "35"},
            {"v": "行业代码是一个大写字母加二到四位数字，例如 C35；不知道请选“不清楚”。"},
        ),
        (rating("paid_in_capital"), {"v": "很多"}, {"v": "请填数字，例如 1200 或 1200.50"}),
        (rating("paid_in_capital"), {"v": "-3"}, {"v": "不能是负数"}),
        (rating("paid_in_capital"), {"v": "99999999亿"}, {"v": "这个数不合理，请检查单位"}),
        (rating("paid_in_capital"), {"v": "0.0000001"}, {"v": "最多 2 位小数（以元计）"}),
        (
            rating("profit"),
            {
                "unit": "1",
                "2025.净利润": "五万",
                "2025.主营业务收入": "-1",
                "2025.存货": "1",
                "2019.净利润": "1",
                "2026.净利润": "1",
            },
            {
                "2025.净利润": "2025 年 净利润：请填数字，例如 1200 或 1200.50",
                "2025.主营业务收入": "2025 年 主营业务收入：不能是负数",
                "2025.存货": "报表里没有这一格",
                "2019.净利润": "报表里没有这一格",
                "2026.净利润": "报表里没有这一格",
            },
        ),
        (rating("profit"), {"2025.净利润": "5"}, {"unit": "请选金额的单位：元，还是万元"}),
        (
            rating("profit"),
            {"2025.净利润": "5", "unsure": "1"},
            {"unsure": "填了内容，又选了“不清楚”或“没有”，请只留一样"},
        ),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_part(question, parts, faults):
    answer = read(question, parts, AS_OF)

    assert (answer.state, answer.rows, answer.faults) == ("faulty", (), faults)
    assert not answer.counts


def test_a_text_of_no_pattern_has_an_end():
    pack = shipped_pack("sme-credit-rating")
    from bot.scoring.questions import plain_question

    question = plain_question(pack, pack.facts["industry"])

    assert read(question, {"v": "零售"}, AS_OF).words == "零售"
    assert read(question, {"v": "零" * 101}, AS_OF).faults == {"v": "最多 100 个字"}


def test_happenings_beyond_the_last_row_are_not_taken():
    parts = {f"{n}.on": "2025-01-01" for n in range(1, ROWS + 2)}

    assert len(read(public("passed_inspections"), parts, AS_OF).rows) == ROWS
