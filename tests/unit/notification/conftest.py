from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migrated import migrated
from tests.unit.notification.helpers import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = migrated("notification", tmp_path)
    yield Desk(database)
    database.close()
