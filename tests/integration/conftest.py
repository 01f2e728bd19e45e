"""Databases of both kinds for the tests of a service's API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.database import Database
from tests.migrated import migrated


@pytest.fixture(params=["sqlite", "postgres"])
def intake_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Intake's, migrated, on SQLite and on PostgreSQL."""
    changes: dict[str, Any] = {"urls": {"identity": "http://identity"}}
    if request.param == "postgres":
        changes["database_url"] = request.getfixturevalue("databases")("intake")
    database = migrated("intake", tmp_path, **changes)
    yield database
    database.close()
