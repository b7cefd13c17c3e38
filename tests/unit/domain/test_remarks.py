"""What staff write: every text that cannot be kept is refused in a sentence."""

import pytest

from bot.domain import remarks
from bot.domain.errors import BadInput


def test_a_remark_is_kept_without_the_blanks_around_it():
    assert remarks.reason("  营业执照已变更\n见附件 ") == "营业执照已变更\n见附件"
    assert remarks.name(" 王芳 ") == "王芳"
    assert remarks.reason("字" * 200) == "字" * 200


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "请写明原因。"),
        (" \u3000", "请写明原因。"),
        ("字" * 201, "原因最多 200 个字，请删减。"),
        ("a\0b", "原因里有不能保存的字符，请重新输入。"),
        ("a\udcffb", "原因里有不能保存的字符，请重新输入。"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_what_to_do(text, sentence):
    with pytest.raises(BadInput, match=sentence):
        remarks.reason(text)


def test_a_name_is_a_short_one():
    with pytest.raises(BadInput, match="姓名最多 30 个字"):
        remarks.name("王" * 31)


def test_an_answer_fits_into_one_message():
    assert remarks.answer("字" * 600) == "字" * 600
    with pytest.raises(BadInput, match="一条消息放不下，请删减"):
        remarks.answer("😀" * 451)
