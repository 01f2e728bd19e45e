from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.fakes.database import memory_database
from services.approval import orm
from tests.unit.approval.bureau import Bureau


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path, orm.metadata)
    yield Bureau(database)
    database.close()
