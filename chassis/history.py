"""Looking after events by hand: dead ones, parked ones, one case's way, and filling a queue again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from chassis import tables
from chassis.database import Database
from chassis.publisher import Fate, Outgoing, Publisher
from chassis.topology import exchange_of
from chassis.uow import UnitOfWork

PAGE = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a case: when it happened, who said it, when it had reached the broker."""

    time: datetime
    logged_at: datetime | None
    source: str
    type: str
    sequence: int
    event_id: str
    department: str | None


def dead(database: Database, *, settled: bool = False) -> list[Any]:
    """Dead events, newest first."""
    table = tables.dead_event
    query = select(table).order_by(table.c.id.desc())
    if not settled:
        query = query.where(table.c.settled.is_(None))
    with database.read() as session:
        return list(session.execute(query))


def parked(database: Database) -> list[Any]:
    """Deliveries that wait for another try, the next one first."""
    table = tables.outbox
    with database.read() as session:
        return list(session.execute(select(table).where(table.c.queue.is_not(None)).order_by(table.c.due_at)))


def replay(uow: UnitOfWork, dead_id: int) -> bool:
    """Put a dead event back into its queue, its attempts forgotten; False when it is settled already.

    The inbox has no row of it, since no handler succeeded, so it will be handled like a new one.
    """
    row = _settle(uow, dead_id, "replayed")
    if row is None:
        return False
    values = {
        "event_id": row.event_id or f"dead-{row.id}",
        "type": row.type or "unknown",
        "subject": "",
        "sequence": 0,
        "case_id": row.case_id,
        "time": uow.now,
        "body": row.body,
        "queue": row.queue,
        "due_at": uow.now,
    }
    uow.session.execute(uow.insert(tables.outbox).values(**values).on_conflict_do_nothing())
    return True


def discard(uow: UnitOfWork, dead_id: int) -> bool:
    """Give a dead event up; its body stays. False when it is settled already."""
    return _settle(uow, dead_id, "discarded") is not None


def _settle(uow: UnitOfWork, dead_id: int, how: str) -> Any:
    table = tables.dead_event
    settle = update(table).where(table.c.id == dead_id, table.c.settled.is_(None))
    return uow.session.execute(settle.values(settled=how, settled_at=uow.now).returning(table)).first()


def steps_of_case(database: Database, case: str) -> list[Step]:
    """What this service said about one case, logged and still waiting."""
    log, outbox = tables.event_log, tables.outbox
    with database.read() as session:
        logged = session.execute(select(log).where(log.c.case_id == case).order_by(log.c.position)).all()
        waiting = session.execute(
            select(outbox).where(outbox.c.case_id == case, outbox.c.queue.is_(None)).order_by(outbox.c.id)
        ).all()
    return [
        Step(
            row.time,
            getattr(row, "logged_at", None),
            database.service,
            row.type,
            row.sequence,
            row.event_id,
            row.department,
        )
        for row in (*logged, *waiting)
    ]


def backfill(
    database: Database,
    publisher: Publisher,
    queue: str,
    bindings: frozenset[tuple[str, str]],
    since: datetime,
    per_second: int,
) -> Iterator[int]:
    """Send this service's log since then into one queue, in order, at a limited rate.

    Yields how many events each batch sent. What the subscription knows already is absorbed by its inbox.
    Raises RuntimeError when the broker does not take them all.
    """
    log = tables.event_log
    wanted = [t for exchange, t in sorted(bindings) if exchange == exchange_of(f"{database.service}.x")]
    if not wanted:
        return
    position = 0
    while True:
        started = time.monotonic()
        with database.read() as session:
            rows = session.execute(
                select(log.c.position, log.c.event_id, log.c.type, log.c.body)
                .where(log.c.position > position, log.c.logged_at >= since, log.c.type.in_(wanted))
                .order_by(log.c.position)
                .limit(min(PAGE, per_second))
            ).all()
        if not rows:
            return
        fates = publisher.publish(
            [
                Outgoing(r.position, r.event_id, r.type, bytes(r.body), queue, {"onewindow-backfill": 1})
                for r in rows
            ]
        )
        if any(fate is not Fate.CONFIRMED for fate in fates.values()):
            raise RuntimeError(
                f"the broker did not take all of a batch for {queue}; start again from {since}"
            )
        position = rows[-1].position
        yield len(rows)
        time.sleep(max(0.0, len(rows) / per_second - (time.monotonic() - started)))
