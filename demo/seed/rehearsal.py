"""The platform on a clock that the rehearsal moves forward: what is due on the way happens on its day."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import eventlet
from sqlalchemy import func, select

from chassis import clock, tables, wake
from chassis.embedded import Embedded
from chassis.timerows import RELEASED
from chassis.workdays import OFFICE_DAY, SHANGHAI, WorkCalendar
from demo.client import SAMPLE, Client
from demo.platform import free_port

SERVICES = ("identity", "catalog", "intake", "approval", "portal")
QUIET_LOOKS = 3
LOOK_EVERY_S = 0.01
QUIET_WITHIN_S = 60
LONGEST_HISTORY = timedelta(days=100)
A_HOLIDAY = 3
"""Working days off in a row that count as one."""


class Rehearsal:
    """An embedded platform with the sample city. `go_to` moves its clock, `client` acts in it."""

    def __init__(self, folder: Path):
        self.today = datetime.now(UTC)
        self._platform = Embedded(folder, free_port(), synchronous="OFF")
        self._urls = dict.fromkeys(SERVICES, self._platform.url)
        self._clients: dict[str, Client] = {}
        self.calendar = WorkCalendar({})

    def __enter__(self) -> Rehearsal:
        clock.stand_at(self.today - LONGEST_HISTORY)
        self._platform.start(SAMPLE)
        self.settle()
        first, last = self.today - LONGEST_HISTORY, self.today + LONGEST_HISTORY
        self.calendar = WorkCalendar({y: self._year(y) for y in range(first.year, last.year + 1)})
        return self

    def __exit__(self, *_: Any) -> None:
        clock.stand_at(None)
        self._platform.stop()

    def client(self, login: str, password: str = "demo") -> Client:
        """This account's access, kept for the next time."""
        if login not in self._clients:
            self._clients[login] = Client(self._urls, login, password)
        return self._clients[login]

    def register(self, login: str, name: str, **numbers: str) -> None:
        """Open an account of a person or a firm, with a password nobody knows."""
        password = secrets.token_hex(12)
        command = {"login": login, "password": password, "display_name": name, **numbers}
        Client(self._urls).post("identity", "/accounts", command)
        self.client(login, password)

    def go_to(self, moment: datetime) -> None:
        """Let time pass until ``moment``, working day by working day, with all that falls due on the way."""
        for stop in (*self._stops(clock.now(), moment), moment):
            if stop > clock.now():
                clock.stand_at(stop)
                self.settle()

    def settle(self) -> None:
        """Wait until every event has arrived and nothing is due any more."""
        quiet = waited = 0.0
        while quiet < QUIET_LOOKS:
            waiting = self._waiting()
            quiet = 0 if waiting or not self._platform.is_quiet else quiet + 1
            waited += LOOK_EVERY_S
            if waited > QUIET_WITHIN_S:
                raise RuntimeError(f"no rest within {QUIET_WITHIN_S} s: {waiting} waits")
            eventlet.sleep(LOOK_EVERY_S)

    def workday(self, back: int, at: str) -> datetime:
        """The time ``at`` (Shanghai) on the last working day before today, or ``back`` working days earlier."""
        day = self.today.astimezone(SHANGHAI).date() - timedelta(days=1)
        while True:
            if self.calendar.is_workday(day):
                if back == 0:
                    return _moment(day, at)
                back -= 1
            day -= timedelta(days=1)

    def ago(self, hours: float) -> datetime:
        """So many hours before the moment the rehearsal ends at."""
        return self.today - timedelta(hours=hours)

    def nearly_due(self, limit: int) -> datetime:
        """When to file so that less than a working day of so many is left now."""
        for back in range(3 * limit):
            filed = self.workday(back, "10:05")
            due = self.calendar.due(filed, limit, "working_days")
            if self.calendar.working_time_between(self.today, due) <= OFFICE_DAY:
                return filed
        raise ValueError(f"no such day within {3 * limit} working days")

    def before_the_holiday(self, at: str) -> datetime | None:
        """The time ``at`` two working days before the latest holiday, if there was one in the history."""
        day = self.today.astimezone(SHANGHAI).date()
        first = (self.today - LONGEST_HISTORY).astimezone(SHANGHAI).date() + timedelta(days=5)
        off = 0
        while day > first:
            day -= timedelta(days=1)
            if self.calendar.is_workday(day):
                if off >= A_HOLIDAY:
                    day -= timedelta(days=1)
                    while not self.calendar.is_workday(day):
                        day -= timedelta(days=1)
                    return _moment(day, at)
                off = 0
            elif day.weekday() < 5:
                off += 1
        return None

    def _year(self, year: int) -> tuple[list[date], list[date], bool]:
        found = Client(self._urls).get("catalog", f"/calendar/{year}")
        holidays, extra = ([date.fromisoformat(d) for d in found[k]] for k in ("holidays", "extra_workdays"))
        return holidays, extra, bool(found["provisional"])

    def _stops(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """After each day's closing, so that silence and lateness come on their own days."""
        day = start.astimezone(SHANGHAI).date()
        while (stop := _moment(day, "17:30")) < end:
            if stop > start and self.calendar.is_workday(day):
                yield stop
            day += timedelta(days=1)

    def _waiting(self) -> int:
        """How many events and dates are due in all services; whoever looks after dates is told to look."""
        waiting, outbox, row = 0, tables.outbox.c, tables.time_row.c
        for database in self._platform.databases:
            database.wake.notify(wake.TIME)
            with database.read() as session:
                waiting += session.scalar(select(func.count()).where(outbox.due_at <= clock.now())) or 0
                due = select(func.count()).where(
                    row.due_at <= clock.now(), row.done_at.is_(None), row.kind.not_like(f"{RELEASED}%")
                )
                waiting += session.scalar(due) or 0
        return waiting


def _moment(day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), SHANGHAI).astimezone(UTC)
