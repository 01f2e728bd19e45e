"""A platform that runs already: the same stories at this moment, since nobody moves its clock."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from chassis.workdays import SHANGHAI
from demo.client import Client, Refused
from demo.platform import SERVICES

WITHIN_S, PAUSE_S = 30, 0.05
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
            if "login" not in {e["field"] for e in refused.problem.get("errors", ())}:
                raise
            raise SeededAlready(login) from None
        client = self.client(login, password)
        if "id_number" in numbers:
            shown = {"name": name, "id_number": numbers["id_number"]}
            client.post("identity", "/me/real-name/number", shown)
            client.sign_in()

    def make(self, moves: Sequence[tuple[datetime, Callable[[], None]]]) -> None:
        """Make moves one by one, each as soon as the platform lets it be made; raises what it says after
        `WITHIN_S`."""
        for _, move in moves:
            last = time.monotonic() + WITHIN_S
            while not self._made(move, last):
                time.sleep(PAUSE_S)

    def _made(self, move: Callable[[], None], last: float) -> bool:
        try:
            move()
        except (Refused, StopIteration) as error:
            early = not isinstance(error, Refused) or error.status in COMES_BY_EVENT
            if not early or time.monotonic() > last:
                raise
            return False
        return True

    def go_to(self, moment: datetime) -> None:
        """Nothing: it is now."""

    def workday(self, back: int, at: str) -> datetime:
        """A moment so many days back, to put moves in order by."""
        day = self.today.astimezone(SHANGHAI).date() - timedelta(days=back + 1)
        hours, minutes = map(int, at.split(":"))
        return datetime(day.year, day.month, day.day, hours, minutes, tzinfo=SHANGHAI).astimezone(UTC)

    def ago(self, hours: float) -> datetime:
        return self.today - timedelta(hours=hours)
