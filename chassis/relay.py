"""The relay: takes committed events to the broker and writes them into the event log.

One transaction a batch, under a transaction lock: read what is due in id order, publish, wait for the
confirms once, move what was confirmed from the outbox to the event log, commit. What was not confirmed
gets a date of its own and holds up nobody. Several relays may run; one at a time works, and a paused one
loses its lock by the database's idle time-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, text, update
from sqlalchemy.orm import Session

from chassis import metrics, tables, wake
from chassis.bulk import among
from chassis.database import Database
from chassis.publisher import Fate, Outgoing, Publisher

BATCH = 500
IDLE_TIMEOUT_MS = 3_000
LONGEST_SLEEP_S = 1.0
WHEN_ANOTHER_RELAYS_S = 0.05
RETRY_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
LOCK = "hashtext('onewindow-relay')"

_LOGGED_COLUMNS = ("event_id", "type", "subject", "sequence", "case_id", "department", "time", "body")


class Relay:
    """Moves one service's outbox. `step` does one batch; `pause` says how long to sleep after it."""

    def __init__(self, database: Database, publisher: Publisher):
        self._database = database
        self._publisher = publisher
        self._partition_of: date | None = None

    def step(self) -> int | None:
        """Send one batch; returns how many rows were due, or None when another relay is at work.

        Raises `chassis.publisher.BrokerLost` (nothing is moved) and database errors.
        """
        if self._database.is_sqlite and not self._anything_due():
            return 0
        with Session(self._database.writer) as session:
            if not self._alone(session):
                return None
            rows = self._due(session)
            if not rows:
                session.commit()
                return 0
            now = self._database.now(session)
            fates = self._publisher.publish([_outgoing(row) for row in rows])
            confirmed = [row for row in rows if fates[row.id] is Fate.CONFIRMED]
            self._move(session, confirmed, now)
            self._put_off(session, [row for row in rows if fates[row.id] is not Fate.CONFIRMED], now)
            session.commit()
        self._count(rows, fates)
        if any(row.queue is None for row in confirmed):
            self._database.wake.notify(wake.LOGGED)
        return len(rows)

    def pause(self) -> float:
        """Seconds until the next row is due, at most one."""
        with self._database.read() as session:
            next_due = session.scalar(select(func.min(tables.outbox.c.due_at)))
            if next_due is None:
                return LONGEST_SLEEP_S
            left: float = (next_due - self._database.now(session)).total_seconds()
        return min(max(left, 0.0), LONGEST_SLEEP_S)

    def _anything_due(self) -> bool:
        with self._database.read() as session:
            return session.execute(_due_rows(self._database.now(session)).limit(1)).first() is not None

    def _alone(self, session: Session) -> bool:
        if self._database.is_sqlite:
            return True
        self._prepare_partitions()
        return bool(
            session.execute(
                text(
                    "SELECT pg_try_advisory_xact_lock(" + LOCK + "), "
                    f"set_config('idle_in_transaction_session_timeout', '{IDLE_TIMEOUT_MS}', true)"
                )
            ).one()[0]
        )

    def _due(self, session: Session) -> Sequence[Any]:
        now = self._database.now(session) if self._database.is_sqlite else func.clock_timestamp()
        return session.execute(_due_rows(now)).all()

    def _move(self, session: Session, rows: Sequence[Any], now: datetime) -> None:
        if not rows:
            return
        outbox, log = tables.outbox, tables.event_log
        ids = [row.id for row in rows]
        public = [row.id for row in rows if row.queue is None]
        if public:
            columns = [outbox.c[name] for name in _LOGGED_COLUMNS]
            moved = (
                select(bindparam("logged_at", now, type_=log.c.logged_at.type), *columns)
                .where(among(session, outbox.c.id, public))
                .order_by(outbox.c.id)
            )
            session.execute(insert(log).from_select(["logged_at", *_LOGGED_COLUMNS], moved))
        session.execute(delete(outbox).where(among(session, outbox.c.id, ids)))

    def _put_off(self, session: Session, rows: Sequence[Any], now: datetime) -> None:
        for row in rows:
            headers = dict(row.headers or {})
            tries = headers.get("relay-tries", 0)
            headers["relay-tries"] = tries + 1
            wait = timedelta(seconds=RETRY_S[min(tries, len(RETRY_S) - 1)])
            session.execute(
                update(tables.outbox)
                .where(tables.outbox.c.id == row.id)
                .values(due_at=now + wait, headers=headers)
            )

    def _prepare_partitions(self) -> None:
        """Make this month's and next month's partition of the log before anything falls into them."""
        today = self._database.now().date()
        if self._partition_of == today:
            return
        with self._database.writer.begin() as connection:
            first = today.replace(day=1)
            for _ in range(2):
                following = (first + timedelta(days=32)).replace(day=1)
                name = f"event_log_{first:%Y_%m}"
                if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is None:
                    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('onewindow-partition'))"))
                    connection.execute(
                        text(
                            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF event_log "
                            f"FOR VALUES FROM ('{first:%Y-%m-%d}+00') TO ('{following:%Y-%m-%d}+00')"
                        )
                    )
                first = following
        self._partition_of = today

    def _count(self, rows: Sequence[Any], fates: dict[int, Fate]) -> None:
        for row in rows:
            if fates[row.id] is Fate.CONFIRMED:
                metrics.EVENTS_PUBLISHED.labels(self._database.service, row.type).inc()


def _due_rows(now: Any) -> Any:
    outbox = tables.outbox
    due = select(
        outbox.c.id,
        outbox.c.event_id,
        outbox.c.type,
        outbox.c.body,
        outbox.c.queue,
        outbox.c.headers,
        outbox.c.department,
    ).where(outbox.c.due_at <= now)
    return due.order_by(outbox.c.id).limit(BATCH)


def _outgoing(row: Any) -> Outgoing:
    return Outgoing(row.id, row.event_id, row.type, bytes(row.body), row.queue, row.headers, row.department)


def backlog(session: Session, now: datetime) -> tuple[int, float]:
    """How many events wait in the outbox, and for how many seconds the oldest has been due."""
    outbox = tables.outbox
    count, oldest = session.execute(
        select(func.count(literal_column("*")), func.min(outbox.c.due_at)).select_from(outbox)
    ).one()
    return int(count), max((now - oldest).total_seconds(), 0.0) if oldest else 0.0
