"""The platform on a clock that the rehearsal moves forward: what is due on the way happens on its day."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import eventlet
from sqlalchemy import select

from chassis import clock, tables, wake
from chassis.embedded import Embedded
from chassis.timerows import RELEASED
from chassis.workdays import OFFICE_DAY, SHANGHAI, WorkCalendar
from demo.client import SAMPLE, Client, Refused
from demo.platform import free_port

SERVICES = ("identity", "catalog", "intake", "approval", "portal")
QUIET_LOOKS = 3
LOOK_EVERY_S = 0.005
REMIND_EVERY = 20
QUIET_WITHIN_S = 60
KEY_TRIES, KEY_PAUSE_S = 20, 0.5
LONGEST_HISTORY = timedelta(days=100)
A_HOLIDAY = 3
"""Working days off in a row that count as one."""


class PatientClient(Client):
    """Waits for what services know of signing keys: they look again after seconds, not after days gone by."""

    def _call(self, *args: Any, **extra: Any) -> Any:
        for _ in range(KEY_TRIES):
            try:
                return super()._call(*args, **extra)
            except Refused as refused:
                if refused.status != 401:
                    raise
                eventlet.sleep(KEY_PAUSE_S)
        return super()._call(*args, **extra)


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
            self._clients[login] = PatientClient(self._urls, login, password)
        return self._clients[login]

    def register(self, login: str, name: str, **numbers: str) -> None:
        """Open an account of a person (whose number is checked) or a firm, with a password nobody knows."""
        password = secrets.token_hex(12)
        command = {"login": login, "password": password, "display_name": name, **numbers}
        Client(self._urls).post("identity", "/accounts", command)
        client = self.client(login, password)
        if "id_number" in numbers:
            shown = {"name": name, "id_number": numbers["id_number"]}
            client.post("identity", "/me/real-name/number", shown)
            client.sign_in()

    def go_to(self, moment: datetime) -> None:
        """Let time pass until ``moment``, working day by working day, with all that falls due on the way."""
        for stop in self._stops(clock.now(), moment):
            if self._waits(stop):
                clock.stand_at(stop)
                self.settle()
        if moment > clock.now():
            clock.stand_at(moment)
            if self._waits():
                self.settle()

    def settle(self) -> None:
        """Wait until every event has arrived and nothing is due any more."""
        quiet = 0
        for look in range(round(QUIET_WITHIN_S / LOOK_EVERY_S)):
            if not look % REMIND_EVERY:
                for database in self._platform.databases:
                    database.wake.notify(wake.TIME)
            quiet = quiet + 1 if self._platform.is_quiet and not self._waits() else 0
            if quiet == QUIET_LOOKS:
                return
            eventlet.sleep(LOOK_EVERY_S)
        raise RuntimeError(f"something is still due after {QUIET_WITHIN_S} s")

    def workday(self, back: int, at: str) -> datetime:
        """The time ``at`` (Shanghai) so many working days before the last one before today."""
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

    def _waits(self, until: datetime | None = None) -> bool:
        """Whether an event or a date of any service is due by then (by now)."""
        moment, outbox, row = until or clock.now(), tables.outbox.c, tables.time_row.c
        looked_after = ~row.kind.startswith(RELEASED)
        for database in self._platform.databases:
            with database.read() as session:
                events = select(outbox.id).where(outbox.due_at <= moment)
                dates = select(row.kind).where(row.due_at <= moment, row.done_at.is_(None), looked_after)
                if session.scalar(events.limit(1)) or session.scalar(dates.limit(1)):
                    return True
        return False


def _moment(day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), SHANGHAI).astimezone(UTC)
