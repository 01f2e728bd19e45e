"""The component sheet: every component, in every state it has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

import pytest

from tests.unit.portal.conftest import Browser

Visit = Callable[..., Browser]
POINTED = {"rest", "hover", "focus"}
QUESTION = {"empty", "filled", "focus", "error"}
SHOWN = {
    "identity": POINTED,
    "search": {"rest", "focus"},
    "breadcrumb": POINTED,
    "button": POINTED | {"disabled", "loading"},
    "input": QUESTION | {"known"},
    "id-number": QUESTION,
    "date": QUESTION,
    "radio-cards": QUESTION | {"hover"},
    "yes-no": QUESTION,
    "long-text": QUESTION,
    "file-slot": {"empty", "focus", "uploading", "filled", "error", "checked", "library", "rejected"},
    "error-summary": {"error"},
    "state": {"rest"},
    "light": {"rest"},
    "notice": {"rest"},
    "tag": {"rest"},
    "due-line": {"rest", "late"},
    "live-badge": {"loading", "live", "lost"},
    "slip": POINTED | {"empty"},
    "river-line": {"rest"},
    "stepper": {"rest"},
    "task-list": {"rest"},
    "check-answers": {"rest", "error"},
    "qr": {"rest"},
    "table": {"rest", "focus", "empty"},
    "facets": POINTED | {"chosen", "empty"},
    "pager": POINTED,
}
"""The rating scale is missing: no page has one yet."""


@pytest.mark.parametrize("path", ["/design", "/en/design", "/design?look=elder", "/design?look=print"])
def test_every_component_is_shown_in_every_state_it_has(visit: Visit, path: str) -> None:
    found = defaultdict(set)
    for part, state in re.findall(r'data-part="([\w-]+)" data-state="([\w-]+)"', visit().get(path).text):
        found[part].add(state)
    assert found == SHOWN


def test_the_sheet_can_be_looked_at_large_and_as_printed(visit: Visit) -> None:
    assert 'class="elder' in visit().get("/design?look=elder").text
    printed = visit().get("/design?look=print").text
    assert re.search(r'print\.css[^>]*media="all"', printed)
    assert re.search(r'print\.css[^>]*media="print"', visit().get("/design").text)


def test_nothing_on_the_sheet_is_named_twice(visit: Visit) -> None:
    ids = re.findall(r' id="([^"]+)"', visit().get("/design").text)
    assert sorted(ids) == sorted(set(ids))


def test_long_numbers_stand_in_groups(visit: Visit) -> None:
    page = visit().get("/design").text
    assert 'value="329982 1995 0418 3022"' in page
