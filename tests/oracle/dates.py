"""The calendar of schemes.md, "Time": windows counted back, years counted forward, leap days."""

from datetime import date


def same_day(day: date, years: int) -> date:
    """The same calendar day `years` later (earlier when negative); 29 February may become 28."""
    year = day.year + years
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (day.month, day.day) == (2, 29) and not leap:
        return date(year, 2, 28)
    return date(year, day.month, day.day)


def inside(event: date, as_of: date, years: int) -> bool:
    """近 n 年内: the event's date > as_of minus n years."""
    return event > same_day(as_of, -years)


def full_years(since: date, as_of: date) -> int:
    """满 n 年: the most years that, added to `since`, do not pass `as_of`. Counted one by one."""
    years = 0
    while same_day(since, years + 1) <= as_of:
        years += 1
    return years


def too_young(founded: date, as_of: date, years: int) -> bool:
    """未满 n 周年: as_of < founding date + n years."""
    return as_of < same_day(founded, years)
