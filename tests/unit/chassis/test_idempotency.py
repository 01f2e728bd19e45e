"""The same request twice: one effect, one answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from chassis import idempotency, ratelimit
from chassis.database import Database
from chassis.fakes.database import memory_database
from chassis.fakes.web import Mint, client
from chassis.tables import attempt
from chassis.tables import idempotency as table
from tests.notes_app import Base, count_notes, hooks, notes_app

NOTE = {"text": "x"}
KEY = {"Idempotency-Key": "6b1f"}
WAITS = (60, 120, 240, 480, 960, 1920, 3600, 3600)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database("notes", tmp_path, Base.metadata)
    yield made
    hooks.clear()
    made.close()


@pytest.fixture
def mint(database: Database) -> Mint:
    made = Mint()
    made.install(database)
    return made


@pytest.fixture
def app(database: Database) -> Flask:
    return notes_app(database)


@pytest.fixture
def citizen(app: Flask, mint: Mint) -> FlaskClient:
    return client(app, mint.token("acc-1"))


def test_the_same_key_gets_the_same_answer_byte_for_byte(citizen: FlaskClient, database: Database) -> None:
    first = citizen.post("/api/notes/notes", json=NOTE, headers=KEY)
    second = citizen.post("/api/notes/notes", json=NOTE, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_data() == second.get_data()
    assert first.headers["Location"] == second.headers["Location"]
    assert first.content_type == second.content_type
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count_notes(database) == 1


def test_the_same_key_with_another_body_is_refused(citizen: FlaskClient, database: Database) -> None:
    citizen.post("/api/notes/notes", json=NOTE, headers=KEY)
    other = citizen.post("/api/notes/notes", json={"text": "y"}, headers=KEY)
    assert (other.status_code, other.get_json()["type"]) == (422, "idempotency-key-reused")
    assert count_notes(database) == 1


def test_a_key_belongs_to_its_caller(
    citizen: FlaskClient, app: Flask, mint: Mint, database: Database
) -> None:
    citizen.post("/api/notes/notes", json=NOTE, headers=KEY)
    other = client(app, mint.token("acc-2")).post("/api/notes/notes", json=NOTE, headers=KEY)
    assert "Idempotency-Replayed" not in other.headers
    assert count_notes(database) == 2


def test_without_a_key_every_request_is_one_of_its_own(citizen: FlaskClient, database: Database) -> None:
    for _ in range(2):
        citizen.post("/api/notes/notes", json=NOTE)
    assert count_notes(database) == 2


def test_a_refused_request_leaves_its_key_free(citizen: FlaskClient, database: Database) -> None:
    assert citizen.post("/api/notes/notes", json={}, headers=KEY).status_code == 422
    assert citizen.post("/api/notes/notes", json=NOTE, headers=KEY).status_code == 201
    assert count_notes(database) == 1


def test_a_failed_request_leaves_its_key_free(citizen: FlaskClient, database: Database) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    hooks["after insert"] = fail
    assert citizen.post("/api/notes/notes", json=NOTE, headers=KEY).status_code == 500
    hooks.clear()
    assert citizen.post("/api/notes/notes", json=NOTE, headers=KEY).status_code == 201
    assert count_notes(database) == 1


@pytest.mark.parametrize("key", ["", "x" * 121, "钥匙"])
def test_a_key_that_is_no_key_is_refused(citizen: FlaskClient, database: Database, key: str) -> None:
    answer = citizen.post(
        "/api/notes/notes", json=NOTE, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )
    assert (answer.status_code, answer.get_json()["type"]) == (400, "invalid-idempotency-key")
    assert count_notes(database) == 0


def test_equal_requests_at_the_same_time_take_effect_once(app: Flask, mint: Mint, database: Database) -> None:
    token = mint.token("acc-1")

    def send(_: int) -> tuple[int, bytes]:
        answer = client(app, token).post("/api/notes/notes", json=NOTE, headers=KEY)
        return answer.status_code, answer.get_data()

    with ThreadPoolExecutor(10) as threads:
        answers = set(threads.map(send, range(50)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert count_notes(database) == 1


def test_keys_are_forgotten_after_a_day_in_small_batches(citizen: FlaskClient, database: Database) -> None:
    for n in range(5):
        citizen.post("/api/notes/notes", json=NOTE, headers={"Idempotency-Key": str(n)})
    with database.transaction() as uow:
        uow.session.execute(
            update(table).where(table.c.key < "4").values(created_at=uow.now - timedelta(hours=25))
        )
    assert [idempotency.sweep(database, batch=3) for _ in range(3)] == [3, 1, 0]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(table)) == 1


def guess(anybody: FlaskClient, word: str, **headers: str) -> tuple[int, str | None]:
    answer = anybody.post("/api/notes/guess", json={"word": word}, headers=headers)
    return answer.status_code, answer.headers.get("Retry-After")


def test_after_enough_wrong_tries_even_the_right_one_has_to_wait(app: Flask, database: Database) -> None:
    anybody = client(app)
    assert [guess(anybody, word)[0] for word in ("sea", "ocean", "ocean")] == [404, 404, 404]
    status, wait = guess(anybody, "river")
    assert status == 429 and wait is not None and 0 < int(wait) <= 61
    move_on(database, timedelta(minutes=1, seconds=1))
    assert guess(anybody, "river") == (200, None)
    assert [guess(anybody, word)[0] for word in ("sea", "ocean", "ocean")] == [404, 404, 404]


def test_the_wait_doubles_with_every_further_wrong_try(app: Flask, database: Database) -> None:
    anybody = client(app)
    for _ in range(3):
        guess(anybody, "sea")
    waits = []
    for _ in WAITS:
        waits.append(int(guess(anybody, "sea")[1] or 0))
        move_on(database, timedelta(seconds=waits[-1] + 1))
        assert guess(anybody, "sea")[0] == 404
    assert all(abs(found - wanted) <= 2 for found, wanted in zip(waits, WAITS, strict=True))


def test_tries_are_forgotten_in_time_and_swept_away(app: Flask, database: Database) -> None:
    anybody = client(app)
    for _ in range(3):
        guess(anybody, "sea")
    move_on(database, timedelta(hours=2))
    assert [guess(anybody, "sea")[0] for _ in range(4)] == [404, 404, 404, 429]
    move_on(database, timedelta(days=2))
    assert ratelimit.sweep(database) == 1


def test_a_counted_failure_does_not_keep_its_idempotency_key(app: Flask) -> None:
    anybody = client(app)
    assert guess(anybody, "sea", **KEY)[0] == 404
    assert guess(anybody, "sea", **KEY)[0] == 404
    assert guess(anybody, "river", **KEY)[0] == 200


def move_on(database: Database, time: timedelta) -> None:
    """As if ``time`` had gone by for everything that was counted."""
    with database.transaction() as uow:
        for row in uow.session.execute(select(attempt.c.key, attempt.c.until)).all():
            uow.session.execute(
                update(attempt).where(attempt.c.key == row.key).values(until=row.until - time)
            )
