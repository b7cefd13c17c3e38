"""The calendar in the words of the standards: 以上, 未满, 近一年内, whole years, leap days."""

from datetime import date, timedelta


def in_words(day: date) -> str:
    """2026年3月2日: as WeChat's templates and our pages write a day."""
    return f"{day.year}年{day.month}月{day.day}日"


def years_before(day: date, years: int) -> date:
    """The same calendar day some years earlier; 29 February counts back to 28 February."""
    return _shifted(day, -years)


def years_after(day: date, years: int) -> date:
    """The same calendar day some years later; a day that year lacks becomes the month's last."""
    return _shifted(day, years)


def whole_years(since: date, as_of: date) -> int:
    """满 n 年: the anniversaries that have come by `as_of`; negative when `since` lies ahead."""
    years = as_of.year - since.year
    return years if years_after(since, years) <= as_of else years - 1


def within(event: date, as_of: date, years: int) -> bool:
    """近 n 年内: the event is no later than `as_of` and later than n years before it."""
    return years_before(as_of, years) < event <= as_of


def window_ends(event: date, years: int) -> date:
    """The first day on which an event is no longer 近 n 年内."""
    end = years_after(event, years)
    return end if years_before(end, years) >= event else end + timedelta(days=1)


def _shifted(day: date, years: int) -> date:
    year = day.year + years
    if not date.min.year <= year <= date.max.year:  # far enough away to never matter
        return date.min if years < 0 else date.max
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February in a common year
        return day.replace(year=year, day=28)
