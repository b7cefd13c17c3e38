"""The rules of certificates: numbers, last days, states that follow from dates, who may do what."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.certificates import (
    FINAL,
    REASON_WORDS,
    STEPS,
    WORDS,
    Action,
    Facts,
    NeedsTwo,
    NoSuchStep,
    Reason,
    State,
    allow,
    effective,
    first_review,
    last_valid_day,
    level_code,
    next_review,
    printable,
    today,
    two_people,
    typed_number,
)
from bot.domain.errors import BadInput

DUE = date(2027, 3, 2)
FACTS = Facts(State.ACTIVE, date(2029, 3, 1), DUE, grace_days=30, withdrawn_after_days=90)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "years", "last"),
    [
        (date(2026, 3, 1), 1, date(2027, 2, 28)),
        (date(2026, 3, 1), 3, date(2029, 2, 28)),
        (date(2027, 3, 1), 1, date(2028, 2, 29)),
        (date(2024, 2, 29), 1, date(2025, 2, 28)),  # no such day: the whole of February counts
        (date(2024, 2, 29), 4, date(2028, 2, 28)),
        (date(2026, 1, 1), 1, date(2026, 12, 31)),
    ],
)
def test_a_certificate_is_valid_through_the_day_before_the_anniversary(first, years, last):
    assert last_valid_day(first, years) == last


def test_every_start_of_thirty_years_gives_whole_years_less_a_day():
    day = date(2020, 1, 1)
    while day < date(2050, 1, 1):
        leap_day = (day.month, day.day) == (2, 29)
        anniversary = date(day.year + 1, 3, 1) if leap_day else day.replace(year=day.year + 1)
        assert last_valid_day(day, 1) == anniversary - DAY
        day += DAY


def test_the_day_of_beijing_counts():
    assert today(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)
    assert today(datetime(2026, 3, 1, 15, 59, tzinfo=UTC)) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (DUE - DAY, State.ACTIVE),
        (DUE, State.DUE),
        (DUE + 29 * DAY, State.DUE),
        (DUE + 30 * DAY, State.SUSPENDED),
        (DUE + 89 * DAY, State.SUSPENDED),
        (DUE + 90 * DAY, State.WITHDRAWN),
        (date(2029, 3, 2), State.EXPIRED),
    ],
)
def test_a_missed_review_lapses_by_itself(on, state):
    assert effective(FACTS, on) is state


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_is_final_stays_so_whatever_the_day(state):
    for on in (DUE - DAY, DUE + 90 * DAY, date(2040, 1, 1)):
        assert effective(replace(FACTS, state=state), on) is state


def test_a_suspended_certificate_expires_and_lapses_but_never_comes_back_by_itself():
    suspended = replace(FACTS, state=State.SUSPENDED)

    found = [effective(suspended, on) for on in (DUE - DAY, DUE, DUE + 90 * DAY, date(2029, 3, 2))]

    assert found == [State.SUSPENDED, State.SUSPENDED, State.WITHDRAWN, State.EXPIRED]


def test_without_a_review_nothing_falls_due():
    assert effective(replace(FACTS, review_due=None), DUE + 90 * DAY) is State.ACTIVE


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (date(2026, 3, 2), date(2027, 3, 2)),
        (date(2027, 3, 1), date(2027, 3, 2)),
        (date(2027, 3, 2), date(2028, 3, 2)),
        (date(2028, 3, 2), None),  # the last anniversary ends the validity: nothing to review
    ],
)
def test_reviews_are_due_on_each_anniversary_inside_the_validity(after, due):
    assert next_review(date(2029, 3, 1), after=after) == due


def test_a_single_year_has_no_review():
    assert next_review(date(2027, 3, 1), after=date(2026, 3, 2)) is None
    assert next_review(date(2026, 12, 31), after=date(2026, 1, 1)) is None


def test_reviews_follow_from_the_end_whenever_the_certificate_itself_began():
    """After a change of name it begins later; around 29 February the end leads as well."""
    assert next_review(date(2029, 3, 1), after=date(2027, 3, 2)) == date(2028, 3, 2)
    leap = last_valid_day(date(2024, 2, 29), 3)
    first = first_review(date(2024, 2, 29), leap)
    assert (leap, first) == (date(2027, 2, 28), date(2025, 3, 1))
    assert next_review(leap, after=first) == date(2026, 3, 1)
    into_leap = last_valid_day(date(2025, 3, 1), 3)
    assert (into_leap, first_review(date(2025, 3, 1), into_leap)) == (
        date(2028, 2, 29), date(2026, 3, 1),
    )  # fmt: skip


def test_every_start_has_a_review_on_each_anniversary_but_the_last():
    day = date(2023, 1, 1)
    while day < date(2029, 1, 1):
        last, found = last_valid_day(day, 3), []
        due = first_review(day, last)
        while due is not None:
            found.append(due)
            due = next_review(last, after=due)
        assert [due.year - day.year for due in found] == [1, 2]
        assert all(abs((due - day).days - 365.25 * (due.year - day.year)) < 2 for due in found)
        day += DAY


@pytest.mark.parametrize("action", sorted(Action))
@pytest.mark.parametrize("state", sorted(State))
def test_a_step_that_is_not_in_the_table_is_refused(action, state):
    step = STEPS[action]
    reason = min(step.reasons, default=None)

    if state in step.sources:
        assert allow(action, state, reason) is step
    else:
        with pytest.raises(NoSuchStep):
            allow(action, state, reason)


def test_a_reason_of_another_step_is_refused_with_those_that_would_do():
    with pytest.raises(BadInput, match="false_material（申报材料不实）"):
        allow(Action.REVOKE, State.ACTIVE, Reason.RENAMED)


def test_every_reason_has_words_for_everybody():
    assert set(REASON_WORDS) == set(Reason)


@pytest.mark.parametrize(
    ("by", "second"),
    [("王芳", "王芳"), ("王芳", " 王　芳 "), ("", "李强"), ("王芳", ""), ("ＡＢ", "ab")],
)
def test_one_person_under_two_spellings_is_one_person(by, second):
    with pytest.raises(NeedsTwo):
        two_people(by, second)
    two_people("王芳", "李强")


@pytest.mark.parametrize(
    ("level", "code"),
    [("AAA", "AAA"), ("AA", "AAX"), ("A", "AXX"), ("BBB", "BBB"), ("C", "CXX"), ("AAA+", "A3P"),
     ("AA+", "A2P"), ("A+", "A1P"), (None, ""), ("", "")],
)  # fmt: skip
def test_a_level_takes_three_characters_of_the_number(level, code):
    assert level_code(level) == code


@pytest.mark.parametrize("level", ["不予评级", "NR", "AAAA", "a", "A-"])
def test_what_is_no_level_takes_no_number(level):
    with pytest.raises(BadInput):
        level_code(level)


def test_a_typed_number_may_be_wide_small_and_spaced():
    assert typed_number(" ２０２６cne-aaa 00001 ") == "2026CNEAAA00001"
    assert typed_number("2O26CNEAAA00001") == "2O26CNEAAA00001"  # another letter is another number


@pytest.mark.parametrize("name", ["", "  ", "甲\u202e乙公司", "甲\n乙", "甲" * 201, "甲\x1f乙"])
def test_a_name_that_cannot_be_printed_is_refused(name):
    with pytest.raises(BadInput):
        printable(name)
    assert printable(" 杭州喆堃䶮铉（集团）有限公司 ") == "杭州喆堃䶮铉（集团）有限公司"


def test_every_state_has_one_word_of_its_own():
    assert set(WORDS) == set(State)
    assert len(set(WORDS.values())) == len(State)


def test_a_name_fits_into_a_token_whatever_its_characters():
    assert printable("晨" * 200) == "晨" * 200
    assert printable("\U00020000" * 100) == "\U00020000" * 100
    with pytest.raises(BadInput, match="太长"):
        printable("\U00020000" * 101)
