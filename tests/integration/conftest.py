"""Databases of both kinds for the tests of a service's API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import scratch_config


@pytest.fixture(params=["sqlite", "postgres"])
def intake_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Intake's, migrated, on SQLite and on PostgreSQL."""
    changes: dict[str, Any] = {"urls": {"identity": "http://identity"}}
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        changes["database_url"] = server.create_database(f"{tmp_path.parent.name}_{tmp_path.name}"[-60:])
    database = Database(scratch_config("intake", tmp_path, **changes))
    migrate.upgrade(database)
    yield database
    database.close()
