"""The dashboard on PostgreSQL: several replicas count at once, and while a rebuild is under way."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from chassis import projection, tables
from chassis.consume import Consumption, Delivery
from chassis.database import Database
from contracts.cloudevents import Envelope, dump
from services.dashboard import handlers
from services.dashboard import projection as ours
from services.dashboard.orm import Generation, generations
from services.dashboard.orm import projection as projection_table
from tests.migrated import migrated
from tests.unit.dashboard.history import history

Databases = Callable[[str], str]
BATCH = 40


@pytest.fixture
def made(tmp_path: Path, databases: Databases) -> Iterator[Callable[[str], Database]]:
    opened: list[Database] = []

    def make(service: str) -> Database:
        database = migrated(service, tmp_path, database_url=databases(service))
        opened.append(database)
        return database

    yield make
    for database in opened:
        database.close()


def count(database: Database, events: list[Envelope]) -> None:
    """What one replica does with these events."""
    consumption = Consumption(database, "dashboard.cases", handlers.follow)
    for start in range(0, len(events), BATCH):
        batch = [Delivery(body=dump(e), ack=lambda: None) for e in events[start : start + BATCH]]
        consumption.handle(batch)


def at_once(*work: Callable[[], Any]) -> None:
    errors: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []


def content(database: Database, generation: Generation) -> dict[str, list[Any]]:
    with database.read() as session:
        return {
            table.name[:-2]: sorted(
                (
                    tuple(row)
                    for row in session.execute(select(table))
                    if table is not generation.tally or row.count
                ),
                key=str,
            )
            for table in generation.tables
        }


def expected(made: Callable[[str], Database], told: list[Envelope]) -> dict[str, list[Any]]:
    alone = made("dashboard")
    with alone.transaction() as uow:
        handlers.apply(told, generations[1], uow)
    return content(alone, generations[1])


def test_replicas_that_count_the_same_events_at_once_count_each_once(
    made: Callable[[str], Database],
) -> None:
    database, told = made("dashboard"), history(random.Random(3), 40)
    orders = [random.Random(n).sample(told, len(told)) for n in range(3)]
    at_once(*(lambda o=order: count(database, o) for order in orders))
    assert content(database, generations[1]) == expected(made, told)
    with database.read() as session:
        assert session.execute(select(tables.dead_event)).all() == []


def test_a_rebuild_beside_replicas_at_work_loses_and_doubles_nothing(
    made: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "BATCH", 25)
    database = made("dashboard")
    sources = {name: made(name) for name in ("intake", "approval")}
    told = history(random.Random(8), 60)
    cut = len(told) // 2
    past, coming = told[:cut], told[cut:]
    count(database, past)
    for event in told:
        _log(sources[event.source], event)
    halves = [random.Random(1).sample(coming, len(coming)), random.Random(2).sample(coming, len(coming))]
    at_once(
        lambda: list(projection.rebuild(database, sources.values(), ours)),
        *(lambda h=half: count(database, h) for half in halves),
    )
    with database.read() as session:
        assert tuple(session.execute(select(projection_table)).one()[:3]) == (1, 2, None)
    wanted = expected(made, told)
    assert content(database, generations[2]) == wanted


def _log(source: Database, event: Envelope) -> None:
    row = {
        "logged_at": event.time,
        "event_id": event.id,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "case_id": event.case,
        "time": event.time,
        "body": dump(event),
    }
    with source.transaction() as uow:
        uow.session.execute(insert(tables.event_log).values(**row))
