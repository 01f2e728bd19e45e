"""The unit of work: state and events of one transaction."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Result, Table, delete, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from uuid_utils import uuid7

from chassis import bulk, copying, tables, wake
from chassis.logs import current_trace
from contracts import Event
from contracts.cloudevents import Envelope, dump

M = TypeVar("M")

SWEEPS_LOOK_EVERY = timedelta(seconds=1)
MANY = 1_000
"""Events from which on PostgreSQL takes them by COPY."""


class NotYet(Exception):
    """An event that came before what it speaks of: it is parked and tried again, the others go on."""

    def __init__(self, envelope: Envelope):
        super().__init__(f"{envelope.type} {envelope.sequence} of {envelope.subject} came too early")
        self.envelope = envelope


@dataclasses.dataclass(frozen=True, slots=True)
class _Emitted:
    event: Event
    case: str | None
    department: str | None
    queue: str | None


class UnitOfWork:
    """What a handler works with: it reads and writes by ``session`` and never commits.

    ``now`` is the database's time, in UTC, the same for the whole transaction.
    """

    def __init__(self, session: Session, service: str, now: datetime, master_key: bytes):
        self.session = session
        self.service = service
        self.now = now
        self.master_key = master_key
        self._emitted: list[_Emitted] = []
        self._wake: set[str] = set()

    def emit(self, event: Event, *, case: str | None = None, department: str | None = None) -> None:
        """Say something to whoever subscribed. It leaves after the commit, at least once."""
        if event.source != self.service:
            raise ValueError(f"{self.service} can't speak for {event.source}: {event.type}")
        self._emitted.append(_Emitted(event, case, department, None))

    def address(self, queue: str, event: Event, *, case: str | None = None) -> None:
        """Put an event of our own into one queue alone, behind whatever stands there already."""
        self._emitted.append(_Emitted(event, case, None, queue))

    def lock(self, model: type[M], ids: Iterable[Any]) -> dict[Any, M]:
        """Load and lock these rows in id order, by one query; ids that don't exist are left out."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        key = inspect(model).primary_key[0]
        rows = self.session.scalars(
            select(model)
            .where(bulk.among(self.session, key, wanted))
            .order_by(key)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        attribute = inspect(model).get_property_by_column(key).key
        return {getattr(row, attribute): row for row in rows}

    def insert(self, table: Any) -> Any:
        """An INSERT that knows ``on_conflict_…``, for this database."""
        dialect = postgresql if copying.is_postgres(self.session) else sqlite
        return dialect.insert(table)

    def insert_rows(
        self, table: Table, rows: Sequence[Mapping[str, Any]], finish: bulk.Finish | None = None
    ) -> Result[Any]:
        """Insert rows, all with the same columns and at least one, by one statement (`chassis.bulk`)."""
        return bulk.insert_rows(self.session, table, rows, finish)

    def schedule(self, kind: str, subject: str, due_at: datetime) -> None:
        """Have ``subject`` looked at when ``due_at`` has come; replaces an earlier date of this kind."""
        statement = self.insert(tables.time_row).values(
            kind=kind, subject=subject, due_at=due_at, done_at=None
        )
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["kind", "subject"], set_={"due_at": due_at, "done_at": None}
            )
        )
        self._wake_for(due_at)

    def schedule_many(self, kind: str, due: dict[str, datetime]) -> None:
        """`schedule` for many subjects, by one statement."""
        if not due:
            return
        rows = [{"kind": kind, "subject": s, "due_at": d, "done_at": None} for s, d in sorted(due.items())]
        self.insert_rows(tables.time_row, rows, _with_the_new_date)
        self._wake_for(min(due.values()))

    def unschedule(self, kind: str, subjects: str | Iterable[str]) -> None:
        """Forget dates of this kind."""
        wanted = [subjects] if isinstance(subjects, str) else sorted(subjects)
        if wanted:
            self.session.execute(
                delete(tables.time_row).where(
                    tables.time_row.c.kind == kind,
                    bulk.among(self.session, tables.time_row.c.subject, wanted),
                )
            )

    def wake_up(self, topic: str) -> None:
        """Ring this signal (`chassis.wake`) after the commit."""
        self._wake.add(topic)

    def one_by_one(self, name: str) -> None:
        """From here to the commit nobody else is where ``name`` is passed, so that numbers drawn in between
        become visible in their order."""
        if copying.is_postgres(self.session):
            self.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))

    def write_events(self) -> set[str]:
        """Number what was emitted and write it to the outbox; returns the wake-up topics to signal.

        Called once, by `chassis.database.Database.transaction`, just before the commit.
        """
        if not self._emitted:
            return self._wake
        self.session.flush()
        last = self._take_sequences()
        rows = []
        trace = current_trace()
        for emitted in self._emitted:
            event = emitted.event
            subject = event.subject
            sequence = 0
            if emitted.queue is None:
                last[subject] += 1
                sequence = last[subject]
            envelope = Envelope(
                id=str(uuid7()),
                source=event.source,
                type=event.type,
                subject=subject,
                time=self.now,
                sequence=sequence,
                event=event,
                case=emitted.case,
                department=emitted.department,
                traceparent=trace,
            )
            rows.append(outbox_row(envelope, dump(envelope), due_at=self.now, queue=emitted.queue))
        if len(rows) > MANY:
            copying.insert(tables.outbox, rows, self.session)
        else:
            self.insert_rows(tables.outbox, rows)
        self._emitted.clear()
        return self._wake | {wake.OUTBOX}

    def _wake_for(self, due_at: datetime) -> None:
        """Sweeps look by themselves once a second; only an earlier date needs a word."""
        if due_at < self.now + SWEEPS_LOOK_EVERY:
            self._wake.add(wake.TIME)

    def _take_sequences(self) -> dict[str, int]:
        """Reserve numbers for every subject, in subject order; returns the last number used before."""
        counts = Counter(e.event.subject for e in self._emitted if e.queue is None)
        if not counts:
            return {}
        wanted = [{"subject": subject, "last": count} for subject, count in sorted(counts.items())]
        rows = self.insert_rows(tables.event_sequence, wanted, _counted_on).all()
        return {row.subject: row.last - counts[row.subject] for row in rows}


def _with_the_new_date(statement: Any) -> Any:
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["kind", "subject"], set_={"due_at": new.due_at, "done_at": new.done_at}
    )


def _counted_on(statement: Any) -> Any:
    table = tables.event_sequence.c
    return statement.on_conflict_do_update(
        index_elements=["subject"], set_={"last": table.last + statement.excluded.last}
    ).returning(table.subject, table.last)


def outbox_row(
    envelope: Envelope,
    body: bytes,
    *,
    due_at: datetime,
    queue: str | None = None,
    headers: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One row of the outbox."""
    return {
        "event_id": envelope.id,
        "type": envelope.type,
        "subject": envelope.subject,
        "sequence": envelope.sequence,
        "case_id": envelope.case,
        "department": envelope.department,
        "time": envelope.time,
        "body": body,
        "queue": queue,
        "headers": headers,
        "due_at": due_at,
    }
