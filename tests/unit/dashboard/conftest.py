from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.database import Database
from tests.migrated import migrated


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = migrated("dashboard", tmp_path)
    yield made
    made.close()
