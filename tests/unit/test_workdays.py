"""Working days as announced, office hours in Beijing, and by the law alone beyond the table."""

from datetime import UTC, date, datetime

import pytest

from bot.services.office import office

CALENDAR = office().calendar


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 1), False),  # a Thursday, New Year
        (date(2026, 1, 4), True),  # a Sunday, made up
        (date(2026, 2, 14), True),  # a Saturday before the Spring Festival
        (date(2026, 2, 15), False),
        (date(2026, 2, 23), False),  # the last day of the Spring Festival, a Monday
        (date(2026, 2, 24), True),
        (date(2026, 3, 7), False),  # an ordinary Saturday
        (date(2026, 5, 9), True),
        (date(2026, 10, 7), False),
        (date(2026, 10, 10), True),
        (date(2027, 1, 1), False),  # a Friday: the law gives the day in every year
        (date(2027, 1, 4), True),
        (date(2027, 2, 5), False),  # a Friday, the eve of the Spring Festival
        (date(2027, 2, 8), False),  # its third day, a Monday
        (date(2027, 2, 14), False),  # a Sunday: whether it is made up nobody knows
        (date(2027, 5, 3), True),
        (date(2029, 5, 2), False),  # a Wednesday of a year that has no table at all
        (date(2029, 10, 3), False),
        (date(2029, 10, 4), True),
    ],
)
def test_a_day_is_worked_as_announced_and_by_the_law_beyond(day, works):
    assert CALENDAR.works_on(day) is works


def test_the_year_has_as_many_working_days_as_the_announcement_leaves():
    days = [date.fromordinal(n) for n in range(date(2026, 1, 1).toordinal(), 740000)]
    worked = [day for day in days if day.year == 2026 and CALENDAR.works_on(day)]

    # 261 weekdays, 19 of them off, 6 weekend days made up
    assert len(worked) == 261 - 19 + 6


def test_working_days_are_counted_over_a_holiday_and_not_beyond_what_is_announced():
    assert CALENDAR.add(date(2026, 9, 30), 5) == date(2026, 10, 13)
    assert CALENDAR.add(date(2026, 12, 30), 1) == date(2026, 12, 31)
    assert CALENDAR.add(date(2026, 12, 31), 1) is None
    assert CALENDAR.next_after(date(2026, 12, 31)) == date(2027, 1, 4)


@pytest.mark.parametrize(
    ("today", "year"),
    [
        (date(2026, 10, 31), None),
        (date(2026, 11, 1), 2027),
        (date(2027, 3, 1), 2027),
        (date(2027, 12, 1), 2027),  # one at a time
        (date(2028, 1, 1), 2028),
    ],
)
def test_a_calendar_that_should_be_there_by_now_is_missed(today, year):
    assert CALENDAR.missing(today) == year


@pytest.mark.parametrize(
    ("instant", "is_open"),
    [
        (datetime(2026, 3, 2, 0, 59, tzinfo=UTC), False),  # 08:59 in Beijing
        (datetime(2026, 3, 2, 1, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 9, 30, tzinfo=UTC), False),  # 17:30
        (datetime(2026, 3, 1, 4, 0, tzinfo=UTC), False),  # a Sunday
        (datetime(2026, 2, 28, 4, 0, tzinfo=UTC), True),  # a Saturday that is made up
        (datetime(2027, 3, 1, 4, 0, tzinfo=UTC), True),  # not announced: by the law
        (datetime(2027, 1, 1, 4, 0, tzinfo=UTC), False),
        (datetime(2027, 3, 1, 20, 0, tzinfo=UTC), False),  # 04:00: closed on any day
    ],
)
def test_the_office_is_open_in_its_hours_on_working_days(instant, is_open):
    assert office().is_open(instant) is is_open


@pytest.mark.parametrize(
    ("instant", "when"),
    [
        (datetime(2026, 3, 1, 23, 0, tzinfo=UTC), "3月2日（周一）"),  # Monday, 07:00: today
        (datetime(2026, 3, 2, 12, 0, tzinfo=UTC), "3月3日（周二）"),
        (datetime(2026, 2, 14, 12, 0, tzinfo=UTC), "2月24日（周二）"),
        (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), "1月4日（周一，以放假通知为准）"),
        (datetime(2027, 6, 9, 4, 0, tzinfo=UTC), "6月10日（周四，以放假通知为准）"),
    ],
)
def test_a_question_is_read_on_the_next_working_day(instant, when):
    assert office().next_day(instant) == when
