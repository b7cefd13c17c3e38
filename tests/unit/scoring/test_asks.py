"""In a chat every question is a row of prompts, and comes to what a page would have sent."""

from datetime import date

import pytest

from bot.scoring.answers import ROWS, read
from bot.scoring.asks import finished, next_ask, put
from bot.scoring.library import questionnaire, shipped_pack, versions

AS_OF = date(2026, 3, 1)
ALL = {
    (scheme, question.id): question
    for scheme in versions()
    for question in questionnaire(shipped_pack(scheme))
}


def talk(scheme: str, name: str, *replies: str) -> tuple[list[str], dict[str, str]]:
    """What was asked, and the parts that came of the replies."""
    question, parts, asked = ALL[scheme, name], {}, []
    for reply in replies:
        ask = next_ask(question, parts)
        asked.append(ask.text)
        parts = put(ask, parts, reply)
    assert next_ask(question, parts) is None
    return asked, finished(parts)


PUBLIC, RATING, INTEGRITY = "casme-public-credit", "sme-credit-rating", "shanxi-integrity"


@pytest.mark.parametrize(
    ("scheme", "name", "replies", "parts"),
    [
        (PUBLIC, "taxpayer", ["一般纳税人"], {"v": "一般纳税人"}),
        (INTEGRITY, "tax", ["4"], {"v": "4"}),
        (PUBLIC, "founded_on", ["2016年5月18日"], {"v": "2016年5月18日"}),
        (PUBLIC, "founded_on", ["不清楚"], {"unsure": "1"}),
        (RATING, "paid_in_capital", ["300"], {"v": "300"}),
        (RATING, "industry", ["跳过"], {"unsure": "1"}),
        (PUBLIC, "special_permits", ["no"], {"has": "no"}),
        (PUBLIC, "special_permits", ["yes", "2"], {"has": "yes", "n": "2"}),
        (PUBLIC, "special_permits", ["yes", "不清楚"], {"has": "unsure"}),
        (PUBLIC, "lists", ["unsure"], {"has": "unsure"}),
        (
            PUBLIC,
            "red_list",
            ["yes", "customs_advanced", "inspection_aa", "done"],
            {"has": "yes", "customs_advanced": "1", "inspection_aa": "1"},
        ),
        (PUBLIC, "penalties", ["no"], {"has": "no"}),
        (
            PUBLIC,
            "penalties",
            ["yes", "coercion", "2025-01-05", "yes", "penalties/重大", "2025-02-05", "no"],
            {
                "has": "yes",
                "1.what": "coercion",
                "1.on": "2025-01-05",
                "2.what": "penalties/重大",
                "2.on": "2025-02-05",
            },
        ),
        (
            PUBLIC,
            "passed_inspections",
            ["yes", "2025-09-20", "no"],
            {"has": "yes", "1.on": "2025-09-20"},
        ),
        (
            INTEGRITY,
            "by_degree",
            ["yes", "pollution/其他", "2025-09-20", "yes", "2025-10-20", "no"],
            {
                "has": "yes",
                "1.what": "pollution/其他",
                "1.on": "2025-09-20",
                "1.end": "2025-10-20",
            },
        ),
        (
            INTEGRITY,
            "by_degree",
            ["yes", "pollution/其他", "2025-09-20", "no", "no"],
            {"has": "yes", "1.what": "pollution/其他", "1.on": "2025-09-20"},
        ),
    ],
)
def test_replies_come_to_what_a_page_would_have_sent(scheme, name, replies, parts):
    _, found = talk(scheme, name, *replies)

    assert found == parts
    assert read(ALL[scheme, name], found, AS_OF).counts


def test_a_prompt_says_what_is_meant_and_in_which_unit():
    asked, _ = talk(PUBLIC, "red_list", "yes", "customs_advanced", "done")
    labels = "A级纳税人、海关高级认证企业、检验检疫信用AA级、交通运输工程建设守信典型"

    assert asked == [
        f"企业有没有下面的守信认定？\n{labels}",
        "是哪一项？",
        "还有哪一项？",
    ]
    assert talk(RATING, "paid_in_capital", "3")[0] == ["股东实际缴了多少注册资本？（单位：万元）"]
    assert talk(PUBLIC, "judgment_debtor", "no")[0] == [ALL[PUBLIC, "judgment_debtor"].text]


def test_a_faulty_reply_is_asked_again():
    question = ALL[PUBLIC, "passed_inspections"]
    _, parts = talk(PUBLIC, "passed_inspections", "yes", "不清楚", "no")
    for fault in read(question, parts, AS_OF).faults:
        del parts[fault]

    assert parts == {"has": "yes"}
    assert next_ask(question, parts).part == "1.on"


def test_when_everything_was_named_nothing_more_is_asked():
    facts = ALL[PUBLIC, "red_list"].facts
    _, found = talk(PUBLIC, "red_list", "yes", *facts)

    assert set(found) == {"has", *facts}


def test_the_rows_of_happenings_have_an_end():
    replies = ["yes"] + ["2025-09-20", "yes"] * ROWS
    _, found = talk(PUBLIC, "passed_inspections", *replies)

    assert len(found) == 1 + ROWS


def test_accounts_are_not_asked_in_a_chat():
    assert next_ask(ALL[RATING, "profit"], {}) is None


@pytest.mark.parametrize("place", sorted(ALL))
def test_every_other_question_begins_with_a_prompt_that_fits_a_message(place):
    question = ALL[place]
    ask = next_ask(question, {})

    if question.kind == "statement":
        assert ask is None
    else:
        lines = [ask.text, *(label for _, label in ask.choices), ask.example]
        assert len("\n".join(lines).encode()) < 1800
