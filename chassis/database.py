"""One service's database: a writer that commits state and events together, and readers beside it."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from chassis import clock, wake
from chassis.config import Config
from chassis.types import use_master_key
from chassis.uow import UnitOfWork

T = TypeVar("T")

CLOCK_REFRESH_S = 10.0
TRIES = 10
_RETRYABLE = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, lock not available
_UNREACHABLE_CLASSES = ("08", "57P", "53")  # connection, shutdown, out of resources


class Database:
    """Engines, clock and wake-up signals of one service's database.

    `transaction` writes, `read` reads. On SQLite one writer at a time holds the file (``BEGIN
    IMMEDIATE``), on PostgreSQL rows are locked; both read committed data only. PostgreSQL's readers open no
    transaction: a rollback would also make psycopg forget its prepared statements.
    """

    def __init__(self, config: Config):
        self.service = config.service
        self.config = config
        use_master_key(config.master_key)
        url = make_url(config.database_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.writer, self.reader = _sqlite_engines(url, config)
            self.wake: wake.Wake = wake.Wake()
        else:
            from chassis import postgres  # a driver of nine megabytes that SQLite does without

            self.writer = postgres.open_engine(config)
            self.reader = self.writer.execution_options(isolation_level="AUTOCOMMIT")
            self.wake = postgres.PostgresWake(partial(postgres.connect, config))
        self._clock_offset = timedelta(0)
        self._clock_read_at = float("-inf")

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """State and events, committed together on a clean exit and not at all otherwise.

        After the commit the relay is woken when there is something to send. Never wait for anything
        else (another service, a provider, a thread) inside.
        """
        with Session(self.writer, expire_on_commit=False) as session:
            uow = UnitOfWork(session, self.service, self.now(session), self.config.master_key)
            yield uow
            topics = uow.write_events()
            session.commit()
        for topic in topics:
            self.wake.notify(topic)

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run ``work`` in a transaction, again in a fresh one when its locks were lost (`is_retryable`)."""
        for attempt in range(1, TRIES + 1):
            try:
                with self.transaction() as uow:
                    return work(uow)
            except Exception as error:
                if attempt == TRIES or not is_retryable(error):
                    raise
                time.sleep(random.uniform(0.001, 0.01) * attempt)
        raise AssertionError

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads."""
        with Session(self.reader) as session:
            yield session

    def now(self, session: Session | None = None) -> datetime:
        """The database's clock, in UTC: asked every ten seconds, kept running in between."""
        if self.is_sqlite:
            return clock.now()
        if time.monotonic() - self._clock_read_at > CLOCK_REFRESH_S:
            if session is None:
                with self.read() as fresh:
                    return self.now(fresh)
            theirs = session.execute(text("SELECT clock_timestamp()")).scalar_one()
            self._clock_offset = theirs - datetime.now(UTC)
            self._clock_read_at = time.monotonic()
        return datetime.now(UTC) + self._clock_offset

    def close(self) -> None:
        """Let go of all connections; `open_database` then opens anew."""
        _open.pop((self.service, self.config.database_url), None)
        self.wake.close()
        self.writer.dispose()
        self.reader.dispose()


_open: dict[tuple[str, str], Database] = {}
_open_lock = threading.Lock()


def open_database(config: Config) -> Database:
    """The process's one `Database` for this configuration."""
    with _open_lock:
        key = (config.service, config.database_url)
        if key not in _open:
            _open[key] = Database(config)
        return _open[key]


def close_all() -> None:
    """Close every database this process opened by `open_database`."""
    with _open_lock:
        for database in list(_open.values()):
            database.close()


def is_retryable(error: BaseException) -> bool:
    """True for deadlock, serialisation failure, lock time-out: repeat in a fresh transaction."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    return code in _RETRYABLE or "database is locked" in str(error.orig)


def is_unreachable(error: BaseException) -> bool:
    """True when the database could not be reached or went away: wait, then do the same again."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        # 57014 is a statement cancelled by its own time-out, no sign of an unreachable server.
        return code.startswith(_UNREACHABLE_CLASSES) or error.connection_invalidated or code == "25P03"
    if error.connection_invalidated:
        return True
    return isinstance(error, OperationalError) and not isinstance(error.orig, sqlite3.Error)


def _sqlite_engines(url: URL, config: Config) -> tuple[Engine, Engine]:
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": 30, "isolation_level": None}
    common: dict[str, Any] = {"connect_args": arguments, "pool_timeout": 30, "hide_parameters": True}
    writer = create_engine(url, pool_size=1, max_overflow=0, **common)
    reader = create_engine(url, pool_size=4, max_overflow=4, **common)

    @event.listens_for(writer, "connect")
    def _open_writer(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={config.sqlite_synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(reader, "connect")
    def _open_reader(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    @event.listens_for(writer, "begin")
    def _begin_writer(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(reader, "begin")
    def _begin_reader(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return writer, reader
