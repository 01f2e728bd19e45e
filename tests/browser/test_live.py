"""Open pages that change by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Site
from tests.unit.portal.forms import RESTAURANT


@pytest.fixture
def case(site: Site) -> dict[str, Any]:
    return site.city.file("open-restaurant", dict(RESTAURANT), "acc-heji")


def keep_watch(page: Page) -> None:
    """Leave a mark that a reload would wipe out."""
    page.evaluate("window.stayed = true")


def test_an_answer_changes_the_open_page_without_reload(
    site: Site, visit: Open, case: dict[str, Any]
) -> None:
    page = visit(site.url, "heji")
    page.goto(f"/cases/{case['application_no']}")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    keep_watch(page)
    site.city.reply(case["branches"][0]["branch_no"], "agree", "现场布局与图纸一致。")
    expect(page.locator(".join")).to_have_text("已答复 1/3")
    expect(page.locator(".fresh").first).to_be_visible()
    expect(page.locator("[data-say]")).to_contain_text("食品经营许可（新办）已办好")
    expect(page.locator(".fresh")).to_have_count(0)
    assert page.evaluate("window.stayed")


def test_the_page_for_number_and_code_is_live_too(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url)
    page.goto("/track")
    page.fill("#application_no", case["application_no"])
    page.fill("#query_code", case["query_code"])
    page.click("main button.primary")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    site.city.reply(case["branches"][1]["branch_no"])
    expect(page.locator(".join")).to_have_text("已答复 1/3")


def test_arrivals_are_counted_and_not_slipped_in(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url, "luming")
    page.goto("/work")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    rows = page.locator("[data-queue] li").count()
    site.city.changed(site.city.file("food-licence", dict(RESTAURANT), "acc-heji"))
    expect(page.locator("[data-arrivals]")).to_have_text("新到 1 件，显示")
    assert page.locator("[data-queue] li").count() == rows
    page.click("[data-arrivals]")
    expect(page.locator("[data-queue] li")).to_have_count(rows + 1)


def test_a_colleagues_claim_shows_in_the_open_list(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url, "luming")
    page.goto("/work")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    branch = case["branches"][0]
    row = page.locator(f"[data-branch='{branch['branch_no']}']")
    expect(row).to_contain_text("没人认领")
    branch |= {"status": "claimed", "handler": "acc-xf"}
    site.city.changed(case)
    expect(row).to_contain_text("方立 在办")


def test_a_broken_line_is_said_and_mended(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url, "heji")
    page.goto(f"/cases/{case['application_no']}")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    page.context.set_offline(True)
    page.evaluate("() => fetch('/healthz').catch(() => 0)")
    page.context.set_offline(False)
    site.city.reply(case["branches"][0]["branch_no"])
    expect(page.locator(".join")).to_have_text("已答复 1/3")


def test_what_is_being_typed_is_never_swapped_away(site: Site, visit: Open, case: dict[str, Any]) -> None:
    branch = case["branches"][0]
    branch |= {"status": "claimed", "handler": "acc-lu"}
    page = visit(site.url, "luming")
    page.goto(f"/work/{branch['branch_no']}")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    page.fill("#opinion", "正在写")
    site.city.reply(case["branches"][1]["branch_no"])
    expect(page.locator("[data-queue]")).to_contain_text("1/3")
    assert page.input_value("#opinion") == "正在写"
