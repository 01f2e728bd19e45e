"""What happens to the events that reach a subscription: claimed, handled, committed, acknowledged.

A batch is one transaction. When it fails it is rolled back and taken again one event at a time, so that a
bad event never holds up its neighbours. An event that can't be handled is parked in the outbox,
addressed to its own queue, and in the end kept as dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete

from chassis import metrics, tables
from chassis.database import Database, is_unreachable
from chassis.inbox import claim
from chassis.logs import follow
from chassis.uow import NotYet, UnitOfWork, outbox_row
from contracts import InvalidEvent, UnknownEvent
from contracts.cloudevents import Envelope, load

log = structlog.get_logger()

ATTEMPTS, SINCE, SENDER = "onewindow-attempts", "onewindow-since", "onewindow-sender"
RETRY_AFTER_S = (1.0, 10.0, 60.0, 600.0, 3600.0)
EARLY_FIRST_S = 0.1
EARLY_LONGEST_S = 60.0
EARLY_AT_MOST = timedelta(hours=24)
EARLY_IS_NORMAL_FOR = timedelta(minutes=10)
ALONE_FROM_DELIVERY = 2
POISON_AFTER = 3

Handler = Callable[[list[Envelope], UnitOfWork], Any]
Acknowledging = Callable[[], AbstractContextManager[Any]]


class ServiceUnreachable(Exception):
    """Raised by a handler whose work needs another service that can't be reached: tried again later."""


class Unreachable(Exception):
    """The service's own database can't be reached: keep the batch, wait, do the same again."""


@dataclass(slots=True)
class Delivery:
    """One message as the broker handed it over. ``redeliveries`` counts how often it came before, ``sender``
    is as in `Envelope`."""

    body: bytes
    ack: Callable[[], None]
    redeliveries: int = 0
    headers: dict[str, Any] = field(default_factory=dict)
    sender: str | None = None
    envelope: Envelope | None = None
    done: bool = False

    @property
    def attempts(self) -> int:
        return int(self.headers.get(ATTEMPTS, 0))


Unreadable = Callable[[Delivery, UnitOfWork], Any]
"""Told of a message that can't be read, in the transaction that keeps it as dead."""


class Consumption:
    """One subscription's work on its database, whatever the broker is.

    Deliveries are acknowledged one by one, those of one commit inside an ``acknowledging``.
    """

    def __init__(
        self,
        database: Database,
        queue: str,
        handler: Handler,
        acknowledging: Acknowledging = nullcontext,
        unreadable: Unreadable | None = None,
    ):
        self._database = database
        self._queue = queue
        self._handler = handler
        self._acknowledging = acknowledging
        self._unreadable = unreadable

    def handle(self, deliveries: Sequence[Delivery]) -> None:
        """Handle what has arrived and acknowledge each message after its commit.

        Raises `Unreachable`; then nothing that is still unacknowledged was applied, and the same
        deliveries can be handed over again.
        """
        readable = [d for d in deliveries if self._read(d)]
        together = [d for d in readable if d.redeliveries < ALONE_FROM_DELIVERY]
        self._handle_together(together)
        for delivery in readable:
            if delivery.redeliveries >= ALONE_FROM_DELIVERY:
                self._handle_suspect(delivery)

    def _read(self, delivery: Delivery) -> bool:
        if delivery.envelope is not None:
            return True
        try:
            delivery.envelope = load(delivery.body)
            if delivery.sender is not None:
                delivery.envelope = replace(delivery.envelope, sender=delivery.sender)
            return True
        except InvalidEvent as error:
            self._bury(delivery, "invalid" if error.event_type != "?" else "undecodable", str(error))
        except UnknownEvent as error:
            self._bury(delivery, "unknown", str(error))
        return False

    def _handle_together(self, deliveries: list[Delivery]) -> None:
        while deliveries:
            try:
                self._attempt(deliveries)
                return
            except NotYet as early:
                late = [d for d in deliveries if _envelope(d).id == early.envelope.id]
                deliveries = [d for d in deliveries if _envelope(d).id != early.envelope.id]
                for delivery in late:
                    self._park_early(delivery, early)
            except Unreachable:
                raise
            except Exception as error:
                if len(deliveries) == 1:
                    self._park_failed(deliveries[0], error)
                    return
                for delivery in deliveries:
                    self._handle_together([delivery])
                return

    def _handle_suspect(self, delivery: Delivery) -> None:
        """A delivery that came back twice may have killed its process: count before trying."""
        event_id = _envelope(delivery).id
        table = tables.suspect
        key = (table.c.subscription == self._queue) & (table.c.event_id == event_id)

        def count(uow: UnitOfWork) -> int:
            statement = uow.insert(table).values(subscription=self._queue, event_id=event_id, attempts=1)
            statement = statement.on_conflict_do_update(
                index_elements=["subscription", "event_id"], set_={"attempts": table.c.attempts + 1}
            ).returning(table.c.attempts)
            return int(uow.session.execute(statement).scalar_one())

        tries = self._in_transaction(count)
        if tries > POISON_AFTER:
            self._bury(delivery, "poison", f"its process ended {POISON_AFTER} times while handling it")
        else:
            self._handle_together([delivery])
        self._in_transaction(lambda uow: uow.session.execute(delete(table).where(key)))

    def _attempt(self, deliveries: list[Delivery]) -> None:
        started = time.monotonic()
        envelopes = [_envelope(d) for d in deliveries]

        def work(uow: UnitOfWork) -> set[str]:
            fresh = claim(uow, self._queue, envelopes)
            if fresh:
                with follow(fresh[0].traceparent):
                    self._handler(fresh, uow)
            return {e.id for e in fresh}

        fresh = self._in_transaction(work)
        self._acknowledge(deliveries)
        seconds = (time.monotonic() - started) / len(deliveries)
        for envelope in envelopes:
            outcome = "handled" if envelope.id in fresh else "duplicate"
            fresh.discard(envelope.id)
            self._count(envelope.type, outcome)
            metrics.HANDLING_SECONDS.labels(self._database.service, self._queue).observe(seconds)

    def _in_transaction(self, work: Callable[[UnitOfWork], Any]) -> Any:
        """`Database.write`, with a lost database as `Unreachable`."""
        try:
            return self._database.write(work)
        except Exception as error:
            if is_unreachable(error):
                raise Unreachable(str(error)) from error
            raise

    def _park_early(self, delivery: Delivery, early: NotYet) -> None:
        now = self._database.now()
        since = _since(delivery, now)
        if now - since > EARLY_AT_MOST:
            self._bury(delivery, "waited", f"{early} and what it waits for never came")
            return
        wait = min(EARLY_FIRST_S * 2 ** min(delivery.attempts, 20), EARLY_LONGEST_S)
        outcome = "early" if now - since <= EARLY_IS_NORMAL_FOR else "overdue"
        self._park(delivery, now + timedelta(seconds=wait), since, outcome)

    def _park_failed(self, delivery: Delivery, error: Exception) -> None:
        now = self._database.now()
        if isinstance(error, ServiceUnreachable):
            if now - _since(delivery, now) > EARLY_AT_MOST:
                self._bury(delivery, "waited", repr(error))
            else:
                self._park(
                    delivery, now + timedelta(seconds=EARLY_LONGEST_S), _since(delivery, now), "waiting"
                )
            return
        envelope = _envelope(delivery)
        log.error(
            "event_failed",
            queue=self._queue,
            event_id=envelope.id,
            event_type=envelope.type,
            application=envelope.case,
            attempt=delivery.attempts + 1,
            exc_info=error,
        )
        if delivery.attempts >= len(RETRY_AFTER_S):
            self._bury(delivery, "failed", repr(error))
        else:
            wait = timedelta(seconds=RETRY_AFTER_S[delivery.attempts])
            self._park(delivery, now + wait, _since(delivery, now), "failed")

    def _park(self, delivery: Delivery, due_at: datetime, since: datetime, outcome: str) -> None:
        envelope = _envelope(delivery)
        headers = {ATTEMPTS: delivery.attempts + 1, SINCE: since.isoformat()}
        if delivery.sender is not None:
            headers[SENDER] = delivery.sender
        row = outbox_row(envelope, delivery.body, due_at=due_at, queue=self._queue, headers=headers)

        def write(uow: UnitOfWork) -> None:
            uow.session.execute(uow.insert(tables.outbox).values(**row).on_conflict_do_nothing())

        self._in_transaction(write)
        self._acknowledge([delivery])
        self._count(envelope.type, outcome)

    def _bury(self, delivery: Delivery, reason: str, error: str) -> None:
        """Keep a message that can't be handled: body and all, for a person to look at."""
        envelope = delivery.envelope
        row = {
            "queue": self._queue,
            "event_id": envelope.id if envelope else None,
            "type": envelope.type if envelope else None,
            "case_id": envelope.case if envelope else None,
            "body": delivery.body,
            "reason": reason,
            "error": error[:2000],
            "attempts": delivery.attempts + 1,
        }

        def keep(uow: UnitOfWork) -> None:
            uow.session.execute(tables.dead_event.insert(), row | {"dead_at": uow.now})
            if envelope is None and self._unreadable is not None:
                self._unreadable(delivery, uow)

        self._in_transaction(keep)
        self._acknowledge([delivery])
        log.error("event_dead", queue=self._queue, reason=reason, error=error[:300])
        self._count(envelope.type if envelope else "unknown", "dead")

    def _acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        with self._acknowledging():
            for delivery in deliveries:
                delivery.done = True
                delivery.ack()

    def _count(self, event_type: str, outcome: str) -> None:
        metrics.DELIVERIES.labels(self._database.service, self._queue, event_type, outcome).inc()


def _envelope(delivery: Delivery) -> Envelope:
    assert delivery.envelope is not None
    return delivery.envelope


def _since(delivery: Delivery, now: datetime) -> datetime:
    since = delivery.headers.get(SINCE)
    return datetime.fromisoformat(since) if since else now
