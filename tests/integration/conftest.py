"""Databases of both kinds for the tests of a service's API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.database import Database
from tests.migrated import Reused, Templates, migrated


@pytest.fixture(scope="session")
def intakes(templates: Templates) -> Reused:
    return Reused(templates, "intake")


@pytest.fixture(params=["sqlite", "postgres"])
def intake_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Intake's, migrated, on SQLite and on PostgreSQL."""
    changes: dict[str, Any] = {"urls": {"identity": "http://identity"}}
    if request.param == "sqlite":
        database = migrated("intake", tmp_path, **changes)
        yield database
        database.close()
        return
    intakes: Reused = request.getfixturevalue("intakes")
    url = intakes.take()
    database = migrated("intake", tmp_path, database_url=url, **changes)
    yield database
    database.close()
    intakes.give_back(url)
