"""What a number alone may show, and that nothing old is ever called valid."""

from datetime import timedelta

import pytest

from bot.domain.certificates import State
from bot.domain.register import Entry, state_on
from bot.domain.verification import (
    Finding,
    Outcome,
    Signature,
    Why,
    changed_on,
    masked_code,
    masked_name,
    of_state,
)
from tests.conftest import NOW

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


FIRST, DUE, LAST = 0, 365, 3 * 365  # days since the epoch of the register
SINCE = 40


@pytest.mark.parametrize(
    ("stored", "why", "on", "state", "since", "reason"),
    [
        ("active", "cleared", DUE - 1, State.ACTIVE, SINCE, ""),
        ("active", "cleared", DUE, State.DUE, DUE, ""),
        ("active", "cleared", DUE + 30, State.SUSPENDED, DUE + 30, "没有按时完成年审"),
        ("active", "", DUE + 90, State.WITHDRAWN, DUE + 90, "没有按时完成年审"),
        ("suspended", "under_check", DUE, State.SUSPENDED, SINCE, "正在核查"),
        ("suspended", "under_check", DUE + 90, State.WITHDRAWN, DUE + 90, "没有按时完成年审"),
        ("suspended", "under_check", LAST + 1, State.EXPIRED, LAST + 1, ""),
        ("active", "cleared", LAST + 9, State.EXPIRED, LAST + 1, ""),
        ("revoked", "misuse", LAST + 9, State.REVOKED, SINCE, "冒用或转借证书"),
    ],
)
def test_what_is_so_today_has_its_own_day_and_its_own_reason(stored, why, on, state, since, reason):
    entry = Entry(
        b"", b"", b"", False, 1, FIRST, LAST, SINCE, FIRST, DUE, 30, 90, 0, 1, "", "", "", "", "",
        stored, why, "", "", "",
    )  # fmt: skip
    outcome, more = of_state(state_on(entry, on), age=timedelta(0))
    found = Finding(outcome, more, Signature.GOOD, NOW, NOW, entry, state_on(entry, on))

    assert found.state is state
    assert (changed_on(entry, state), found.reason) == (since, reason)
    unsaid = Finding(Outcome.UNAVAILABLE, Why.STATUS_OLD, Signature.GOOD, NOW, NOW, entry, state)
    assert unsaid.reason == reason


def test_where_no_state_is_told_no_reason_is():
    assert Finding(Outcome.UNKNOWN, Why.NOT_FOUND, Signature.BAD, NOW, NOW).reason == ""
