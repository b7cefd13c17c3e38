"""Values of template keywords: what WeChat takes, what it would refuse, and how to shorten."""

import pytest

from bot.domain.keywords import kind_of, problem, shortened

TAKEN = [
    ("thing1", "企业年审"),
    ("thing12", "字" * 20),
    ("number2", "0012.50"),
    ("letter3", "ABCdef"),
    ("symbol4", "！？#"),
    ("character_string5", "CN-2026/0001 A"),
    ("time6", "15:01"),
    ("time6", "2019年10月1日 15:01"),
    ("time6", "2019年10月1日~2019年10月7日"),
    ("date7", "2026年12月31日"),
    ("date7", "2024年2月29日 09:30"),
    ("amount8", "¥2000.00元"),
    ("amount8", "2000"),
    ("phone_number9", "+86-0010-6655"),
    ("car_number10", "粤A8Z888挂"),
    ("name11", "欧阳·娜娜"),
    ("name11", "John O'Neil-Smith"),
    ("phrase13", "待提交"),
    ("const14", "已受理"),
    ("enum15", "已受理"),
]
REFUSED = [
    ("thing1", ""),
    ("thing1", "字" * 21),
    ("thing1", "两\n行"),
    ("thing1", " 空白"),
    ("number2", "1,000"),
    ("number2", "1" * 33),
    ("letter3", "abc1"),
    ("symbol4", "a!"),
    ("symbol4", "!!!!!!"),
    ("character_string5", "编号1"),
    ("character_string5", "x" * 33),
    ("time6", "25:00"),
    ("time6", "明天"),
    ("date7", "2026-12-31"),
    ("date7", "2026年2月29日"),
    ("date7", "2026年13月1日"),
    ("amount8", "二千元"),
    ("amount8", "12345678901"),
    ("phone_number9", "1" * 18),
    ("car_number10", "字" * 9),
    ("name11", "字" * 11),
    ("name11", "张三John"),
    ("phrase13", "一二三四五六"),
    ("phrase13", "abc"),
    ("thing", "没有编号"),
    ("words1", "没有这种类型"),
]


@pytest.mark.parametrize(("name", "value"), TAKEN)
def test_what_wechat_takes_has_no_problem(name, value):
    assert problem(name, value) == ""


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_wechat_refuses_is_named(name, value):
    assert problem(name, value).startswith(f"{name}: ")


def test_the_problem_does_not_repeat_the_value():
    assert "机密" not in problem("phrase1", "机密的内容太长了")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("character_string21", "character_string"), ("thing1", "thing"), ("thing", ""), ("x1", "")],
)
def test_the_kind_is_the_start_of_the_name(name, kind):
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("企业年审", "企业年审"),
        ("字" * 20, "字" * 20),
        ("字" * 21, "字" * 19 + "…"),
        ("字" * 18 + "👍🏽好好", "字" * 18 + "…"),  # a hand with its colour
        ("字" * 17 + "👩\u200d👩\u200d👧好", "字" * 17 + "…"),  # a family of five code points
        ("字" * 18 + "e\u0301" + "好好", "字" * 18 + "…"),  # a letter with its accent
        ("字" * 18 + "🇨🇳好好", "字" * 18 + "…"),  # half a flag is none
        ("字" * 17 + "🇨🇳好好好", "字" * 17 + "🇨🇳…"),
        ("字" * 17 + "  好好好好", "字" * 17 + "…"),
    ],
)
def test_what_is_too_long_ends_before_a_whole_sign(text, short):
    assert shortened(text) == short
    assert problem("thing1", shortened(text)) == ""
