"""A relay that stops or ends itself: ``python -m tests.faults.faulty_relay POINT SIGNAL``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError

from chassis.config import Config
from chassis.database import Database
from chassis.publisher import AmqpPublisher, Fate, Outgoing
from chassis.relay import Relay

POINTS = ("before publishing", "before the confirms", "before the commit")


class FaultyPublisher(AmqpPublisher):
    """Sends itself a signal once, at one point of the batch."""

    def __init__(self, broker_url: str, point: str, number: int):
        super().__init__(broker_url)
        self._point, self._number = point, number

    def publish(self, messages: Sequence[Outgoing]) -> dict[int, Fate]:
        self._fault("before publishing")
        fates = super().publish(messages)
        self._fault("before the commit")
        return fates

    def _await_confirms(self) -> Any:
        self._fault("before the confirms")
        return super()._await_confirms()

    def _fault(self, point: str) -> None:
        if point == self._point:
            self._point = ""
            os.kill(os.getpid(), self._number)


def main() -> None:
    config = Config.from_env("intake")
    relay = Relay(
        Database(config), FaultyPublisher(config.broker_url, sys.argv[1], signal.Signals[sys.argv[2]].value)
    )
    try:
        relay.step()
    except DBAPIError:
        sys.exit(3)


if __name__ == "__main__":
    main()
