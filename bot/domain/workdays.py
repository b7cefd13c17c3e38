"""Chinese working days, as announced year by year; beyond the table nothing is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
_SATURDAY = 5
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays and make-up days of the years that the State Council has announced."""

    years: frozenset[int]
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
        years = frozenset(year["year"] for year in table["year"])
        return cls(years, frozenset(days_off), frozenset(make_up))

    def works_on(self, day: date) -> bool | None:
        """Whether that day is a working day; None when its year has not been announced."""
        if day.year not in self.years:
            return None
        return day in self.make_up_days or (day.weekday() < _SATURDAY and day not in self.days_off)

    def add(self, day: date, working_days: int) -> date | None:
        """The n-th working day after a day; None when that lies beyond the table."""
        while working_days:
            day += timedelta(1)
            works = self.works_on(day)
            if works is None:
                return None
            working_days -= works
        return day


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

    def is_open(self, now: datetime) -> bool | None:
        """Whether somebody is there; None when nobody knows whether that day is worked."""
        here = now.astimezone(BEIJING)
        if not self.opens <= here.time() < self.closes:
            return False
        return self.calendar.works_on(here.date())

    def next_day(self, now: datetime) -> str:
        """When a question will be read, in words; without a date when that is not known."""
        here = now.astimezone(BEIJING)
        today = self.calendar.works_on(here.date()) and here.time() < self.opens
        day = here.date() if today else self.calendar.add(here.date(), 1)
        if day is None:
            return "下一个工作日"
        return f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"
