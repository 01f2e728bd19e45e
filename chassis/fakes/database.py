"""A throw-away SQLite database and deliveries into handlers, without a broker."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, select

from chassis import tables
from chassis.config import Config
from chassis.database import Database, open_database
from chassis.inbox import claim
from chassis.uow import NotYet, UnitOfWork
from contracts import Event
from contracts.cloudevents import Envelope, load

Handler = Callable[[list[Envelope], UnitOfWork], Any]


def scratch_config(service: str, folder: Path, **changes: Any) -> Config:
    """A configuration of its own: SQLite in ``folder``, a random key, no broker."""
    values: dict[str, Any] = {
        "service": service,
        "database_url": f"sqlite:///{folder}/{service}.sqlite",
        "broker_url": "memory://",
        "master_key": secrets.token_bytes(32),
        "sqlite_synchronous": "OFF",
        "storage_url": f"file:{folder}/files",
    }
    return Config(**(values | changes))


def memory_database(service: str, folder: Path, *metadatas: MetaData, **changes: Any) -> Database:
    """A database with the chassis' tables and those given, made from metadata (no migrations)."""
    database = open_database(scratch_config(service, folder, **changes))
    with database.writer.begin() as connection:
        for metadata in (tables.metadata, *metadatas):
            metadata.create_all(connection)
    return database


def events_of(database: Database, *kinds: type[Event]) -> list[Envelope]:
    """Everything the service has said so far, in order; only these kinds when any are named."""
    outbox, log = tables.outbox, tables.event_log
    with database.read() as session:
        sent = session.execute(select(log.c.body).order_by(log.c.position)).scalars().all()
        waiting = (
            session.execute(select(outbox.c.body).where(outbox.c.queue.is_(None)).order_by(outbox.c.id))
            .scalars()
            .all()
        )
    envelopes = [load(body) for body in (*sent, *waiting)]
    return [e for e in envelopes if not kinds or isinstance(e.event, kinds)]


def envelope(
    event: Event, *, sequence: int, time: datetime, id: str | None = None, case: str | None = None
) -> Envelope:
    """An envelope around an event, as its source would send it."""
    return Envelope(
        id=id or secrets.token_hex(8),
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=time,
        sequence=sequence,
        event=event,
        case=case,
    )


def deliver(
    database: Database,
    handler: Handler,
    envelopes: Iterable[Envelope],
    *,
    subscription: str = "test",
    batch: int = 1,
) -> list[Envelope]:
    """Run a handler as a worker would: each event once, early ones again later.

    Returns the events that are still too early after no more progress was made.
    """
    waiting = list(envelopes)
    while waiting:
        early: list[Envelope] = []
        for start in range(0, len(waiting), batch):
            early += _deliver_batch(database, handler, waiting[start : start + batch], subscription)
        if len(early) == len(waiting):
            return early
        waiting = early
    return []


def _deliver_batch(
    database: Database, handler: Handler, batch: Sequence[Envelope], subscription: str
) -> list[Envelope]:
    early: list[Envelope] = []
    todo = list(batch)
    while todo:
        try:
            with database.transaction() as uow:
                fresh = claim(uow, subscription, todo)
                if fresh:
                    handler(fresh, uow)
            return early
        except NotYet as too_early:
            early.append(too_early.envelope)
            todo = [e for e in todo if e.id != too_early.envelope.id]
    return early
