"""Mobile numbers: many ways to write them, one way to compare them."""

import pytest

from bot.domain import phones


@pytest.mark.parametrize(
    "written",
    ["13800138000", "+8613800138000", "0086 138-0013-8000", "１３８００１３８０００",
     " 138 0013 8000 ", "86-13800138000", "(86)13800138000"],
)  # fmt: skip
def test_one_number_is_one_number(written):
    assert phones.read(written) == "13800138000"


@pytest.mark.parametrize(
    "written", ["", "010-88653588", "1380013800", "138001380001", "23800138000", "abc", "一三八"]
)
def test_what_is_no_mobile_number_is_none(written):
    assert phones.read(written) is None


def test_most_of_a_number_is_hidden():
    assert phones.masked("13800138000") == "138****8000"


@pytest.mark.parametrize(
    ("text", "shown", "numbers"),
    [
        ("请打13800138000", "请打138****8000", ("13800138000",)),
        ("请打１３８００１３８０００，谢谢", "请打138****8000，谢谢", ("13800138000",)),
        (
            "+86 138-0013-8000或13900139000，13800138000也行",
            "138****8000或139****9000，138****8000也行",
            ("13800138000", "13900139000"),
        ),
        (
            "代码91110108MA01X2YZ30，座机010-88653588",
            "代码91110108MA01X2YZ30，座机010-88653588",
            (),
        ),
        ("单号 2013800138000123", "单号 2013800138000123", ()),
    ],
)
def test_numbers_are_taken_out_of_a_text(text, shown, numbers):
    assert phones.taken_out(text) == (shown, numbers)
