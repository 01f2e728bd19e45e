"""A sender that ends itself: ``python -m tests.faults.faulty_sender PORT LEASE POINT``, POINT one of
`POINTS`, or ``never`` to go on until it is killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta

from chassis.config import Config
from chassis.database import Database
from services.notification.contacts import Contact
from services.notification.mail import Letter, Settings, Smtp
from services.notification.sender import Sender

POINTS = ("before sending", "between sending and the commit")


class Everybody:
    """Each account has an address of its own."""

    def of(self, account_id: str) -> Contact:
        return Contact(f"名{account_id}", f"{account_id}@jiangtang.example")


class FaultySmtp(Smtp):
    """Kills its process at one point of sending."""

    def __init__(self, settings: Settings, point: str):
        super().__init__(settings)
        self._point = point

    def send(self, letter: Letter) -> None:
        if self._point == POINTS[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        super().send(letter)
        if self._point == POINTS[1]:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    port, lease, point = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    settings = Settings(host="127.0.0.1", port=port, security="none", site="http://city.example")
    database = Database(Config.from_env("notification"))
    sender = Sender(database, Everybody(), FaultySmtp(settings, point), timedelta(seconds=lease))
    while True:
        time.sleep(min(sender.step(), 0.1))


if __name__ == "__main__":
    main()
