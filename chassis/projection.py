"""Rebuilding what a service made of others' events, from their event logs, while events keep arriving.

A service that can be rebuilt has a module ``projection`` (`Projection`). From `Projection.begin` on its
subscription writes to what is shown and to what is in the making; the logs bring all that came before.
An event may come both ways: what is made of it must not depend on order or repetition.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from sqlalchemy import func, select

from chassis import tables
from chassis.database import Database
from chassis.uow import UnitOfWork
from contracts import Event
from contracts.cloudevents import Envelope, load

BATCH = 500
LOOK_S = 0.1
RELAY_MAY_TAKE_S = 60.0


class Projection(Protocol):
    """What the module ``services.<name>.projection`` offers."""

    EVENTS: tuple[type[Event], ...]

    def begin(self, uow: UnitOfWork) -> None:
        """Empty what is to be made; from the commit on the subscription writes there too."""

    def replay(self, events: list[Envelope], uow: UnitOfWork) -> None:
        """Take in events of the past."""

    def switch(self, uow: UnitOfWork) -> None:
        """Show what was made."""

    def give_up(self, uow: UnitOfWork) -> None:
        """Leave what is shown as it is."""


def rebuild(database: Database, sources: Iterable[Database], projection: Projection) -> Iterator[int]:
    """Rebuild from the logs of ``sources``; yields how many events each step took in.

    Raises RuntimeError when a relay leaves events of before the start unpublished for a minute; then, and
    when it is stopped, nothing has changed.
    """
    database.write(projection.begin)
    done = False
    try:
        for source in sources:
            yield from _history(source, projection, database)
        database.write(projection.switch)
        done = True
    finally:
        if not done:
            database.write(projection.give_up)


def _history(source: Database, projection: Projection, database: Database) -> Iterator[int]:
    """All that the subscription may have handled before `begin` is in the log once the outbox of that
    moment is empty: an event leaves the outbox by entering the log."""
    outbox = tables.outbox
    with source.read() as session:
        last = session.scalar(select(func.max(outbox.c.id)).where(outbox.c.queue.is_(None))) or 0
    deadline = time.monotonic() + RELAY_MAY_TAKE_S
    while not _left_the_outbox(source, last):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{source.service} has events its relay does not publish: is its worker up?")
        time.sleep(LOOK_S)
    with source.read() as session:
        end = session.scalar(select(func.max(tables.event_log.c.position))) or 0
    wanted = sorted(e.type for e in projection.EVENTS)
    position = 0
    while page := _page(source, wanted, position, end):
        position = page[-1].position
        events = [load(bytes(row.body)) for row in page]
        database.write(partial(projection.replay, events))
        yield len(page)


def _left_the_outbox(source: Database, last: int) -> bool:
    outbox = tables.outbox
    with source.read() as session:
        waiting = select(outbox.c.id).where(outbox.c.queue.is_(None), outbox.c.id <= last).limit(1)
        return session.scalar(waiting) is None


def _page(source: Database, wanted: list[str], position: int, end: int) -> Sequence[Any]:
    log = tables.event_log
    with source.read() as session:
        return session.execute(
            select(log.c.position, log.c.body)
            .where(log.c.position > position, log.c.position <= end, log.c.type.in_(wanted))
            .order_by(log.c.position)
            .limit(BATCH)
        ).all()
