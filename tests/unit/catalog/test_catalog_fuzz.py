from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.catalog.domain import editions, problems_of
from services.catalog.files import read_city
from tests.unit.catalog.helpers import SAMPLE

SHARED = ("city", "departments", "elements", "materials", "calendar")
NAMES = sorted(
    str(p.relative_to(SAMPLE))
    for p in SAMPLE.rglob("*.yaml")
    if p.parent.name in ("items", "packages") or p.stem in SHARED
)
CONTENT = {n: yaml.safe_load((SAMPLE / n).read_text(encoding="utf-8")) for n in NAMES}
JUNK = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "moon", "SJ", "area", [], [[]], ["moon"], [None], {}, {"zh": "月"}, {1: {}}]
)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    found = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
    return found


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path_factory.mktemp("fuzz") / "city"))


@given(st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_an_editor_writes_is_answered_with_problems_or_published(
    playground: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(NAMES))
    content = copy.deepcopy(CONTENT[name])
    *path, last = data.draw(st.sampled_from(places(content)))
    holder = content
    for step in path:
        holder = holder[step]
    if data.draw(st.booleans()):
        del holder[last]
    else:
        holder[last] = data.draw(JUNK)
    file = playground / name
    try:
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        city, problems = read_city(playground)
        if city is not None:
            problems += problems_of(city)
        assert all(p.reason for p in problems)
        if not problems:
            assert city is not None
            assert editions(city)
    finally:
        file.write_text((SAMPLE / name).read_text(encoding="utf-8"), encoding="utf-8")
