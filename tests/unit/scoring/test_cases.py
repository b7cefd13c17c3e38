"""The runner of cases: what it says when a case does not hold."""

import pytest

from bot.scoring.cases import read_cases, run_case
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData

CASE = """
[[case]]
name = "一"
as_of = 2026-03-01
values = { registration_status = "存续", high_tech = 1 }
expect = { total = 810 }
"""


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ("{ total = 811 }", ["total 应为 811，实为 810"]),
        ('{ grade = "A" }', ["grade 应为 A，实为 AA"]),
        ("{ points = { high_tech = 9 } }", ["points.high_tech 应为 9，实为 10"]),
        ("{ points = { gazelle = 0 } }", ["points.gazelle 应为 0，实为 未知"]),
        ("{ points = { nothing = 0 } }", ["points.nothing 应为 0，实为 （没有）"]),
        ('{ unknown = ["high_tech", "gazelle"] }', ["high_tech 应为未知"]),
        ('{ error = "拒绝" }', ["error 应为 拒绝，实为 "]),
    ],
)
def test_a_case_that_does_not_hold_says_what_differs(
    public: Pack, expect: str, wrong: list[str]
) -> None:
    (case,) = read_cases(public, CASE.replace("{ total = 810 }", expect), "c.toml")

    assert run_case(public, case) == wrong


def test_a_refusal_that_was_not_expected_is_a_difference(public: Pack) -> None:
    (case,) = read_cases(public, CASE.replace("high_tech = 1", "high_tech = -1"), "c.toml")

    assert run_case(public, case) == [
        "没有预料到：c.toml：case[一].values.high_tech.value：不能是负数"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (CASE + CASE, "c.toml：case[一].name：同名的例子"),
        (
            CASE.replace("as_of", 'like = "x"\nas_of'),
            "c.toml：case[一].like：前面没有叫“x”的例子",
        ),
        (CASE.replace("total", "totl"), "c.toml：case[一].expect.totl：没有这个键，请检查拼写"),
        ("x = 1", "c.toml：x：没有这个键，请检查拼写"),
    ],
)
def test_a_file_of_cases_with_a_typing_error_is_refused(
    public: Pack, text: str, sentence: str
) -> None:
    with pytest.raises(BadData) as refusal:
        read_cases(public, text, "c.toml")

    assert str(refusal.value) == sentence
