from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import scratch_config
from tests.unit.notification.helpers import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = Database(scratch_config("notification", tmp_path))
    migrate.upgrade(database)
    yield Desk(database)
    database.close()
