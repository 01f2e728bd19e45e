from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.database import Database
from chassis.fakes.database import memory_database
from services.catalog import orm
from services.catalog.domain import City
from services.catalog.files import read_city
from tests.unit.catalog.helpers import SAMPLE


@pytest.fixture(scope="session")
def city() -> City:
    made, problems = read_city(SAMPLE)
    assert made is not None, problems
    return made


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database("catalog", tmp_path, orm.Base.metadata)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample city that a test may spoil."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "city"))


@pytest.fixture
def edit(folder: Path) -> Callable[[str, Callable[[Any], Any]], None]:
    """Change one file of the copy: ``edit("items/shop-sign.yaml", change)``, in place or by return."""

    def change(name: str, how: Callable[[Any], Any]) -> None:
        path = folder / name
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        changed = how(content)
        text = yaml.safe_dump(content if changed is None else changed, allow_unicode=True, sort_keys=False)
        path.write_text(text, encoding="utf-8")

    return change
