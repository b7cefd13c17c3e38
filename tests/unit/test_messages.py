"""The files of the messages that we send by ourselves: complete, and fit for WeChat."""

import pytest

from bot.domain.telling import Channel
from bot.services.messages import MESSAGES, BadMessage, read

# What a caller may hand over at the most.
LONGEST = {
    "company": "内蒙古自治区鄂尔多斯市东胜区某某某某某新能源科技发展股份有限公司",
    "programme": "中小企业公共信用综合评价等级证书",
    "purpose": "企业信用等级评价服务费（2026年度）",
    "state": "评审已通过",
    "reason": "营业执照不清楚，请重新拍照，四个角都要拍到",
    "became": "年审通过",
    "what": "有新的法定代表人加入",
    "amount": "1234567.89元",
    "answer": "答" * 600,
    "order": "CR2026123100000000000000000001",
    **dict.fromkeys(
        ("asked_on", "expires_on", "due_on", "moved_on", "paid_on", "on"), "2026年12月31日"
    ),
}
GOOD = """
about = "试"
values = ["who"]
channels = ["custom", "template"]
words = "您好，{who}"
[template]
thing1 = "{who}"
"""


def test_there_is_a_message_for_each_thing_that_moves_or_falls_due():
    moves = {"binding_moved", "case_moved", "certificate_moved", "colleague_moved"}
    due = {"annual_review_due", "binding_expires", "certificate_expires"}

    assert moves | due | {"commitment_moved", "binding_disputed"} <= set(MESSAGES)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_message_fits_with_the_longest_values(name):
    message = MESSAGES[name]

    message.check({value: LONGEST[value] for value in message.values})


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_message_tells_a_person_where_to_go_on(name):
    message = MESSAGES[name]

    assert "{url}" in message.words or "请发“" in message.words
    assert "您" in message.words
    assert message.page.startswith("pages/") or Channel.MINI not in message.channels


def test_a_long_name_is_shortened_only_where_the_file_allows_it():
    allowed = read("m", GOOD.replace('"{who}"\n', '{ text = "{who}", shorten = true }\n'))

    assert allowed.fill(Channel.TEMPLATE, {"who": "字" * 30}) == {"thing1": "字" * 19 + "…"}
    with pytest.raises(BadMessage, match=r"m\.template\.thing1: 30 characters"):
        read("m", GOOD).check({"who": "字" * 30})


@pytest.mark.parametrize("values", [{}, {"who": "张三", "whom": "李四"}])
def test_missing_and_unknown_values_are_refused(values):
    with pytest.raises(BadMessage, match="missing or unknown values"):
        read("m", GOOD).check(values)


def test_a_value_is_never_read_as_a_place():
    message = read("m", GOOD)

    assert message.say({"who": "{url}{who}"}, url="https://a.cn") == "您好，{url}{who}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("about", "abuot"), "unknown keys"),
        (("thing1", "thing"), "no such keywords"),
        (('"您好，{who}"', '"您好，{whom}"'), "places and values differ"),
        (('values = ["who"]', 'values = ["who", "when"]'), "places and values differ"),
        (('words = "您好，{who}"', ""), "without words"),
        (('"template"]', '"letter"]'), "letter"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(change, told):
    with pytest.raises(ValueError, match=told):
        read("m", GOOD.replace(*change, 1))


def test_a_customer_message_beyond_two_kilobytes_is_refused():
    with pytest.raises(BadMessage, match="bytes"):
        read("m", GOOD).say({"who": "字" * 700}, url="")
