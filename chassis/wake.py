"""Wake-up signals: "there is something to do", within a process and, on PostgreSQL, between processes.

A signal says nothing but its topic and may be lost: whoever waits also looks by itself once a second.
"""

from __future__ import annotations

import threading

OUTBOX = "outbox"
LOGGED = "logged"
TIME = "time"
EFFECTS = "effects"


class Signal:
    """A counter that can be waited on; no waiter misses a ring that came before its wait."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self.generation = 0

    def ring(self) -> None:
        with self._rung:
            self.generation += 1
            self._rung.notify_all()

    def wait(self, seen: int, timeout: float) -> int:
        """Wait until the count differs from ``seen`` or the time is over; returns the count."""
        with self._rung:
            if self.generation == seen:
                self._rung.wait(timeout)
            return self.generation


class Wake:
    """Signals of one database, within this process."""

    def __init__(self) -> None:
        self.signals = {topic: Signal() for topic in (OUTBOX, LOGGED, TIME, EFFECTS)}

    def notify(self, topic: str) -> None:
        """Wake those who wait for ``topic``. Call it after the commit, never inside a transaction."""
        self.signals[topic].ring()

    def signal(self, topic: str) -> Signal:
        return self.signals[topic]

    def close(self) -> None:
        """Stop what this object started."""
