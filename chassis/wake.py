"""Wake-up signals: "there is something to do", within a process and, on PostgreSQL, between processes.

A signal says nothing but its topic and may be lost: whoever waits also looks by itself once a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

OUTBOX = "outbox"
LOGGED = "logged"
TIME = "time"
EFFECTS = "effects"

ONE_WAITER_IS_ENOUGH = frozenset({OUTBOX, TIME, EFFECTS})
CHANNEL = "onewindow"
SPACING = 0.005
RECONNECT = 1.0


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


class PostgresWake(Wake):
    """The same, also between processes by LISTEN/NOTIFY.

    NOTIFY goes over a connection of its own and at most once in 5 ms: inside the transactions it would
    end group commit. Where one waiter is enough and this process has it, the others aren't told.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[tuple[object, ...]]]) -> None:
        super().__init__()
        self._connect = connect
        self._dirty: set[str] = set()
        self._waited_for_here: set[str] = set()
        self._to_send = Signal()
        self._lock = threading.Lock()
        self._sender: threading.Thread | None = None
        self._listener: threading.Thread | None = None
        self._closed = False

    def notify(self, topic: str) -> None:
        super().notify(topic)
        if topic in self._waited_for_here and topic in ONE_WAITER_IS_ENOUGH:
            return
        with self._lock:
            self._dirty.add(topic)
            if self._sender is None:
                self._sender = threading.Thread(target=self._send, name="notify", daemon=True)
                self._sender.start()
        self._to_send.ring()

    def signal(self, topic: str) -> Signal:
        with self._lock:
            self._waited_for_here.add(topic)
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="listen", daemon=True)
                self._listener.start()
        return super().signal(topic)

    def close(self) -> None:
        self._closed = True
        self._to_send.ring()

    def _send(self) -> None:
        seen = 0
        connection = None
        while not self._closed:
            seen = self._to_send.wait(seen, 60)
            with self._lock:
                topics, self._dirty = self._dirty, set()
            if not topics:
                continue
            try:
                if connection is None:
                    connection = self._connect()
                for topic in topics:
                    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, topic))
            except psycopg.Error:
                if connection is not None:
                    with suppress(psycopg.Error):
                        connection.close()
                connection = None
            time.sleep(SPACING)
        if connection is not None:
            connection.close()

    def _listen(self) -> None:
        while not self._closed:
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    for signal in self.signals.values():
                        signal.ring()
                    while not self._closed:
                        for note in connection.notifies(timeout=5):
                            if note.payload in self.signals:
                                self.signals[note.payload].ring()
            except psycopg.Error:
                time.sleep(RECONNECT)
