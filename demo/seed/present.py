"""A platform that runs already: the same stories at this moment, since nobody moves its clock."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chassis.workdays import SHANGHAI
from demo.client import Client, Refused
from demo.platform import SERVICES

WITHIN_S, PAUSE_S = 20, 0.02
COMES_BY_EVENT = (401, 404, 409)
"""What a service answers to a move before it has heard of the one made before it, elsewhere."""


class SeededAlready(RuntimeError):
    """The stories were told here before."""


class Present:
    """A running platform at ``url``, distributed or embedded. Moments only say what comes after what."""

    def __init__(self, url: str):
        self.today = datetime.now(UTC)
        self._urls = dict.fromkeys(SERVICES, url.rstrip("/"))
        self._clients: dict[str, Client] = {}

    def client(self, login: str, password: str = "demo") -> Client:
        """This account's access, kept for the next time."""
        if login not in self._clients:
            self._clients[login] = Client(self._urls, login, password)
        return self._clients[login]

    def register(self, login: str, name: str, **numbers: str) -> None:
        """Open an account with a password nobody knows. Raises `SeededAlready`."""
        password = secrets.token_hex(12)
        command = {"login": login, "password": password, "display_name": name, **numbers}
        try:
            Client(self._urls).post("identity", "/accounts", command)
        except Refused as refused:
            if refused.status != 409:
                raise
            raise SeededAlready(login) from None
        self.client(login, password)

    def make(self, move: Callable[[], None]) -> None:
        """Make a move as soon as the platform lets it be made; raises what it says after `WITHIN_S`."""
        last = time.monotonic() + WITHIN_S
        while True:
            try:
                return move()
            except (Refused, StopIteration) as error:
                early = not isinstance(error, Refused) or error.status in COMES_BY_EVENT
                if not early or time.monotonic() > last:
                    raise
            time.sleep(PAUSE_S)

    def go_to(self, moment: datetime) -> None:
        """Nothing: it is now."""

    go_on_to = go_to

    def settle(self) -> None:
        """Nothing: each move waits for what it needs."""

    def workday(self, back: int, at: str) -> datetime:
        """A moment so many days back, to put moves in order by."""
        day = self.today.astimezone(SHANGHAI).date() - timedelta(days=back + 1)
        hours, minutes = map(int, at.split(":"))
        return datetime(day.year, day.month, day.day, hours, minutes, tzinfo=SHANGHAI).astimezone(UTC)

    def ago(self, hours: float) -> datetime:
        return self.today - timedelta(hours=hours)
