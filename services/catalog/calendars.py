"""Working calendars: what the State Council's yearly notices say, and a forecast beyond them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta

from services.catalog.domain import CalendarYear


def years(first_year: int, last_year: int, years: Mapping[int, CalendarYear]) -> tuple[CalendarYear, ...]:
    """The calendar of each year from first to last, by the best that is known.

    In this order: the city's own, the notice, the city's provisional one, the statutory holidays alone.
    """
    wanted = sorted(set(range(first_year, last_year + 1)) | years.keys())
    return tuple(_best(year, years.get(year)) for year in wanted)


def _best(year: int, written: CalendarYear | None) -> CalendarYear:
    if written and not written.provisional:
        return written
    return announced(year) or written or forecast(year)


def announced(year: int) -> CalendarYear | None:
    """A year with its notice (国务院办公厅关于节假日安排的通知), 调休 included; None while there is none."""
    from chinese_calendar import constants

    if not any(day.year == year for day in constants.holidays):
        return None
    return CalendarYear(
        year=year,
        holidays=_sorted(d for d in constants.holidays if d.year == year and d.weekday() < 5),
        extra_workdays=_sorted(d for d in constants.workdays if d.year == year and d.weekday() >= 5),
        provisional=False,
    )


def forecast(year: int) -> CalendarYear:
    """A year without its notice: statutory holidays, nothing exchanged, provisional."""
    import holidays

    known = holidays.country_holidays("CN", years=year)
    return CalendarYear(
        year=year,
        holidays=_sorted(d for d in known if d.year == year and d.weekday() < 5),
        extra_workdays=(),
        provisional=True,
    )


def marked(year: CalendarYear) -> str:
    """A mark of a year's content: the same for the same days (an ETag)."""
    days = [*map(date.isoformat, year.holidays), "", *map(date.isoformat, year.extra_workdays)]
    return hashlib.sha256(" ".join([str(year.provisional), *days]).encode()).hexdigest()[:16]


def weekday_problems(year: CalendarYear) -> list[str]:
    """What a hand-written year says that can't be: days of another year, days off on a weekend."""
    first, last = date(year.year, 1, 1), date(year.year + 1, 1, 1) - timedelta(days=1)
    found = [
        f"{day} is not in {year.year}"
        for day in (*year.holidays, *year.extra_workdays)
        if not first <= day <= last
    ]
    found += [f"{day} is a weekend and off anyway" for day in year.holidays if day.weekday() >= 5]
    found += [f"{day} is worked anyway" for day in year.extra_workdays if day.weekday() < 5]
    return found


def _sorted(days: object) -> tuple[date, ...]:
    return tuple(sorted(days))  # type: ignore[call-overload]
