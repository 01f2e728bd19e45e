"""How the pages stand in a browser: reach, width, keyboard, no script."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Open, Site
from tests.unit.portal.forms import COMPANY, RESTAURANT

ASKS = "/sign-in/consent?next=%2Fapi%2Fidentity%2Fauthorize%3Fclient_id%3Dtax-office"
CITIZEN = (
    "/",
    "/packages/new-company",
    "/packages/open-restaurant",
    "/items/food-licence",
    "/track",
    "/space",
    "/apply/new-company",
    "/cases/{no}",
    "/cases/{no}/done",
    "/cases/{no}/fix",
    "/cases/{no}/withdraw",
    "/me/systems",
    "/nowhere",
    "/en/cases/{no}",
)
PUBLIC = (
    "/sign-in",
    "/sign-out",
    ASKS,
    f"/en{ASKS}",
    "/design",
    "/design?look=elder",
    "/design?look=print",
    "/en/",
)
STAFF = ("/work", "/work/{no}-01", "/work?show=answered")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}

AXE = Axe()


@pytest.fixture(scope="module")
def case(site: Site) -> dict[str, Any]:
    """A restaurant with one department done, one asking for a correction."""
    found = site.city.file("open-restaurant", dict(RESTAURANT), "acc-heji")
    _, sign, drain = found["branches"]
    site.city.ask(sign["branch_no"], {"sign_width_cm": "宽度与效果图不一致"})
    site.city.reply(drain["branch_no"], "agree", "隔油池符合要求。")
    site.city.file("new-company", dict(COMPANY), "acc-heji")
    site.city.file("food-licence", dict(RESTAURANT), "acc-heji", desk=True)
    return found


PEOPLE = {
    "heji": CITIZEN,
    "": PUBLIC,
    "luming": STAFF,
    "qianxiaowen": ("/work/accept",),
    "leader": ("/lead/cases/{no}",),
}


def look(page: Page) -> list[str]:
    """What axe finds wrong in the page at hand; a document is given axe once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    found = page.evaluate("rules => axe.run(rules).then(results => results.violations)", RULES)
    return [f"{v['id']}: {n['html'][:160]} {n['failureSummary'][:200]}" for v in found for n in v["nodes"]]


@pytest.mark.parametrize("login", PEOPLE, ids=lambda login: login or "nobody")
def test_pages_are_within_reach_of_everybody(
    site: Site, visit: Open, case: dict[str, Any], login: str
) -> None:
    """On a phone and on a desk: the portal sends both the same, and no script asks how wide the window is."""
    page = visit(site.url, login, viewport=PHONE, reduced_motion="reduce")
    for path in PEOPLE[login]:
        page.goto(path.format(no=case["application_no"]))
        assert (path, page.locator("h1").count()) == (path, 1)
        for view in (PHONE, DESK):
            page.set_viewport_size(view)  # type: ignore[arg-type]
            assert (path, view, look(page)) == (path, view, [])
            assert (path, view, spills(page)) == (path, view, 0)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def spills(page: Page) -> int:
    """Pixels the page is wider than the window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def test_the_large_view_is_within_reach_too(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url, "heji", viewport=PHONE)
    page.goto("/")
    page.click("text=长辈版")
    for path in ("/", f"/cases/{case['application_no']}", "/packages/new-company"):
        page.goto(path)
        assert look(page) == []
        assert spills(page) == 0
        assert smaller_than(page, 60, "button, .button, .top nav a") == []


def test_touch_targets_are_large_enough(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url, "heji", viewport=PHONE)
    for path in ("/", "/packages/new-company", f"/cases/{case['application_no']}/fix", "/track"):
        page.goto(path)
        fields = "input:not([type=hidden], [type=checkbox], [type=radio])"
        assert smaller_than(page, 44, f"button, .button, {fields}, .card, summary, header nav a") == []


def smaller_than(page: Page, pixels: int, selector: str) -> list[str]:
    """What can be seen of these and is lower than ``pixels``."""
    found: list[str] = page.eval_on_selector_all(
        selector,
        """(all, pixels) => all
            .filter(one => !one.matches(".first-submit") && one.offsetHeight && one.offsetHeight < pixels)
            .map(one => one.outerHTML)""",
        pixels,
    )
    return found


def test_a_keyboard_is_enough_to_begin_an_application(site: Site, visit: Open) -> None:
    page = visit(site.url, "shenjiahe")
    page.goto("/apply/new-company")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    press_until(page, "main button.primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/apply/*/1*")
    press_until(page, "#company_name")
    page.keyboard.type("江塘禾记餐饮有限公司")
    page.keyboard.press("Enter")
    errors = page.locator("#errors")
    expect(errors).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#company_type")).to_be_focused()


def press_until(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} can't be reached by keyboard")


def test_everything_works_without_script(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url, "heji", viewport=PHONE, java_script_enabled=False)
    page.goto(f"/cases/{case['application_no']}")
    expect(page.locator("[data-badge]")).to_contain_text("的数据")
    page.click("text=去补正")
    page.fill("#sign_width_cm", "420")
    page.click("text=提交补正")
    expect(page.locator("main")).to_contain_text("已收到您的补正")
    page.goto("/apply/open-restaurant")
    page.click("main button.primary")
    page.fill("#shop_name", "禾记")
    page.click("text=先存着")
    expect(page.locator("main")).to_contain_text("没填完")


def test_keys_of_the_desk_are_off_until_wanted(site: Site, visit: Open, case: dict[str, Any]) -> None:
    for _ in range(2):
        site.city.file("food-licence", dict(RESTAURANT), "acc-heji")
    page = visit(site.url, "luming")
    page.goto("/work")
    page.keyboard.press("j")
    expect(page.locator("[data-queue] a:focus")).to_have_count(0)
    page.click(".more-tools summary")
    page.check("[data-keys]")
    page.locator("h1").click()
    page.keyboard.press("j")
    first = page.locator("[data-queue] a").first
    expect(first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-queue] a").nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/work/*-01*")
    page.keyboard.press("c")
    expect(page.locator("input[name=answer]").first).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator("input[value=agree]")).to_be_checked()


def test_the_print_of_a_receipt_is_black_on_white(site: Site, visit: Open, case: dict[str, Any]) -> None:
    page = visit(site.url, "heji")
    page.goto(f"/cases/{case['application_no']}/done")
    page.emulate_media(media="print")
    expect(page.locator(".identity")).to_be_hidden()
    expect(page.locator(".qr")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
