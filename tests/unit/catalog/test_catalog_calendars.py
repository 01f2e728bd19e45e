from __future__ import annotations

from datetime import date

from services.catalog import calendars
from services.catalog.domain import CalendarYear


def test_a_year_with_its_notice_has_exchanged_days() -> None:
    year = calendars.announced(2026)
    assert year is not None
    assert not year.provisional
    assert {date(2026, 2, 14), date(2026, 2, 28), date(2026, 10, 10)} <= set(year.extra_workdays)
    assert all(day.weekday() < 5 for day in year.holidays)
    assert all(day.weekday() >= 5 for day in year.extra_workdays)


def test_a_year_without_notice_is_provisional_and_has_the_statutory_holidays() -> None:
    assert calendars.announced(2035) is None
    year = calendars.forecast(2035)
    assert year.provisional
    assert {date(2035, 1, 1), date(2035, 10, 1)} <= set(year.holidays)
    assert year.extra_workdays == ()


def test_the_notice_replaces_what_was_written_provisionally() -> None:
    guess = CalendarYear(year=2026, holidays=(), extra_workdays=(), provisional=True)
    final = CalendarYear(year=2026, holidays=(date(2026, 1, 1),), extra_workdays=(), provisional=False)
    assert calendars.years(2026, 2026, {2026: guess}) == (calendars.announced(2026),)
    assert calendars.years(2026, 2026, {2026: final}) == (final,)
    later = CalendarYear(year=2040, holidays=(), extra_workdays=(), provisional=True)
    assert calendars.years(2026, 2026, {2040: later})[-1] == later
