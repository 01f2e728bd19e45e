"""PostgreSQL's side of a service's database: the pool, and signals between processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import ExecuteStyle

from chassis import green
from chassis.config import Config
from chassis.offload import is_green
from chassis.wake import EFFECTS, OUTBOX, TIME, Signal, Wake

LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_MS = 10_000

ONE_WAITER_IS_ENOUGH = frozenset({OUTBOX, TIME, EFFECTS})
CHANNEL = "onewindow"
SPACING = 0.005
RECONNECT = 1.0


def open_engine(config: Config) -> Engine:
    """A pool whose sessions give up a lock, and a transaction left idle, in time."""
    if is_green():
        green.take_turns_at_the_database()
    engine = create_engine(
        make_url(config.database_url).set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=config.pool_size,
        max_overflow=2,
        pool_timeout=5,
        connect_args={
            "connect_timeout": 5,
            "application_name": config.service,
            "options": f"-c lock_timeout={LOCK_TIMEOUT_MS}"
            f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
            " -c timezone=UTC",
        },
    )
    engine.dialect.use_insertmanyvalues_wo_returning = True

    @event.listens_for(engine, "after_cursor_execute")
    def _arm_idle_timeout(
        _connection: Connection, cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool
    ) -> None:
        """psycopg runs ``executemany`` as a pipeline, whose trailing flush turns the server's idle time-out
        off: a process paused right after it would keep its locks. Any plain statement arms it again."""
        if context.execute_style is ExecuteStyle.EXECUTEMANY and not cursor.description:
            cursor.connection.execute("SELECT 1")

    return engine


def connect(config: Config) -> psycopg.Connection[tuple[Any, ...]]:
    """A plain autocommit connection outside the pool."""
    url = make_url(config.database_url).set(drivername="postgresql")
    return psycopg.connect(
        url.render_as_string(hide_password=False),
        autocommit=True,
        connect_timeout=5,
        application_name=f"{config.service}-signals",
    )


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
