"""What becomes of deliveries: handled once, parked, retried or kept as dead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from chassis import tables
from chassis.consume import ATTEMPTS, POISON_AFTER, SINCE, Consumption, Delivery, Unreachable
from chassis.database import Database
from chassis.fakes.database import envelope, memory_database
from chassis.uow import NotYet, UnitOfWork
from contracts import intake
from contracts.cloudevents import Envelope, dump

QUEUE = "intake.test"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = memory_database("intake", tmp_path)
    yield database
    database.close()


class Inbound:
    """Makes deliveries and remembers which were acknowledged."""

    def __init__(self, database: Database):
        self._database = database
        self.acked: list[str] = []

    def event(self, number: int, **delivery: Any) -> Delivery:
        event = intake.ApplicationReturned(application_no=f"A{number}", round=1)
        sealed = envelope(event, sequence=1, time=self._database.now(), id=f"id-{number}")
        return self.raw(dump(sealed), f"id-{number}", **delivery)

    def raw(self, body: bytes, name: str = "raw", **delivery: Any) -> Delivery:
        return Delivery(body=body, ack=lambda: self.acked.append(name), **delivery)


@pytest.fixture
def inbound(database: Database) -> Inbound:
    return Inbound(database)


def rows(database: Database, table: Any) -> list[Any]:
    with database.read() as session:
        return list(session.execute(select(table)))


def consumption(database: Database, handler: Callable[[list[Envelope], UnitOfWork], Any]) -> Consumption:
    return Consumption(database, QUEUE, handler)


def test_a_batch_is_one_call_and_every_message_is_acknowledged(database: Database, inbound: Inbound) -> None:
    calls: list[list[str]] = []
    consumption(database, lambda events, _: calls.append([e.id for e in events])).handle(
        [inbound.event(1), inbound.event(2)]
    )
    assert calls == [["id-1", "id-2"]]
    assert inbound.acked == ["id-1", "id-2"]


def test_an_event_seen_before_is_acknowledged_and_not_handled_again(
    database: Database, inbound: Inbound
) -> None:
    seen: list[str] = []
    work = consumption(database, lambda events, _: seen.extend(e.id for e in events))
    work.handle([inbound.event(1), inbound.event(1)])
    work.handle([inbound.event(1), inbound.event(2)])
    assert seen == ["id-1", "id-2"]
    assert inbound.acked == ["id-1", "id-1", "id-1", "id-2"]


def test_a_failing_event_is_parked_and_its_neighbours_are_handled(
    database: Database, inbound: Inbound
) -> None:
    seen: list[str] = []

    def handler(events: list[Envelope], _: UnitOfWork) -> None:
        if any(e.id == "id-2" for e in events):
            raise ValueError("two is bad")
        seen.extend(e.id for e in events)

    consumption(database, handler).handle([inbound.event(n) for n in (1, 2, 3)])
    assert sorted(seen) == ["id-1", "id-3"]
    (parked,) = rows(database, tables.outbox)
    assert (parked.event_id, parked.queue, parked.headers[ATTEMPTS]) == ("id-2", QUEUE, 1)
    assert parked.due_at == datetime.fromisoformat(parked.headers[SINCE]) + timedelta(seconds=1)
    assert sorted(inbound.acked) == ["id-1", "id-2", "id-3"]


def test_nothing_a_failing_handler_did_is_kept(database: Database, inbound: Inbound) -> None:
    def handler(_: list[Envelope], uow: UnitOfWork) -> None:
        uow.emit(intake.ApplicationReturned(application_no="X", round=9))
        uow.schedule("kind", "subject", uow.now)
        raise ValueError

    consumption(database, handler).handle([inbound.event(1)])
    assert [row.event_id for row in rows(database, tables.outbox)] == ["id-1"]
    assert rows(database, tables.time_row) == []
    assert rows(database, tables.inbox) == []


def test_after_the_last_retry_the_event_is_dead_and_its_body_kept(
    database: Database, inbound: Inbound
) -> None:
    def handler(_: list[Envelope], __: UnitOfWork) -> None:
        raise ValueError("never")

    delivery = inbound.event(1, headers={ATTEMPTS: 5})
    consumption(database, handler).handle([delivery])
    (dead,) = rows(database, tables.dead_event)
    assert (dead.reason, dead.event_id, bytes(dead.body)) == ("failed", "id-1", delivery.body)
    assert rows(database, tables.outbox) == []


def test_a_too_early_event_waits_without_counting_as_failed_for_a_day(
    database: Database, inbound: Inbound
) -> None:
    def handler(events: list[Envelope], _: UnitOfWork) -> None:
        raise NotYet(events[-1])

    work = consumption(database, handler)
    work.handle([inbound.event(1), inbound.event(2)])
    assert {row.event_id for row in rows(database, tables.outbox)} == {"id-1", "id-2"}
    old = (database.now() - timedelta(hours=25)).isoformat()
    work.handle([inbound.event(3, headers={ATTEMPTS: 90, SINCE: old})])
    (dead,) = rows(database, tables.dead_event)
    assert (dead.reason, dead.event_id) == ("waited", "id-3")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe", "undecodable"),
        (b"[]", "undecodable"),
        (b'{"id":"1","type":"intake.application_returned"}', "invalid"),
        (
            b'{"id":"1","source":"x","type":"x.unknown","subject":"s","time":"2026-01-01T00:00:00Z","sequence":1}',
            "unknown",
        ),
    ],
)
def test_unreadable_messages_are_kept_as_dead(
    database: Database, inbound: Inbound, body: bytes, reason: str
) -> None:
    consumption(database, lambda *_: pytest.fail("must not be handled")).handle([inbound.raw(body)])
    (dead,) = rows(database, tables.dead_event)
    assert (dead.reason, bytes(dead.body)) == (reason, body)
    assert inbound.acked == ["raw"]


def test_a_lost_database_keeps_the_batch_unacknowledged(database: Database, inbound: Inbound) -> None:
    class Gone(Exception):
        sqlstate = "57P01"

    def handler(_: list[Envelope], __: UnitOfWork) -> None:
        raise OperationalError("SELECT 1", {}, Gone(), connection_invalidated=True)

    with pytest.raises(Unreachable):
        consumption(database, handler).handle([inbound.event(1)])
    assert inbound.acked == []
    assert rows(database, tables.outbox) == rows(database, tables.dead_event) == []


def test_an_event_that_keeps_ending_its_process_is_dead_alone(database: Database, inbound: Inbound) -> None:
    class ProcessEnds(BaseException):
        """Stands in for a killed process: nothing in between may catch it."""

    def handler(events: list[Envelope], _: UnitOfWork) -> None:
        if any(e.id == "id-2" for e in events):
            raise ProcessEnds
        handled.extend(e.id for e in events)

    handled: list[str] = []
    work = consumption(database, handler)
    waiting = [1, 2, 3]
    for came_before in range(2 + POISON_AFTER + 1):
        deliveries = [inbound.event(n, redeliveries=came_before) for n in waiting]
        try:
            work.handle(deliveries)
        except ProcessEnds:
            waiting = [n for n, d in zip(waiting, deliveries, strict=True) if not d.done]
        else:
            break
    assert [row.event_id for row in rows(database, tables.dead_event)] == ["id-2"]
    assert rows(database, tables.dead_event)[0].reason == "poison"
    assert sorted(handled) == ["id-1", "id-3"]
