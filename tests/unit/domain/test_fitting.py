"""What is said in one message: whole parts first, whole sentences else, and never too much."""

import pytest

from bot.domain.fitting import LONGEST, fitting, listed


def frame(lines: str) -> str:
    return f"答复：\n{lines}\n还想问，请发“人工”。"


def said(*parts: str) -> str:
    return listed(frame, parts, more="没有列全。")


def test_what_fits_is_said_as_it_is():
    assert fitting("x" * LONGEST) == "x" * LONGEST
    assert said("一", "二") == frame("一\n\n二")


def test_whole_parts_are_said_while_they_fit():
    long = "审" * 500 + "。"

    assert said(long, "二", long) == frame(f"{long}\n\n二\n\n没有列全。")


def test_one_that_is_too_long_by_itself_is_cut_between_sentences():
    told = said("先交材料。再等通知！" * 100, "二")

    assert told.startswith("答复：\n先交材料。")
    assert told.endswith("再等通知！……\n\n没有列全。\n还想问，请发“人工”。")
    assert LONGEST - 60 < len(told.encode()) <= LONGEST


@pytest.mark.parametrize("most", [0, 5, 6])
def test_without_room_nothing_but_the_mark_is_left(most):
    assert fitting("一二三四五六", most=most) == "……"
