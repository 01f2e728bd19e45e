"""The relay against a publisher that answers as told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from chassis import tables
from chassis.database import Database
from chassis.fakes.database import memory_database
from chassis.publisher import BrokerLost, Fate, Outgoing
from chassis.relay import Relay
from contracts import intake


class Told:
    """A publisher that gives each event the fate it was told, confirmed by default."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.fates: dict[str, Fate] = {}
        self.lost = False

    def publish(self, messages: Sequence[Outgoing]) -> dict[int, Fate]:
        self.sent += messages
        if self.lost:
            raise BrokerLost("gone")
        return {m.id: self.fates.get(m.event_id, Fate.CONFIRMED) for m in messages}

    def idle(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = memory_database("intake", tmp_path)
    yield database
    database.close()


def say(database: Database, *numbers: str) -> None:
    for number in numbers:
        with database.transaction() as uow:
            uow.emit(intake.ApplicationReturned(application_no=number, round=1), case=number)


def subjects(database: Database, table: Any) -> list[str]:
    order = table.c.position if table is tables.event_log else table.c.id
    with database.read() as session:
        return list(session.scalars(select(table.c.subject).order_by(order)))


def test_confirmed_events_move_from_the_outbox_to_the_log_in_order(database: Database) -> None:
    say(database, "A", "B", "C")
    assert Relay(database, Told()).step() == 3
    assert subjects(database, tables.outbox) == []
    assert subjects(database, tables.event_log) == ["A", "B", "C"]


@pytest.mark.parametrize("fate", [Fate.REFUSED, Fate.UNCONFIRMED, Fate.RETURNED])
def test_an_unconfirmed_event_gets_its_own_date_and_holds_up_nobody(database: Database, fate: Fate) -> None:
    say(database, "A", "B")
    publisher = Told()
    with database.read() as session:
        publisher.fates[session.scalars(select(tables.outbox.c.event_id)).first() or ""] = fate
    relay = Relay(database, publisher)
    relay.step()
    assert subjects(database, tables.event_log) == ["B"]
    assert 0 < relay.pause() <= 0.5
    assert relay.step() == 0


def test_a_lost_broker_moves_nothing(database: Database) -> None:
    say(database, "A")
    publisher = Told()
    publisher.lost = True
    relay = Relay(database, publisher)
    with pytest.raises(BrokerLost):
        relay.step()
    assert subjects(database, tables.outbox) == ["A"]
    publisher.lost = False
    relay.step()
    assert subjects(database, tables.event_log) == ["A"]
    assert len({m.event_id for m in publisher.sent}) == 1


def test_a_delivery_addressed_to_one_queue_leaves_no_trace_in_the_history(database: Database) -> None:
    with database.transaction() as uow:
        uow.address("intake.some", intake.ApplicationReturned(application_no="A", round=1))
    publisher = Told()
    Relay(database, publisher).step()
    assert [m.queue for m in publisher.sent] == ["intake.some"]
    assert subjects(database, tables.outbox) == subjects(database, tables.event_log) == []


def test_a_row_due_later_is_left_alone_until_then(database: Database) -> None:
    say(database, "A")
    with database.transaction() as uow:
        uow.session.execute(update(tables.outbox).values(due_at=uow.now + timedelta(seconds=0.4)))
    relay = Relay(database, Told())
    assert relay.step() == 0
    assert 0 < relay.pause() <= 0.4


def test_sequences_have_no_gaps_per_subject(database: Database) -> None:
    say(database, "A", "B", "A")
    with pytest.raises(RuntimeError), database.transaction() as uow:
        uow.emit(intake.ApplicationReturned(application_no="A", round=1))
        raise RuntimeError
    say(database, "A")
    with database.read() as session:
        pairs = session.execute(select(tables.outbox.c.subject, tables.outbox.c.sequence)).all()
    assert [tuple(p) for p in pairs] == [("A", 1), ("B", 1), ("A", 2), ("A", 3)]
