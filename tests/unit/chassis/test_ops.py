"""Alive, ready, how much: what a machine asks before it sends citizens here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from werkzeug.test import Client

from chassis import migrate, ops
from chassis.database import Database
from chassis.fakes import database as fake
from chassis.fakes.web import Mint
from chassis.tables import dead_event, health_note, outbox
from chassis.web import create_app


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(fake.scratch_config("notes", tmp_path))
    ops._measured_at.clear()
    yield made
    made.close()


@pytest.fixture
def client(database: Database) -> Client:
    return Client(create_app(database.config, "Notes", [], {}, database=database))


def problems(client: Client) -> tuple[int, list[str]]:
    answer = client.get("/readyz")
    assert answer.json is not None
    return answer.status_code, answer.json["problems"]


def test_a_process_is_ready_once_it_is_migrated_and_can_check_tokens(
    client: Client, database: Database
) -> None:
    assert problems(client) == (503, ["the database is not migrated to this version"])
    migrate.upgrade(database)
    assert problems(client) == (503, ["no signing key is known yet, no token can be checked"])
    Mint().install(database)
    assert problems(client) == (200, [])


def test_a_process_without_its_database_is_alive_and_not_ready(
    client: Client, database: Database, tmp_path: Path
) -> None:
    database.close()
    path = Path(str(database.reader.url.database))
    path.unlink(missing_ok=True)
    path.mkdir()
    assert problems(client) == (503, ["the database can't be reached"])
    alive = client.get("/healthz")
    assert (alive.status_code, alive.json) == (200, {"alive": True, "service": "notes"})
    assert client.get("/metrics").status_code == 200


def test_what_the_worker_found_wrong_counts_until_it_stops_saying_so(
    client: Client, database: Database
) -> None:
    migrate.upgrade(database)
    Mint().install(database)
    with database.transaction() as uow:
        uow.session.execute(
            insert(health_note).values(name="topology", problem="queue notes.trust is gone", seen_at=uow.now)
        )
    assert problems(client) == (503, ["topology: queue notes.trust is gone"])
    with database.transaction() as uow:
        uow.session.execute(
            update(health_note).values(seen_at=uow.now - ops.NOTE_LIVES - timedelta(seconds=1))
        )
    assert problems(client) == (200, [])


def test_metrics_tell_what_waits_for_the_broker_and_what_is_dead(client: Client, database: Database) -> None:
    migrate.upgrade(database)
    with database.transaction() as uow:
        row = {
            "type": "notes.written", "subject": "n", "sequence": 1, "time": uow.now, "body": b"{}",
        }  # fmt: skip
        due = {"a": uow.now - timedelta(seconds=90), "b": uow.now, "c": uow.now + timedelta(hours=1)}
        uow.session.execute(insert(outbox), [row | {"event_id": i, "due_at": at} for i, at in due.items()])
        uow.session.execute(
            insert(dead_event).values(
                queue="notes.trust", body=b"", reason="invalid", error="", attempts=1, dead_at=uow.now
            )
        )
    text = client.get("/metrics").get_data(as_text=True)
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if 'service="notes"' in line)
    assert float(figures['onewindow_outbox_pending{service="notes"}']) == 3
    assert 90 <= float(figures['onewindow_outbox_oldest_seconds{service="notes"}']) < 100
    assert float(figures['onewindow_dead_events{service="notes"}']) == 1


def test_every_name_the_dashboards_use_is_there(client: Client) -> None:
    text = client.get("/metrics").get_data(as_text=True)
    for name in (
        "onewindow_events_published_total", "onewindow_event_deliveries_total",
        "onewindow_event_handling_seconds", "onewindow_outbox_pending", "onewindow_outbox_oldest_seconds",
        "onewindow_dead_events", "http_requests_total", "http_request_duration_seconds",
        "onewindow_applications_total", "onewindow_branches_overdue", "onewindow_tickets_waiting",
    ):  # fmt: skip
        assert f"# TYPE {name} " in text


def test_a_process_without_pages_answers_the_same_three_addresses(database: Database) -> None:
    client = Client(ops.application(database))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/metrics").mimetype == "text/plain"
    assert client.get("/anything").status_code == 404
