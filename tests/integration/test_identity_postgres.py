"""Identity on PostgreSQL: what must hold when many come at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.database import Database
from chassis.fakes.database import events_of
from chassis.fakes.web import client
from contracts.identity import AccountOpened, SigningKeyPublished
from services.identity import handlers, orm, sample
from services.identity.domain import InvalidAccount
from services.identity.web import create_app
from tests.migrated import migrated

SAMPLE = Path(__file__).parents[2] / "sample_city"


@pytest.fixture
def database(tmp_path: Path, databases: Callable[[str], str]) -> Iterator[Database]:
    made = migrated("identity", tmp_path, database_url=databases("identity"))
    yield made
    made.close()


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of ``count`` threads got, or raised."""
    ready, answers = threading.Barrier(count), []

    def run(number: int) -> None:
        ready.wait(10)
        try:
            answers.append(act(number))
        except Exception as error:
            answers.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def test_one_number_opens_one_account_however_many_come_at_once(database: Database) -> None:
    def register(number: int) -> str:
        with database.transaction() as uow:
            return handlers.open_account(
                login=f"person-{number}",
                password_hash="-",
                kind="person",
                display_name="沈佳禾",
                id_number="329982199504183021",
                uow=uow,
            ).account_id

    answers = at_once(4, register)
    errors = [a for a in answers if isinstance(a, Exception)]
    assert [type(e) for e in errors] == [InvalidAccount] * 3
    assert all(e.fields == {"id_number": "taken"} for e in errors if isinstance(e, InvalidAccount))
    assert len(events_of(database, AccountOpened)) == 1


def test_one_refresh_token_gives_one_new_pair_and_then_the_session_is_over(database: Database) -> None:
    with database.transaction() as uow:
        sample.load(SAMPLE, uow)
    app = create_app(database.config, database=database)
    body = {"login": "heji", "password": "demo"}
    first = client(app).post("/api/identity/tokens", json=body).get_json()["refresh_token"]

    def refresh(_: int) -> int:
        path = "/api/identity/tokens/refresh"
        return client(app).post(path, json={"refresh_token": first}).status_code

    assert sorted(at_once(3, refresh)) == [200, 401, 401]
    with database.read() as session:
        assert session.query(orm.session).one().ended_at is not None


def test_many_sign_in_at_once_and_one_key_signs_for_all(database: Database) -> None:
    with database.transaction() as uow:
        sample.load(SAMPLE, uow)
    app = create_app(database.config, database=database)

    def sign_in(_: int) -> int:
        body = {"login": "yunfan", "password": "demo"}
        return client(app).post("/api/identity/tokens", json=body).status_code

    assert at_once(30, sign_in) == [200] * 30
    assert len(events_of(database, SigningKeyPublished)) == 1


def test_the_migrated_schema_is_the_mapped_one(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(_object: Any, name: str, kind: str, _reflected: bool, _to: Any) -> bool:
        return kind != "table" or name in orm.metadata.tables

    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, orm.metadata) == []
