from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import scratch_config


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(scratch_config("dashboard", tmp_path))
    migrate.upgrade(made)
    yield made
    made.close()
