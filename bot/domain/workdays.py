"""Chinese working days, as announced year by year.

Of a year that is not announced only the law is known: weekends and statutory holidays are off.
What is said about such a year is said as expected, and no limit is counted by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
_SATURDAY = 5
_ANNOUNCED_IN = 11  # the month in which the next year is usually announced
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays and make-up days, and which years the State Council has announced."""

    announced: frozenset[int]
    statutory: frozenset[str]
    """Month and day of the holidays that are the same in every year."""
    days_off: frozenset[date]
    make_up_days: frozenset[date]

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> "Calendar":
        days_off: set[date] = set()
        make_up: set[date] = set()
        for year in table["year"]:
            for holiday in year["holiday"]:
                span = (holiday["to"] - holiday["from"]).days
                days_off |= {holiday["from"] + timedelta(days) for days in range(span + 1)}
            make_up |= set(year["make_up_days"])
        announced = frozenset(y["year"] for y in table["year"] if y.get("announced", True))
        statutory = frozenset(table["statutory"]["days"])
        return cls(announced, statutory, frozenset(days_off), frozenset(make_up))

    def works_on(self, day: date) -> bool:
        """Whether that day is worked, as far as is known today."""
        is_off = day in self.days_off or f"{day:%m-%d}" in self.statutory
        return day in self.make_up_days or (day.weekday() < _SATURDAY and not is_off)

    def next_after(self, day: date) -> date:
        """The first working day after a day, as far as is known today."""
        day += timedelta(1)
        while not self.works_on(day):
            day += timedelta(1)
        return day

    def add(self, day: date, working_days: int) -> date | None:
        """The n-th working day after a day; None when its year is not announced: a limit holds."""
        for _ in range(working_days):
            day = self.next_after(day)
        return day if day.year in self.announced else None

    def missing(self, today: date) -> int | None:
        """A year whose announcement should be here by now: this one, from November on the next."""
        wanted = today.year + (today.month >= _ANNOUNCED_IN)
        return next((y for y in (today.year, wanted) if y not in self.announced), None)


@dataclass(frozen=True, slots=True)
class Office:
    """When somebody sits at the customer-service desk."""

    calendar: Calendar
    opens: time
    closes: time

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> "Office":
        return cls(Calendar.read(table), table["office"]["opens"], table["office"]["closes"])

    @property
    def hours(self) -> str:
        return f"工作日{self.opens:%H:%M}—{self.closes:%H:%M}"

    def is_open(self, now: datetime) -> bool:
        """Whether somebody is there, as far as is known today."""
        here = now.astimezone(BEIJING)
        return self.opens <= here.time() < self.closes and self.calendar.works_on(here.date())

    def next_day(self, now: datetime) -> str:
        """When a question will be read, in words; with a doubt while its year is not announced."""
        here = now.astimezone(BEIJING)
        today = self.calendar.works_on(here.date()) and here.time() < self.opens
        day = here.date() if today else self.calendar.next_after(here.date())
        doubt = "" if day.year in self.calendar.announced else "，以放假通知为准"
        return f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}{doubt}）"
