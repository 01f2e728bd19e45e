"""The platform on a clock that the rehearsal moves forward: what is due on the way happens on its day."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import eventlet
from eventlet import GreenPool
from sqlalchemy import make_url

from chassis import clock, wake
from chassis.database import Database
from chassis.embedded import Embedded
from chassis.timerows import RELEASED
from chassis.trust import TOKEN_LIFETIME
from chassis.workdays import OFFICE_DAY, SHANGHAI, WorkCalendar
from demo.client import SAMPLE, Client, Refused
from demo.platform import free_port
from services.identity import keys, queries
from services.identity.domain import Account

SERVICES = ("identity", "catalog", "intake", "approval", "portal")
AT_ONCE = 8
QUIET_LOOKS = 3
LOOK_EVERY_S = 0.005
REMIND_EVERY = 20
QUIET_WITHIN_S = 60
KEY_TRIES, KEY_PAUSE_S = 20, 0.5
LONGEST_HISTORY = timedelta(days=100)
A_HOLIDAY = 3
"""Working days off in a row that count as one."""


class PatientClient(Client):
    """Renews its access by the rehearsal's clock, and has it from identity itself: passwords take time.

    Waits for what services know of signing keys: they look again after seconds, not after days gone by."""

    def __init__(self, urls: Mapping[str, str], login: str, identity: Database):
        super().__init__(urls, login)
        self._identity = identity
        self._account: Account | None = None
        self._access_ends = datetime.min.replace(tzinfo=UTC)

    def sign_in(self) -> Client:
        with self._identity.transaction() as uow:
            if self._account is None:
                known = queries.login(str(self._login), uow.session)
                assert known is not None, self._login
                self._account = queries.account(known.account_id, uow.session)
            self.token = keys.access_token(self._account, uow.now, uow)
            self._access_ends = uow.now + TOKEN_LIFETIME
        return self

    def _call(self, *args: Any, **extra: Any) -> Any:
        if self._login and clock.now() >= self._access_ends:
            self.sign_in()
        for _ in range(KEY_TRIES):
            try:
                return super()._call(*args, **extra)
            except Refused as refused:
                if refused.status != 401:
                    raise
                eventlet.sleep(KEY_PAUSE_S)
        return super()._call(*args, **extra)


class _Dates:
    """What is due in one service's database, asked a few thousand times, so without a session around it."""

    _EVENTS = "SELECT 1 FROM outbox WHERE due_at <= ? LIMIT 1"
    _TIMES = (
        "SELECT 1 FROM time_row WHERE due_at <= ? AND done_at IS NULL"
        f" AND kind NOT LIKE '{RELEASED}%' LIMIT 1"
    )

    def __init__(self, database: Database):
        self.wake = database.wake
        path = make_url(database.config.database_url).database
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)

    def events(self, moment: str) -> bool:
        return self._connection.execute(self._EVENTS, (moment,)).fetchone() is not None

    def times(self, moment: str) -> bool:
        return self._connection.execute(self._TIMES, (moment,)).fetchone() is not None

    def close(self) -> None:
        self._connection.close()


class Rehearsal:
    """An embedded platform with the sample city. `go_to` moves its clock, `client` acts in it."""

    def __init__(self, folder: Path):
        self.today = datetime.now(UTC)
        self._platform = Embedded(folder, free_port(), synchronous="OFF")
        self._urls = dict.fromkeys(SERVICES, self._platform.url)
        self._clients: dict[str, Client] = {}
        self.calendar = WorkCalendar({})
        self._dates: list[_Dates] = []

    def __enter__(self) -> Rehearsal:
        clock.stand_at(self.today - LONGEST_HISTORY)
        self._platform.start(SAMPLE)
        self._dates = [_Dates(database) for database in self._platform.databases]
        self.settle()
        first, last = self.today - LONGEST_HISTORY, self.today + LONGEST_HISTORY
        self.calendar = WorkCalendar({y: self._year(y) for y in range(first.year, last.year + 1)})
        return self

    def __exit__(self, *_: Any) -> None:
        clock.stand_at(None)
        for dates in self._dates:
            dates.close()
        self._platform.stop()

    def client(self, login: str) -> Client:
        """This account's access, kept for the next time."""
        if login not in self._clients:
            identity = next(d for d in self._platform.databases if d.service == "identity")
            self._clients[login] = PatientClient(self._urls, login, identity)
        return self._clients[login]

    def register(self, login: str, name: str, **numbers: str) -> None:
        """Open an account of a person (whose number is checked) or a firm, with a password nobody knows."""
        command = {"login": login, "password": secrets.token_hex(12), "display_name": name, **numbers}
        Client(self._urls).post("identity", "/accounts", command)
        if "id_number" in numbers:
            client = self.client(login)
            shown = {"name": name, "id_number": numbers["id_number"]}
            client.post("identity", "/me/real-name/number", shown)
            self._clients.pop(login)

    def make(self, moves: Sequence[tuple[datetime, Callable[[], None]]]) -> None:
        """Make moves that don't stand on each other, each at its moment and beside the others, and let
        everything that they lead to happen."""
        self.go_to(moves[0][0])
        under_way = GreenPool(AT_ONCE)
        made = []
        for moment, move in moves:
            if moment > clock.now():
                clock.stand_at(moment)
            made.append(under_way.spawn(move))
        for thread in made:
            thread.wait()
        self.settle()

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
                self._remind()
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
        moment = _stored(until or clock.now())
        return any(dates.events(moment) or dates.times(moment) for dates in self._dates)

    def _remind(self) -> None:
        """Services look at their dates when one comes by the machine's clock, which stands still here."""
        moment = _stored(clock.now())
        for dates in self._dates:
            if dates.times(moment):
                dates.wake.notify(wake.TIME)


def _stored(moment: datetime) -> str:
    """As SQLite has it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _moment(day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), SHANGHAI).astimezone(UTC)
