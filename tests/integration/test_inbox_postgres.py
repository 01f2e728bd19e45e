"""The inbox under contention: two workers, the same events, real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from chassis import tables
from chassis.consume import Consumption, Delivery
from chassis.database import Database
from chassis.fakes.database import envelope
from chassis.uow import UnitOfWork
from contracts import intake
from contracts.cloudevents import Envelope, dump
from tests.faults import probe_worker
from tests.migrated import migrated

Databases = Callable[[str], str]


@pytest.fixture
def database(tmp_path: Path, databases: Databases) -> Iterator[Database]:
    made = migrated("intake", tmp_path, database_url=databases("intake"))
    with made.writer.begin() as connection:
        probe_worker.metadata.create_all(connection)
    yield made
    made.close()


def delivery(number: int, database: Database) -> Delivery:
    event = intake.ApplicationReturned(application_no=f"A{number:03d}", round=1)
    sealed = envelope(event, sequence=1, time=database.now(), id=f"id-{number}")
    return Delivery(body=dump(sealed), ack=lambda: None)


def count(events: list[Envelope], uow: UnitOfWork) -> None:
    probe_worker.count(events, uow, "test")


def totals(database: Database) -> set[int]:
    with database.read() as session:
        return set(session.scalars(select(probe_worker.totals.c.total)))


def test_the_same_hundred_events_in_opposite_order_take_effect_once_each(database: Database) -> None:
    for round_ in range(10):
        first = [delivery(round_ * 100 + n, database) for n in range(100)]
        second = [delivery(round_ * 100 + n, database) for n in reversed(range(100))]
        workers = [
            threading.Thread(target=Consumption(database, "intake.test", count).handle, args=(batch,))
            for batch in (first, second)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert all(d.done for d in (*first, *second))
    assert totals(database) == {1}
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM dead_event")) == 0
        assert session.scalar(select(tables.outbox.c.id)) is None


@pytest.mark.parametrize("first_fails", [False, True])
def test_an_event_open_in_another_transaction_is_waited_for(database: Database, first_fails: bool) -> None:
    """Committed there, it is a duplicate here; rolled back there, it is ours."""
    holding, go_on = threading.Event(), threading.Event()
    handled_here: list[str] = []

    def hold(events: list[Envelope], uow: UnitOfWork) -> None:
        count(events, uow)
        holding.set()
        assert go_on.wait(30)
        if first_fails:
            raise ValueError("rolled back")

    def here(events: list[Envelope], uow: UnitOfWork) -> None:
        count(events, uow)
        handled_here.extend(e.id for e in events)

    first, second = delivery(1, database), delivery(1, database)
    holder = threading.Thread(target=Consumption(database, "intake.test", hold).handle, args=([first],))
    holder.start()
    assert holding.wait(30)
    waiter = threading.Thread(target=Consumption(database, "intake.test", here).handle, args=([second],))
    waiter.start()
    waiter.join(0.3)
    assert waiter.is_alive(), "it waits for the other transaction"
    go_on.set()
    holder.join(30)
    waiter.join(30)
    assert second.done
    assert handled_here == (["id-1"] if first_fails else [])
    assert totals(database) == {1}
