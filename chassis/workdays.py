"""Working days 工作日: when a time limit ends, and how far a pause moves it.

Pure arithmetic over a calendar passed in. Office hours are 9:00–17:00 in Shanghai, so that a working day
is eight hours and half of one ends at 13:00.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple

from contracts.procedure import Unit

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
OPENS, MIDDLE, CLOSES = time(9), time(13), time(17)
OFFICE_DAY = timedelta(hours=8)
_DAY = timedelta(days=1)


class YearDays(NamedTuple):
    """A year's exceptions from Monday to Friday. ``provisional`` until the yearly notice is known."""

    holidays: Collection[date]
    extra_workdays: Collection[date]
    provisional: bool = False


class WorkCalendar:
    """Working days after the State Council's yearly notice, adjusted workdays 调休 included
    (Administrative License Law, art. 82).

    A year that is not in ``years`` has Monday to Friday and is provisional. Times handed in carry a
    zone, times handed out are UTC.
    """

    def __init__(self, years: Mapping[int, tuple[Collection[date], Collection[date], bool]]):
        self._off = frozenset(day for holidays, _, _ in years.values() for day in holidays)
        self._on = frozenset(day for _, extra, _ in years.values() for day in extra)
        self._final = frozenset(year for year, (_, _, provisional) in years.items() if not provisional)

    def is_workday(self, day: date) -> bool:
        return day in self._on or (day.weekday() < 5 and day not in self._off)

    def is_provisional(self, day: date) -> bool:
        """Whether the notice for the day's year is still to come, so that dates in it may move."""
        return day.year not in self._final

    def starting_day(self, moment: datetime) -> date:
        """The day a clock starts on: that of ``moment``, or the next working day when the office is
        closed by then or all day."""
        local = _local(moment)
        day = local.date()
        if self.is_workday(day) and local.time() < CLOSES:
            return day
        return self.next_workday(day)

    def next_workday(self, day: date) -> date:
        """The first working day after ``day``."""
        day += _DAY
        while not self.is_workday(day):
            day += _DAY
        return day

    def due(self, start: datetime, value: float, unit: Unit) -> datetime:
        """When a limit of ``value`` ``unit`` ends that begins at ``start``.

        The day the clock starts on doesn't count (Civil Code, art. 201). ``n`` working days end at 17:00
        of the n-th working day after it, half ones at 13:00. Calendar days and months end at 17:00 of
        their last day, a month without that day on its last one (art. 202), a day off on the next
        working day (art. 203). On the spot ends at 17:00 of the starting day, whatever ``value`` is.

        Raises `ValueError` for limits that aren't positive or count parts of a unit.
        """
        first = self.starting_day(start)
        if unit == "on_the_spot":
            return _at(first, CLOSES)
        if value <= 0 or (value * (2 if unit == "working_days" else 1)) % 1:
            raise ValueError(f"no limit: {value} {unit}")
        if unit == "working_days":
            day = self._forward(first, math.ceil(value))
            return _at(day, CLOSES if value == int(value) else MIDDLE)
        last = first + int(value) * _DAY if unit == "calendar_days" else _months_later(first, int(value))
        return _at(last if self.is_workday(last) else self.next_workday(last), CLOSES)

    def add_workdays(self, due: datetime, days: int) -> datetime:
        """The same hour ``days`` working days later: an extension (art. 42), or a pause that is over."""
        local = _local(due)
        return _at(self._forward(local.date(), days), local.time()) if days else due.astimezone(UTC)

    def add_days(self, due: datetime, days: int) -> datetime:
        """The same hour ``days`` calendar days later, on a day off the next working day (Civil Code,
        art. 203)."""
        local = _local(due)
        day = local.date() + days * _DAY
        return _at(day if self.is_workday(day) else self.next_workday(day), local.time())

    def paused_days(self, paused_from: datetime, paused_to: datetime) -> int:
        """How many working days a clock stood still.

        Counted from the day the pause begins up to, not including, the day the clock runs on; after
        office hours and on days off both count as the next working day. So a pause within one day costs
        nothing, and two pauses that meet count as one.
        """
        return self._between(self.starting_day(paused_from), self.starting_day(paused_to))

    def shift(self, due: datetime, paused_from: datetime, paused_to: datetime) -> datetime:
        """A due date moved by a pause, by the working days of `paused_days`, at the same hour."""
        return self.add_workdays(due, self.paused_days(paused_from, paused_to))

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Office hours between two moments, eight a working day; negative when ``end`` comes first."""
        if end < start:
            return -self.working_time_between(end, start)
        first, last = _local(start), _local(end)
        whole_days = self._between(first.date(), last.date())
        return whole_days * OFFICE_DAY + self._worked(last) - self._worked(first)

    def _worked(self, local: datetime) -> timedelta:
        """Office hours of that day that are over by then."""
        if not self.is_workday(local.date()):
            return timedelta(0)
        hours = local.replace(tzinfo=None) - datetime.combine(local.date(), OPENS)
        return min(max(hours, timedelta(0)), OFFICE_DAY)

    def _forward(self, day: date, days: int) -> date:
        for _ in range(days):
            day = self.next_workday(day)
        return day

    def _between(self, first: date, end: date) -> int:
        return sum(self.is_workday(first + n * _DAY) for n in range((end - first).days))


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment must carry its time zone")
    return moment.astimezone(SHANGHAI)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, SHANGHAI).astimezone(UTC)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + (day.day - 1) * _DAY, first_of_next - _DAY)
