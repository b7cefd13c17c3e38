"""The calendar in the words of the standards."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.dates import whole_years, window_ends, within, years_after, years_before

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
YEARS = st.integers(1, 10)


@pytest.mark.parametrize(
    ("day", "years", "before"),
    [
        (date(2026, 3, 1), 1, date(2025, 3, 1)),
        (date(2024, 2, 29), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 4, date(2020, 2, 29)),
        (date(2023, 2, 28), 3, date(2020, 2, 28)),
    ],
)
def test_a_window_starts_on_the_same_calendar_day(day: date, years: int, before: date) -> None:
    assert years_before(day, years) == before


@pytest.mark.parametrize(
    ("since", "as_of", "years"),
    [
        (date(2020, 2, 29), date(2021, 2, 27), 0),
        (date(2020, 2, 29), date(2021, 2, 28), 1),
        (date(2020, 2, 29), date(2024, 2, 28), 3),
        (date(2020, 2, 29), date(2024, 2, 29), 4),
        (date(2020, 3, 1), date(2021, 2, 28), 0),
        (date(2020, 3, 1), date(2021, 3, 1), 1),
        (date(2026, 3, 2), date(2026, 3, 1), -1),
    ],
)
def test_whole_years_are_anniversaries_that_have_come(since: date, as_of: date, years: int) -> None:
    assert whole_years(since, as_of) == years


@pytest.mark.parametrize(
    ("event", "as_of", "inside"),
    [
        (date(2025, 3, 1), date(2026, 3, 1), False),
        (date(2025, 3, 2), date(2026, 3, 1), True),
        (date(2026, 3, 1), date(2026, 3, 1), True),
        (date(2026, 3, 2), date(2026, 3, 1), False),
        (date(2023, 2, 28), date(2024, 2, 29), False),
        (date(2023, 3, 1), date(2024, 2, 29), True),
        (date(2024, 2, 29), date(2025, 2, 28), True),
        (date(2024, 2, 29), date(2025, 3, 1), False),
    ],
)
def test_within_a_year_excludes_the_same_day_last_year(
    event: date, as_of: date, inside: bool
) -> None:
    assert within(event, as_of, 1) is inside


@given(DAYS, YEARS)
def test_a_window_ends_on_the_first_day_on_which_the_event_is_outside(
    event: date, years: int
) -> None:
    end = window_ends(event, years)

    assert not within(event, end, years)
    assert within(event, end - timedelta(days=1), years)


@given(DAYS, DAYS)
def test_whole_years_are_the_most_that_fit(since: date, as_of: date) -> None:
    years = whole_years(since, as_of)

    assert years_after(since, years) <= as_of < years_after(since, years + 1)


def test_years_beyond_the_calendar_stop_at_its_ends() -> None:
    assert years_before(date(1, 6, 1), 5) == date.min
    assert years_after(date(9999, 6, 1), 5) == date.max
