from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.workdays import CLOSES, MIDDLE, SHANGHAI, WorkCalendar, YearDays


def days(month: int, *numbers: int) -> list[date]:
    return [date(2026, month, n) for n in numbers]


YEAR_2026 = YearDays(
    holidays=[
        *days(1, 1, 2),
        *days(2, 16, 17, 18, 19, 20, 23),
        *days(4, 6),
        *days(5, 1, 4, 5),
        *days(6, 19),
        *days(9, 25),
        *days(10, 1, 2, 5, 6, 7),
    ],
    extra_workdays=[
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ],
)
CALENDAR = WorkCalendar({2026: YEAR_2026, 2027: YearDays([date(2027, 1, 1)], [], provisional=True)})

moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(SHANGHAI))
whole_days = st.integers(1, 60)
half_days = st.integers(1, 120).map(lambda n: n / 2)


def at(month: int, day: int, hour: int = 10, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def test_the_day_of_acceptance_does_not_count() -> None:
    assert CALENDAR.due(at(11, 23), 1, "working_days") == at(11, 24, 17)
    assert CALENDAR.due(at(11, 23, 0, 5), 1, "working_days") == at(11, 24, 17)
    assert CALENDAR.due(at(11, 23, 16, 59), 5, "working_days") == at(11, 30, 17)


def test_half_a_working_day_ends_at_one_o_clock() -> None:
    assert CALENDAR.due(at(11, 23), 0.5, "working_days") == at(11, 24, 13)
    assert CALENDAR.due(at(11, 23), 1.5, "working_days") == at(11, 25, 13)


def test_after_office_hours_the_clock_starts_on_the_next_working_day() -> None:
    assert CALENDAR.due(at(11, 23, 17), 1, "working_days") == at(11, 25, 17)
    assert CALENDAR.due(at(11, 20, 23), 1, "working_days") == at(11, 24, 17)
    assert CALENDAR.due(at(11, 23, 17), 0, "on_the_spot") == at(11, 24, 17)


def test_on_the_spot_ends_with_the_same_office_day() -> None:
    assert CALENDAR.due(at(11, 23, 9, 30), 0, "on_the_spot") == at(11, 23, 17)


@pytest.mark.parametrize(
    ("start", "value", "end"),
    [
        (at(9, 30), 1, at(10, 8, 17)),
        (at(9, 30), 0.5, at(10, 8, 13)),
        (at(9, 30), 3, at(10, 10, 17)),
        (at(9, 30), 4, at(10, 12, 17)),
        (at(9, 30, 18), 1, at(10, 9, 17)),
        (at(10, 3), 1, at(10, 9, 17)),
        (at(9, 18), 1, at(9, 20, 17)),
    ],
)
def test_the_national_day_week_and_its_exchanged_days(start: datetime, value: float, end: datetime) -> None:
    assert CALENDAR.due(start, value, "working_days") == end


@pytest.mark.parametrize(
    ("start", "value", "end"),
    [
        (at(2, 13), 1, at(2, 14, 17)),
        (at(2, 13), 2, at(2, 24, 17)),
        (at(2, 13), 6, at(2, 28, 17)),
        (at(2, 14), 7, at(3, 3, 17)),
        (at(2, 15), 1, at(2, 25, 17)),
        (at(2, 14, 17, 1), 0.5, at(2, 25, 13)),
    ],
)
def test_the_spring_festival_and_its_exchanged_days(start: datetime, value: float, end: datetime) -> None:
    assert CALENDAR.due(start, value, "working_days") == end


def test_calendar_days_end_on_a_working_day() -> None:
    assert CALENDAR.due(at(11, 2), 15, "calendar_days") == at(11, 17, 17)
    assert CALENDAR.due(at(9, 21), 15, "calendar_days") == at(10, 8, 17)
    assert CALENDAR.due(at(9, 25), 14, "calendar_days") == at(10, 12, 17)


def test_months_end_on_the_same_day_or_the_month_s_last() -> None:
    assert CALENDAR.due(at(11, 10), 1, "months") == at(12, 10, 17)
    assert CALENDAR.due(at(8, 31), 1, "months") == at(9, 30, 17)
    assert CALENDAR.due(at(1, 30), 1, "months") == at(2, 28, 17)
    assert CALENDAR.due(at(11, 30), 1, "months") == at(12, 30, 17)
    assert CALENDAR.due(at(12, 31), 2, "months") == at(3, 1, 17, year=2027)
    assert CALENDAR.due(at(11, 30), 13, "months") == at(12, 30, 17, year=2027)
    assert CALENDAR.due(at(9, 1), 1, "months") == at(10, 8, 17)


def test_a_year_nobody_published_has_monday_to_friday_and_is_provisional() -> None:
    assert CALENDAR.is_workday(date(2031, 10, 1))
    assert not CALENDAR.is_workday(date(2031, 10, 4))
    assert CALENDAR.is_provisional(date(2031, 1, 1))
    assert CALENDAR.is_provisional(date(2027, 1, 1))
    assert not CALENDAR.is_provisional(date(2026, 1, 1))


def test_a_clock_runs_over_the_turn_of_the_year() -> None:
    assert CALENDAR.due(at(12, 30), 3, "working_days") == at(1, 5, 17, year=2027)


@pytest.mark.parametrize(
    ("value", "unit"), [(0, "working_days"), (-1, "months"), (0.3, "working_days"), (1.5, "calendar_days")]
)
def test_limits_that_are_none_are_refused(value: float, unit: str) -> None:
    with pytest.raises(ValueError, match="no limit"):
        CALENDAR.due(at(11, 23), value, unit)  # type: ignore[arg-type]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        CALENDAR.due(datetime(2026, 11, 23), 1, "working_days")


def test_a_pause_moves_the_due_date_by_the_working_days_it_lasted() -> None:
    due = at(11, 25, 17)
    assert CALENDAR.shift(due, at(11, 23), at(11, 24)) == at(11, 26, 17)
    assert CALENDAR.shift(due, at(11, 23, 9), at(11, 23, 16)) == due
    assert CALENDAR.shift(due, at(11, 20), at(11, 23)) == at(11, 26, 17)
    assert CALENDAR.shift(due, at(11, 20, 18), at(11, 23, 9)) == due
    assert CALENDAR.shift(at(9, 30, 13), at(9, 29), at(10, 8)) == at(10, 9, 13)


def test_an_extension_adds_working_days() -> None:
    assert CALENDAR.add_workdays(at(9, 30, 17), 3) == at(10, 10, 17)
    assert CALENDAR.add_workdays(at(9, 30, 13), 0) == at(9, 30, 13)


def test_working_time_counts_office_hours_only() -> None:
    hours = timedelta(hours=1)
    assert CALENDAR.working_time_between(at(11, 23, 9), at(11, 23, 17)) == 8 * hours
    assert CALENDAR.working_time_between(at(11, 23, 8), at(11, 23, 10)) == 1 * hours
    assert CALENDAR.working_time_between(at(11, 20, 16), at(11, 23, 10)) == 2 * hours
    assert CALENDAR.working_time_between(at(9, 30, 16), at(10, 8, 10)) == 2 * hours
    assert CALENDAR.working_time_between(at(10, 3), at(10, 4)) == 0 * hours
    assert CALENDAR.working_time_between(at(10, 9, 9), at(10, 10, 17)) == 16 * hours


@given(moments, half_days)
def test_a_limit_takes_exactly_its_working_days(start: datetime, value: float) -> None:
    due = CALENDAR.due(start, value, "working_days").astimezone(SHANGHAI)
    first = CALENDAR.starting_day(start)
    counted = [
        day
        for n in range(1, (due.date() - first).days + 1)
        if CALENDAR.is_workday(day := first + timedelta(days=n))
    ]
    assert counted[-1] == due.date()
    assert len(counted) == (value if due.time() == CLOSES else value + 0.5)
    assert due.time() in (CLOSES, MIDDLE)


@given(st.lists(moments, min_size=2, max_size=5).map(sorted), half_days)
def test_who_is_accepted_earlier_is_due_no_later(starts: list[datetime], value: float) -> None:
    ends = [CALENDAR.due(start, value, "working_days") for start in starts]
    assert all(a <= b for a, b in pairwise(ends))


@given(moments, half_days)
def test_a_longer_limit_ends_later(start: datetime, value: float) -> None:
    shorter, longer = (CALENDAR.due(start, v, "working_days") for v in (value, value + 0.5))
    assert shorter < longer


@given(moments, st.integers(1, 90), st.sampled_from(["calendar_days", "months"]))
def test_calendar_limits_end_at_closing_time_of_a_working_day(start: datetime, value: int, unit: str) -> None:
    due = CALENDAR.due(start, value, unit).astimezone(SHANGHAI)  # type: ignore[arg-type]
    assert CALENDAR.is_workday(due.date())
    assert due.time() == CLOSES
    assert due > start


@given(moments, half_days, st.integers(-12, 14))
def test_the_zone_of_the_start_does_not_matter(start: datetime, value: float, hours: int) -> None:
    elsewhere = start.astimezone(timezone(timedelta(hours=hours)))
    due = CALENDAR.due(elsewhere, value, "working_days")
    assert due == CALENDAR.due(start, value, "working_days")
    assert due.tzinfo is UTC


@given(st.lists(moments, min_size=3, max_size=3).map(sorted), moments)
def test_two_pauses_that_meet_move_as_far_as_one(ends: list[datetime], start: datetime) -> None:
    first, middle, last = ends
    due = CALENDAR.due(start, 20, "working_days")
    in_two = CALENDAR.shift(CALENDAR.shift(due, first, middle), middle, last)
    assert in_two == CALENDAR.shift(due, first, last) >= due


@given(st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_working_time_adds_up(moments: list[datetime]) -> None:
    a, b, c = moments
    between = CALENDAR.working_time_between
    assert between(a, c) == between(a, b) + between(b, c)
    assert between(c, a) == -between(a, c)
    assert between(a, c) >= timedelta(0)


@given(moments, half_days)
def test_the_working_time_to_a_due_date_is_the_limit_and_what_is_left_of_the_starting_day(
    start: datetime, value: float
) -> None:
    due = CALENDAR.due(start, value, "working_days")
    left = CALENDAR.working_time_between(start, due) - timedelta(hours=8 * value)
    assert timedelta(0) <= left <= timedelta(hours=8)
