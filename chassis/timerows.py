"""Time: due dates are rows, and any replica acts on those whose date has come.

A sweep takes due rows that no other replica holds (SKIP LOCKED), lets the handler look at the state again
and act, and marks the rows done, all in one transaction. A sweep that finds more due at once than its
breaker allows does nothing and raises an alert: a clock that jumped must not decide cases.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any

import structlog
from eventlet.event import Event as GreenEvent
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from chassis import metrics, tables, wake
from chassis.config import Config
from chassis.database import Database, is_retryable, is_unreachable, open_database
from chassis.subscription import config_of
from chassis.uow import SWEEPS_LOOK_EVERY, UnitOfWork

log = structlog.get_logger()

BATCH = 100
BREAKER = 500
LONGEST_SLEEP_S = SWEEPS_LOOK_EVERY.total_seconds()
TRY_AGAIN = timedelta(minutes=1)
RELEASED = "breaker-released:"

Handler = Callable[[list[str], UnitOfWork], Any]


def sweep(database: Database, kind: str, handler: Handler, breaker: int = BREAKER) -> int:
    """Act on one batch of due rows; returns how many were taken, 0 while the breaker is open."""
    subjects: list[str] = []
    try:
        with database.transaction() as uow:
            if _breaker_allows(uow, kind, breaker, database.service):
                subjects = _take(uow, kind)
            if subjects:
                handler(subjects, uow)
                _done(uow, kind, subjects)
    except Exception as error:
        if is_unreachable(error) or is_retryable(error) or not subjects:
            raise
        return sum(_sweep_one(database, kind, subject, handler) for subject in subjects)
    return len(subjects)


def _sweep_one(database: Database, kind: str, subject: str, handler: Handler) -> int:
    try:
        with database.transaction() as uow:
            if _take(uow, kind, subject):
                handler([subject], uow)
                _done(uow, kind, [subject])
    except Exception as error:
        if is_unreachable(error) or is_retryable(error):
            raise
        _put_off(database, kind, subject, error)
    return 1


def next_due(session: Session, kind: str) -> datetime | None:
    """When the next row of this kind falls due."""
    row = tables.time_row.c
    query = select(func.min(row.due_at)).where(row.kind == kind, row.done_at.is_(None))
    first: datetime | None = session.scalar(query)
    return first


def release_breaker(uow: UnitOfWork, kind: str, until: datetime) -> None:
    """An operator says the due dates are right: act on them, however many, until then."""
    uow.schedule(RELEASED + kind, "operator", until)


def _take(uow: UnitOfWork, kind: str, subject: str | None = None) -> list[str]:
    row = tables.time_row.c
    due = select(row.subject).where(row.kind == kind, row.done_at.is_(None), row.due_at <= uow.now)
    if subject is not None:
        due = due.where(row.subject == subject)
    due = due.order_by(row.due_at).limit(BATCH).with_for_update(skip_locked=True)
    return list(uow.session.scalars(due))


def _done(uow: UnitOfWork, kind: str, subjects: list[str]) -> None:
    """Mark them done, except those the handler gave a new date."""
    row = tables.time_row.c
    uow.session.execute(
        update(tables.time_row)
        .where(row.kind == kind, row.subject.in_(subjects), row.due_at <= uow.now)
        .values(done_at=uow.now)
    )


def _put_off(database: Database, kind: str, subject: str, error: BaseException) -> None:
    log.error("due_date_failed", kind=kind, subject=subject, exc_info=error)
    row = tables.time_row.c
    with database.transaction() as uow:
        uow.session.execute(
            update(tables.time_row)
            .where(row.kind == kind, row.subject == subject)
            .values(due_at=uow.now + TRY_AGAIN)
        )


def _breaker_allows(uow: UnitOfWork, kind: str, breaker: int, service: str) -> bool:
    row = tables.time_row.c
    due = select(row.subject).where(row.kind == kind, row.done_at.is_(None), row.due_at <= uow.now)
    count = uow.session.scalar(select(func.count()).select_from(due.limit(breaker + 1).subquery())) or 0
    released = uow.session.scalar(select(row.due_at).where(row.kind == RELEASED + kind, row.due_at > uow.now))
    is_open = count > breaker and released is None
    metrics.TIME_BREAKER_OPEN.labels(service, kind).set(int(is_open))
    note = f"time:{kind}"
    if is_open:
        problem = (
            f"more than {breaker} due dates at once: check the clock, then `onewindow time release {kind}`"
        )
        statement = uow.insert(tables.health_note).values(name=note, problem=problem, seen_at=uow.now)
        uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"seen_at": uow.now, "problem": problem}
            )
        )
        log.error("time_breaker_open", kind=kind, limit=breaker)
    else:
        uow.session.execute(delete(tables.health_note).where(tables.health_note.c.name == note))
    return not is_open


class TimeSweep(Entrypoint):
    """Runs a worker's method when rows of its kind fall due."""

    def __init__(self, kind: str, breaker: int = BREAKER, **kwargs: Any):
        self.kind = kind
        self.breaker = breaker
        super().__init__(**kwargs)

    def setup(self) -> None:
        self._stopping = False

    def start(self) -> None:
        self._thread = self.container.spawn_managed_thread(self._run, identifier=self.kind)

    def stop(self) -> None:
        self._stopping = True
        self._signal.ring()
        self._thread.wait()

    def _run(self) -> None:
        database = open_database(config_of(self.container))
        self._signal = database.wake.signal(wake.TIME)
        while not self._stopping:
            seen = self._signal.generation
            try:
                with database.read() as session:
                    due = next_due(session, self.kind)
                left = (due - database.now()).total_seconds() if due else LONGEST_SLEEP_S
                if left <= 0 and self._sweep():
                    continue
                self._signal.wait(seen, min(left, LONGEST_SLEEP_S) if left > 0 else LONGEST_SLEEP_S)
            except Exception as error:
                if not is_unreachable(error) and not is_retryable(error):
                    log.error("sweep_failed", kind=self.kind, exc_info=error)
                time.sleep(LONGEST_SLEEP_S)

    def _sweep(self) -> int:
        done = GreenEvent()

        def finish(_context: Any, result: Any, exc_info: Any) -> Any:
            if exc_info is None:
                done.send(result)
            else:
                done.send_exception(*exc_info)
            return result, exc_info

        try:
            self.container.spawn_worker(self, (), {}, handle_result=finish)
        except ContainerBeingKilled:
            return 0
        return int(done.wait())


def due(kind: str, *, breaker: int = BREAKER) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the method takes ``(subjects: list[str], uow)`` whose dates of this kind have come.

    It must check each subject's state again. More than ``breaker`` due at once stop the sweep.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def act(self: Any) -> int:
            config: Config = self.config
            return sweep(open_database(config), kind, partial(method, self), breaker)

        entrypoint: Callable[..., Any] = TimeSweep.decorator(kind, breaker)(act)
        return entrypoint

    return decorate
