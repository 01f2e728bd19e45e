"""Due dates: acted on once, checked again, held back when a clock jumped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from chassis import tables
from chassis.database import Database
from chassis.fakes.database import memory_database
from chassis.timerows import release_breaker, sweep
from chassis.uow import UnitOfWork

KIND = "intake.reminder"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = memory_database("intake", tmp_path)
    yield database
    database.close()


def schedule(database: Database, *subjects: str, in_seconds: float = -1) -> None:
    with database.transaction() as uow:
        uow.schedule_many(KIND, dict.fromkeys(subjects, uow.now + timedelta(seconds=in_seconds)))


def test_due_rows_are_acted_on_once(database: Database) -> None:
    acted: list[str] = []
    schedule(database, "a", "b")
    schedule(database, "later", in_seconds=60)
    assert sweep(database, KIND, lambda subjects, _: acted.extend(subjects)) == 2
    assert sweep(database, KIND, lambda subjects, _: acted.extend(subjects)) == 0
    assert sorted(acted) == ["a", "b"]


def test_a_handler_may_give_a_new_date(database: Database) -> None:
    acted: list[str] = []

    def again(subjects: list[str], uow: UnitOfWork) -> None:
        acted.extend(subjects)
        if len(acted) == 1:
            uow.schedule(KIND, "a", uow.now - timedelta(microseconds=1) + timedelta(milliseconds=1))

    schedule(database, "a")
    sweep(database, KIND, again)
    with database.read() as session:
        assert session.scalar(select(tables.time_row.c.done_at)) is None


def test_one_failing_row_does_not_hold_up_the_others(database: Database) -> None:
    acted: list[str] = []

    def handler(subjects: list[str], _: UnitOfWork) -> None:
        if "bad" in subjects:
            raise ValueError
        acted.extend(subjects)

    schedule(database, "a", "bad", "c")
    sweep(database, KIND, handler)
    assert sorted(acted) == ["a", "c"]
    with database.read() as session:
        due = session.scalar(select(tables.time_row.c.due_at).where(tables.time_row.c.subject == "bad"))
    assert due is not None and due > database.now()


def test_too_many_at_once_trip_the_breaker_until_an_operator_releases_it(database: Database) -> None:
    acted: list[str] = []
    schedule(database, *(f"s{n}" for n in range(6)))
    assert sweep(database, KIND, lambda subjects, _: acted.extend(subjects), breaker=5) == 0
    assert acted == []
    with database.read() as session:
        assert "onewindow time release" in (session.scalar(select(tables.health_note.c.problem)) or "")
    with database.transaction() as uow:
        release_breaker(uow, KIND, uow.now + timedelta(hours=1))
    assert sweep(database, KIND, lambda subjects, _: acted.extend(subjects), breaker=5) == 6
    assert len(acted) == 6
