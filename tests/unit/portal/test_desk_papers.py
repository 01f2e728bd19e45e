"""The materials beside the form at the officer's desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, render_template_string

from demo.client import small_pdf
from services.portal.papers import slot_view
from services.portal.words import Language
from tests.unit.intake.paper_shop import small_png
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.forms import RESTAURANT

Visit = Callable[..., Browser]
FOR_DESK = "{% import 'slots.html' as s with context %}{{ s.for_desk(slots, t, changed, issuers) }}"


@pytest.fixture
def material(visit: Visit, city: FakeCity) -> str:
    """A picture handed in as a floor plan; its id."""
    browser = visit("heji")
    browser.get("/apply/open-restaurant")
    browser.post("/apply/open-restaurant", prefill="yes")
    (draft_id,) = city.drafts
    path = f"/apply/{draft_id}/materials"
    browser.get(path)
    browser.upload(f"{path}/m12", small_pdf(), "平面布局图.pdf")
    browser.upload(f"{path}/m12", small_png(), "平面布局图.png")
    return str(city.slots[draft_id]["m12"]["file"]["material_id"])


def test_every_material_says_its_state_version_and_where_the_city_has_it_from(
    visit: Visit, city: FakeCity
) -> None:
    case = city.file("open-restaurant", dict(RESTAURANT), "acc-heji")
    page = visit("luming").get(f"/work/{case['branches'][0]['branch_no']}").text
    assert re.search(r"市里已有，来自[^<]*局", page)
    assert "没有交" in page


def test_a_file_opens_in_a_tab_of_its_own_and_a_picture_on_demand(app: Flask) -> None:
    file = {
        "material_id": "m-1",
        "file_name": "店面.png",
        "media_type": "image/png",
        "version": 2,
        "size": 2048,
        "uploaded_at": "2026-11-24T02:00:00+00:00",
    }
    slot: dict[str, Any] = {
        "code": "m1",
        "title": {"zh": "店面照片", "en": "Photo"},
        "how": "upload",
        "required": True,
        "state": "checked",
        "file": file,
        "older": [file | {"version": 1, "media_type": "application/pdf"}],
    }
    t = Language("zh")
    with app.test_request_context("/work"):
        page = render_template_string(
            FOR_DESK, slots=[slot_view(slot, t, for_staff=True)], t=t, changed=["m1"], issuers={}
        )
    assert 'href="/files/m-1?view=1" target="_blank" rel="noopener"' in page
    assert "第 2 版" in page and "第 1 版" in page and "补正后改过" in page and "slot--changed" in page
    assert page.count("<img ") == 1 and 'loading="lazy"' in page


def test_what_is_looked_at_is_shown_and_what_is_kept_is_downloaded(visit: Visit, material: str) -> None:
    client = visit("luming").client
    kept, shown = client.get(f"/files/{material}"), client.get(f"/files/{material}?view=1")
    assert kept.headers["Content-Disposition"].startswith("attachment")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" not in shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
