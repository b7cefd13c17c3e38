"""Prices, validity and scores for the chat's answers, out of parsed programme files."""

import tomllib
from decimal import Decimal

from bot.domain.programme_numbers import FREE, charged, programme_numbers

PROGRAMMES = """
[[programme]]
id = "commitment"
certificate.valid_years = 1
fee.mode = "on"
[[programme.fee.price]]
who = "member"
fen = 0
[[programme.fee.price]]
who = "other"
fen = 200050
membership = "会员"
membership_years = 1

[[programme]]
id = "credit-evaluation"
scheme = "casme"
certificate.valid_years = 3
fee.mode = "off"
flow = { team_at_least = 2, committee_at_least = 5 }
notice.working_days = 5
[[programme.fee.price]]
who = "everyone"
fen = 1800000
membership = "理事会员"
membership_years = 2

[[programme]]
id = "free-grade"
fee.mode = "never"
"""
PACK = """
score = { base = 800, at_least = 500, at_most = 1000 }
[[grade]]
name = "AAA"
from = 830.5
[[grade]]
name = "B"
from = 790
"""


def parsed(text: str) -> dict:
    return tomllib.loads(text, parse_float=Decimal)


def test_each_number_of_a_programme_has_a_placeholder_and_what_is_not_stated_has_none():
    numbers = programme_numbers(parsed(PROGRAMMES)["programme"], {"casme": parsed(PACK)})

    assert numbers == {
        "fee_commitment": "2000.50元",
        "now_commitment": "2000.50元，含一年会员资格。",
        "now_credit_evaluation": FREE,
        "on_credit_evaluation": "18000元，含二年理事会员资格。",
        "now_free_grade": FREE,
        "membership_commitment": "一年会员资格",
        "valid_commitment": "一年",
        "fee_credit_evaluation": "18000元",
        "membership_credit_evaluation": "二年理事会员资格",
        "valid_credit_evaluation": "三年",
        "notice_credit_evaluation": "5个工作日",
        "team_credit_evaluation": "2人",
        "committee_credit_evaluation": "5人",
        "score_base": "800",
        "score_top": "1000",
        "score_floor": "500",
        "score_aaa": "830.5",
        "score_b": "790",
    }


def test_where_charging_is_switched_on_its_price_is_told_and_what_is_free_stays_free():
    numbers = programme_numbers(parsed(PROGRAMMES)["programme"], {})
    now = charged(numbers, {"credit-evaluation", "free-grade"})

    changed = {name for name in now if now[name] != numbers[name]}
    assert changed == {"now_credit_evaluation"}
    assert now["now_credit_evaluation"] == "18000元，含二年理事会员资格。"


def test_a_programme_whose_pack_is_not_there_gives_no_scores():
    numbers = programme_numbers(parsed(PROGRAMMES)["programme"], {})

    assert [name for name in numbers if name.startswith("score_")] == []
