"""A year's working calendar as an editor sets it, once the State Council's notice is out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from chassis.uow import UnitOfWork
from services.catalog import calendars, domain, orm


class UnknownYear(LookupError):
    """No calendar of this year is published."""


class ChangedMeanwhile(Exception):
    """Somebody else has edited what the editor saw."""


class WrongDays(ValueError):
    """Days that can't be; ``problems`` says of each why."""

    def __init__(self, problems: list[str]):
        super().__init__("; ".join(problems))
        self.problems = problems


def edit(
    year: int,
    holidays: Iterable[date],
    extra_workdays: Iterable[date],
    provisional: bool,
    *,
    seen: str,
    editor: str,
    uow: UnitOfWork,
) -> orm.CalendarYear:
    """Publish a year anew, if ``seen`` is the mark of how it stands; the same days change nothing.

    Raises `UnknownYear`, `ChangedMeanwhile`, `WrongDays`.
    """
    row = uow.lock(orm.CalendarYear, [year]).get(year)
    if row is None:
        raise UnknownYear(year)
    if calendars.marked(as_written(row)) != seen:
        raise ChangedMeanwhile(year)
    wanted = domain.CalendarYear(
        year=year,
        holidays=tuple(sorted(set(holidays))),
        extra_workdays=tuple(sorted(set(extra_workdays))),
        provisional=provisional,
    )
    if problems := calendars.weekday_problems(wanted):
        raise WrongDays(problems)
    if wanted == as_written(row):
        return row
    row.holidays = [day.isoformat() for day in wanted.holidays]
    row.extra_workdays = [day.isoformat() for day in wanted.extra_workdays]
    row.provisional = provisional
    row.edited_by, row.edited_at = editor, uow.now
    uow.emit(domain.calendar_published(wanted))
    return row


def as_written(row: orm.CalendarYear) -> domain.CalendarYear:
    """A stored year as the domain knows it."""
    return domain.CalendarYear(
        year=row.year,
        holidays=tuple(map(date.fromisoformat, row.holidays)),
        extra_workdays=tuple(map(date.fromisoformat, row.extra_workdays)),
        provisional=row.provisional,
    )
