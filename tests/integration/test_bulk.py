"""Many rows by one statement mean the same in both databases, whatever the columns hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
    select,
)

from chassis.bulk import among, ignoring_known, update_rows
from chassis.database import Database
from chassis.fakes.database import scratch_config
from chassis.types import JSONType, SealedJSON, SealedText, UtcDateTime

metadata = MetaData()
note = Table(
    "note",
    metadata,
    Column("key", String(20), primary_key=True),
    Column("revision", Integer, nullable=False, default=1),
    Column("at", UtcDateTime),
    Column("day", Date),
    Column("done", Boolean, nullable=False),
    Column("facts", JSONType),
    Column("name", SealedText),
    Column("words", SealedJSON),
    Column("body", LargeBinary),
)


def row(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "at": datetime(2026, 3, 2, 1, 2, 3, 4, UTC),
        "day": date(2026, 3, 2),
        "done": True,
        "facts": {"a": [1, None, "“,{}\\"], "b": True},
        "name": "沈佳禾",
        "words": {"opinion": "同意"},
        "body": b"\x00\xff{,}",
    } | changes


EMPTY = {"at": None, "day": None, "facts": None, "name": None, "words": None, "body": None}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    changes = {}
    if request.param == "postgresql":
        empty: Callable[[str], str] = request.getfixturevalue("empty_databases")
        changes["database_url"] = empty("notes")
    made = Database(scratch_config("notes", tmp_path, **changes))
    metadata.create_all(made.writer)
    yield made
    made.close()


def rows(database: Database) -> dict[str, dict[str, Any]]:
    with database.read() as session:
        return {r.key: dict(r._mapping) for r in session.execute(select(note))}


def test_every_kind_of_value_comes_back_as_it_went(database: Database) -> None:
    wanted = [row("one"), row("none", done=False, **EMPTY), row("list", facts=["x", {"y": 1}])]
    with database.transaction() as uow:
        uow.insert_rows(note, wanted)
    assert rows(database) == {r["key"]: {"revision": 1, **r} for r in wanted}


def test_known_rows_stay(database: Database) -> None:
    with database.transaction() as uow:
        uow.insert_rows(note, [row("one")])
        uow.insert_rows(note, [row("one", name="other"), row("two")], ignoring_known)
    assert {key: r["name"] for key, r in rows(database).items()} == {"one": "沈佳禾", "two": "沈佳禾"}


def test_an_update_takes_those_that_match_and_counts(database: Database) -> None:
    with database.transaction() as uow:
        uow.insert_rows(note, [row(key) for key in ("one", "two", "three")])
        changed = [
            {"key": "one", "revision": 1, "facts": {"new": 1}, "name": None},
            {"key": "two", "revision": 7, "facts": {"new": 2}, "name": "x"},
        ]
        assert update_rows(uow.session, note, changed, ("key", "revision"), counter="revision") == 1
    found = rows(database)
    assert (found["one"]["facts"], found["one"]["name"], found["one"]["revision"]) == ({"new": 1}, None, 2)
    assert [found[k]["revision"] for k in ("two", "three")] == [1, 1]


def test_among_is_in(database: Database) -> None:
    with database.transaction() as uow:
        uow.insert_rows(note, [row(key) for key in ("one", "two", "three")])
        wanted = select(note.c.key).where(among(uow.session, note.c.key, {"one", "three", "four"}))
        assert sorted(uow.session.scalars(wanted)) == ["one", "three"]
        assert uow.session.scalars(select(note.c.key).where(among(uow.session, note.c.key, []))).all() == []


def test_on_postgresql_any_number_of_rows_is_one_statement_of_one_text(database: Database) -> None:
    if database.is_sqlite:
        assert rows(database) == {}
        return
    said: list[str] = []

    @event.listens_for(database.writer, "before_cursor_execute")
    def note_down(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, many: bool) -> None:
        assert not many
        if statement.startswith("INSERT"):
            said.append(statement)

    with database.transaction() as uow:
        for batch in (1, 3, 50):
            uow.insert_rows(note, [row(f"{batch}-{n}") for n in range(batch)])
    assert len(said) == 3 and len(set(said)) == 1
