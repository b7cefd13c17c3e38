"""A licence's words become a proposal for a form, with what the person must look at."""

from datetime import date

import pytest

from bot.domain.licences import Licence, Term, understood

TODAY = date(2026, 3, 2)
WORDS = {
    "code": "91140100MA0K9T2X38",
    "name": "太原云岫精密机械有限公司",
    "legal": "王建国",
    "founded": "2016年05月12日",
    "address": "山西省太原市小店区示例路18号",
    "term": "2016年05月12日至长期",
}


def test_a_clear_licence_has_no_warning():
    assert understood(WORDS, today=TODAY) == Licence(
        "91140100MA0K9T2X38",
        "太原云岫精密机械有限公司",
        "王建国",
        date(2016, 5, 12),
        "山西省太原市小店区示例路18号",
        Term.OPEN,
        (),
    )


def test_blanks_and_full_width_signs_of_the_reader_are_tidied():
    words = WORDS | {"code": "９１140100 ma0k9t2x38", "name": "太原 云岫精密机械有限公司(分）"}

    read = understood(words, today=TODAY)

    assert (read.code, read.name) == ("91140100MA0K9T2X38", "太原云岫精密机械有限公司（分）")


def test_what_is_not_on_the_picture_is_named_once():
    read = understood(dict.fromkeys(WORDS, "") | {"name": "甲公司"}, today=TODAY)

    assert read.warnings == (
        "没有认出统一社会信用代码、法定代表人、成立日期、住所，请照执照填写。",
    )
    assert read.status is Term.UNKNOWN


def test_a_code_of_the_old_kind_is_pointed_out():
    read = understood(WORDS | {"code": "140100200012345"}, today=TODAY)

    assert read.warnings == ("统一社会信用代码应为18位数字和大写字母，请与执照核对。",)


def test_one_sign_that_was_misread_is_pointed_out():
    read = understood(WORDS | {"code": "91140100MA0K9T2X88"}, today=TODAY)

    assert read.warnings == ("统一社会信用代码的校验码不对，可能认错了一位，请与执照核对。",)


@pytest.mark.parametrize(
    ("term", "status"),
    [
        ("2016年05月12日至2026年03月02日", Term.OPEN),
        ("2016年05月12日至2026年03月01日", Term.OVER),
        ("长期", Term.OPEN),
        ("2016年05月12日 至 永久", Term.OPEN),
        ("2016年05月12日", Term.UNKNOWN),
        ("2016年05月12日至2026年02月30日", Term.UNKNOWN),
        ("", Term.UNKNOWN),
    ],
)
def test_the_term_ends_with_its_last_day(term, status):
    assert understood(WORDS | {"term": term}, today=TODAY).status is status


def test_a_day_that_no_calendar_has_is_not_read():
    assert understood(WORDS | {"founded": "2016年13月40日"}, today=TODAY).founded is None
