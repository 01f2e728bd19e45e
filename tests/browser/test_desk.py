"""The officer's tools, the head's desk and the calendar in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Open, Site
from tests.browser.test_pages import look, smaller_than, spills
from tests.unit.portal.fake_desk import DeskState
from tests.unit.portal.forms import RESTAURANT


@pytest.fixture
def foods(site: Site) -> Iterator[list[dict[str, Any]]]:
    """Twelve food licences, all alike, and nothing else."""
    site.city.cases.clear()
    vars(site.city.desk).update(vars(DeskState()))
    yield [site.city.file("food-licence", dict(RESTAURANT), "acc-heji")["branches"][0] for _ in range(12)]
    site.city.cases.clear()


def make_busy(site: Site, foods: list[dict[str, Any]]) -> None:
    """Something in every place: late, supervised, waiting for the head, paused, delegated."""
    city, now = site.city, site.city.now
    foods[0].update(light="black", status="claimed", handler="acc-lu", may_extend=10, second_signature=True)
    foods[0]["pauses"] = [
        {"ground": "testing", "from": now.isoformat(), "to": now.isoformat(), "reason": "送检"}
    ]
    foods[1].update(light="red", status="claimed", handler="acc-lu", awaiting_signature=True)
    foods[2].update(status="claimed", handler="acc-lu", extension_asked=5)
    asked = {"proposed_by": "acc-lu", "answer": "refuse", "opinion": "布局不符", "note": "已核查"}
    city.desk.signatures[foods[1]["branch_no"]] = asked
    city.desk.extensions[foods[2]["branch_no"]] = {"days": 5, "reason": "待检测", "asked_by": "acc-lu"}
    city.desk.supervisions.append(
        {
            "branch_no": foods[0]["branch_no"],
            "responsible": "acc-lu",
            "state": "open",
            "answer_due": (now + timedelta(days=3)).isoformat(),
        }
    )
    city.desk.templates.append({"id": "1", "answer": "agree", "title": "齐全", "text": "齐全。", "own": True})
    city.desk.filters["红灯"] = {"light": "red"}
    city.desk.delegations.append(
        {
            "id": "1",
            "absent": "acc-lu",
            "delegate": "acc-wang",
            "given_by": "acc-xu",
            "begins": now.isoformat(),
            "ends": (now + timedelta(days=2)).isoformat(),
            "runs": True,
        }
    )


def test_pages_of_officers_heads_and_editors_are_within_reach(
    site: Site, visit: Open, foods: list[dict[str, Any]]
) -> None:
    make_busy(site, foods)
    many = "&".join(f"no={b['branch_no']}" for b in foods)
    pages = {
        "luming": [
            "/work",
            f"/work/{foods[0]['branch_no']}",
            f"/work/{foods[1]['branch_no']}",
            f"/work/many?{many}",
            "/work/opinions",
            "/work/absence",
            "/en/work/absence",
        ],
        "xukeqin": ["/head", "/en/head", "/work/opinions"],
        "editor": ["/edit/calendar/2026"],
    }
    for login, paths in pages.items():
        page = visit(site.url, login, viewport=PHONE, reduced_motion="reduce")
        for path in paths:
            page.goto(path)
            page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
            assert (path, page.locator("h1").count()) == (path, 1)
            for view in (PHONE, DESK):
                page.set_viewport_size(view)  # type: ignore[arg-type]
                assert (path, view, look(page), spills(page)) == (path, view, [], 0)
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def tab_to(page: Page, selector: str) -> None:
    """Walk there by the keyboard alone."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard never reaches {selector}")


def test_the_keyboard_alone_answers_a_case(site: Site, visit: Open, foods: list[dict[str, Any]]) -> None:
    page = visit(site.url, "luming")
    page.goto("/work")
    tab_to(page, ".more-tools summary")
    page.keyboard.press("Enter")
    tab_to(page, "[data-keys]")
    page.keyboard.press("Space")
    page.keyboard.press("n")
    page.wait_for_url("**/work/*-01*")
    page.keyboard.press("a")
    expect(page.locator("input[value=agree]")).to_be_checked()
    tab_to(page, "#opinion")
    page.keyboard.type("a case typed with letters that are keys: cunrb")
    tab_to(page, "button[value=answer]")
    page.keyboard.press("Enter")
    expect(page.locator(".notice").first).to_contain_text("已答复")
    assert [b["status"] for b in foods].count("answered") == 1


def test_the_keyboard_ticks_alike_and_answers_them_together(
    site: Site, visit: Open, foods: list[dict[str, Any]]
) -> None:
    page = visit(site.url, "luming")
    page.goto("/work")
    page.evaluate("localStorage.setItem('onewindow-keys', 'on')")
    page.reload()
    for _ in range(3):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("m")
    page.wait_for_url("**/work/many?*")
    expect(page.locator("h1")).to_contain_text("3 件一起答复")


def test_twelve_alike_are_answered_at_once_and_what_was_taken_is_named(
    site: Site, visit: Open, foods: list[dict[str, Any]]
) -> None:
    page = visit(site.url, "luming", java_script_enabled=False)
    page.goto(f"/work/{foods[0]['branch_no']}")
    page.click("text=同样的 12 件一起答复")
    foods[5].update(status="claimed", handler="acc-wang")
    page.check("input[value=agree]")
    page.fill("#opinion", "材料齐全，同意。")
    page.click("text=答复这些件")
    expect(page.locator("h1")).to_contain_text("11/12 件已答复")
    expect(page.locator(".outcomes")).to_contain_text("王敏 在办")
    assert foods[5]["status"] == "claimed"


def test_a_template_is_put_in_place_and_what_was_typed_elsewhere_stays(
    site: Site, visit: Open, foods: list[dict[str, Any]]
) -> None:
    make_busy(site, foods)
    page = visit(site.url, "luming")
    page.goto(f"/work/{foods[0]['branch_no']}")
    page.fill("#note", "内部")
    page.click("text=用意见模板")
    page.click("[data-template]")
    expect(page.locator("#opinion")).to_have_value("齐全。")
    expect(page.locator("#note")).to_have_value("内部")


def test_the_head_decides_on_a_phone_in_two_taps(
    site: Site, visit: Open, foods: list[dict[str, Any]]
) -> None:
    make_busy(site, foods)
    page = visit(site.url, "xukeqin", viewport=PHONE, has_touch=True)
    assert page.url.endswith("/head")
    assert smaller_than(page, 44, "main button, .card, summary") == []
    expect(page.locator("h1")).to_contain_text("2 件等您决定")
    first = page.locator("article").first
    first.locator("text=事实清楚").tap()
    first.locator("text=签批").last.tap()
    expect(page.locator(".notice").first).to_contain_text("已签批")
    assert foods[1]["answer"] == "refuse"
    page.locator("text=情况属实").tap()
    page.locator("text=批准延期").tap()
    expect(page.locator("h1")).to_contain_text("没有等您决定的件")
    assert foods[2]["decided"] == {"approved": True, "reason": "情况属实，同意延期"}
