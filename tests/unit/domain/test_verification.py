"""What a number alone may show, and that nothing old is ever called valid."""

from datetime import timedelta

import pytest

from bot.domain.certificates import State
from bot.domain.verification import Outcome, Why, masked_code, masked_name, of_state

DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("杭州晨星新材料科技有限公司", "杭州＊＊＊＊＊＊＊有限公司"),
        ("晨星商行", "晨＊＊＊"),
        ("晨星的商行", "晨星＊商行"),
        ("甲", "甲"),
    ],
)
def test_a_masked_name_always_hides_its_middle(name, shown):
    assert masked_name(name) == shown
    assert len(masked_name(name)) == len(name)


def test_a_masked_code_shows_its_last_four():
    assert masked_code("91330100MA2XXXXX0X") == "＊" * 14 + "XX0X"


@pytest.mark.parametrize("state", sorted(State))
def test_whatever_may_have_changed_is_not_said_after_a_day(state):
    young, _ = of_state(state, age=DAY)
    old, why = of_state(state, age=DAY + timedelta(seconds=1))

    assert young is not Outcome.UNAVAILABLE
    if young in {Outcome.VALID, Outcome.SUSPENDED}:
        assert (old, why) == (Outcome.UNAVAILABLE, Why.STATUS_OLD)
    else:
        assert old is young


def test_there_are_six_outcomes_and_one_apart():
    reached = {of_state(state, age=DAY)[0] for state in State}

    assert reached | {Outcome.UNAVAILABLE} == set(Outcome)
    assert len(reached) == 6
