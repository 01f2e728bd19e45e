from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.database import Database
from chassis.fakes.database import memory_database
from services.identity import orm


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database("identity", tmp_path, orm.metadata)
    yield made
    made.close()
