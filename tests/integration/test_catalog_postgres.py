"""The catalogue on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from chassis.database import Database
from chassis.fakes.database import events_of
from chassis.fakes.web import client
from contracts.catalog import ProcedurePublished
from services.catalog import handlers
from services.catalog.web import create_app
from tests.conftest import Databases
from tests.migrated import migrated

SAMPLE = Path(__file__).parents[2] / "sample_city"

PROCEDURES = sum(1 for kind in ("items", "packages") for _ in (SAMPLE / kind).iterdir())


@pytest.fixture
def database(tmp_path: Path, databases: Databases) -> Iterator[Database]:
    made = migrated("catalog", tmp_path, database_url=databases("catalog"))
    yield made
    made.close()


def load(database: Database) -> handlers.Loaded:
    with database.transaction() as uow:
        return handlers.load(SAMPLE, uow)


def test_what_is_loaded_is_read_back_and_loading_again_changes_nothing(database: Database) -> None:
    assert load(database)
    assert not load(database)
    answer = client(create_app(database.config, database=database)).get("/api/catalog/procedures/new-company")
    assert answer.status_code == 200
    assert len(answer.get_json()["form"]["properties"]) == 25
    events = [e.event for e in events_of(database, ProcedurePublished)]
    assert {e.procedure.code for e in events if isinstance(e, ProcedurePublished)} >= {"new-company"}


def test_two_loads_at_once_publish_once(database: Database) -> None:
    ready, errors = threading.Barrier(2), []

    def race() -> None:
        try:
            ready.wait(10)
            load(database)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=race) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    editions = sum(1 for kind in ("items", "packages") for _ in (SAMPLE / kind).iterdir())
    places = yaml.safe_load((SAMPLE / "places.yaml").read_text(encoding="utf-8"))
    subjects = [(e.type, e.subject) for e in events_of(database)]
    assert len(subjects) == len(set(subjects)) == editions + 18 + 4 + len(places)
