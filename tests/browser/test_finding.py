"""From words to the guide, on a phone and at a desk, by keyboard, without script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Open, Site
from tests.browser.test_pages import look, press_until, smaller_than, spills
from tests.unit.portal.fake_city import PASSWORD

PAGES = (
    "/",
    "/items",
    "/items?q=饭店&department=SJ",
    "/items?q=qqqqqq",
    "/items/food-licence",
    "/items/passport",
    "/packages/open-restaurant?a-area=large#mine",
    "/policies",
    "/policies/restaurant-once",
    "/en/items?q=restaurant",
)


def journey(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "饭店")
    page.keyboard.press("Enter")
    expect(page.locator(".result h3 a").first).to_have_text("开饭店")
    page.locator(".result h3 a").first.click()
    expect(page.locator("h1")).to_have_text("开饭店")
    page.locator(".guide .card").first.click()
    page.click("text=看我的结果")
    expect(page.locator(".my-result")).to_be_visible()
    expect(page.locator("main")).to_contain_text("按您回答的情况算出来的")


@pytest.mark.parametrize("view", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_words_lead_to_the_guide_and_answers_to_my_own_result(
    site: Site, visit: Open, view: dict[str, int], script: bool
) -> None:
    journey(visit(site.url, viewport=view, java_script_enabled=script))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_the_guides_answers_come_along_into_the_form_through_a_sign_in(
    site: Site, visit: Open, script: bool
) -> None:
    """Answered before anybody is signed in; the form doesn't ask again."""
    page = visit(site.url, viewport=PHONE, java_script_enabled=script)
    page.goto("/items/food-licence")
    for step in ((("what", "made"),), (("licence", "yes"), ("raw", "no"), ("online", "yes"))):
        for question, answer in step:
            page.locator(f".guide input[name='a-{question}'][value='{answer}']").check()
        page.locator(".guide button").click()
        expect(page.locator(".my-result")).to_be_visible()
    expect(page.locator(".my-result")).to_contain_text("按您的情况可以办")
    page.locator("main a.primary[href*='/apply/']:visible").first.click(timeout=5000)
    page.wait_for_url("**/sign-in/account*")
    page.fill("#login", "heji")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url("**/apply/food-licence?*")
    expect(page.locator("main")).to_contain_text("已经带来")
    page.click("main button.primary")
    page.wait_for_url("**/apply/*/1*")
    draft = page.url.rpartition("/apply/")[2].partition("/")[0]
    assert site.city.drafts[draft]["answers"]["online_ordering"] is True


WEIGHT_KB = 150


@pytest.mark.parametrize("path", ["/", "/items/food-licence"])
def test_a_page_is_light(site: Site, visit: Open, path: str) -> None:
    page = visit(site.url, viewport=PHONE)
    devtools = page.context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    devtools.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["type"]}))
    devtools.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: int(e["encodedDataLength"])})
    )
    devtools.send("Network.enable")
    page.goto(path, wait_until="load")
    assert {"Document", "Stylesheet"} <= set(kinds.values())
    weight = sum(size for request, size in sizes.items() if kinds.get(request) != "Image") / 1024
    assert 5 < weight < WEIGHT_KB


def test_finding_is_within_reach_of_everybody(site: Site, visit: Open) -> None:
    page = visit(site.url, viewport=PHONE, reduced_motion="reduce")
    for path in PAGES:
        page.goto(path)
        assert (path, page.locator("h1").count()) == (path, 1)
        for view in (PHONE, DESK):
            page.set_viewport_size(view)  # type: ignore[arg-type]
            assert (path, view, look(page), spills(page)) == (path, view, [], 0)
            low = smaller_than(page, 44, "button, .button, .card, summary, .facet a, .events a")
            assert (path, view, low) == (path, view, [])
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def test_the_large_view_is_within_reach(site: Site, visit: Open) -> None:
    page = visit(site.url, viewport=PHONE)
    page.goto("/")
    page.click("text=长辈版")
    for path in PAGES:
        page.goto(path)
        assert (path, look(page), spills(page)) == (path, [], 0)
        assert (path, smaller_than(page, 60, "button, .button")) == (path, [])


def test_a_keyboard_is_enough_to_find_and_narrow_down(site: Site, visit: Open) -> None:
    page = visit(site.url)
    page.goto("/")
    press_until(page, "#q")
    page.keyboard.type("许可")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items?q=*")
    press_until(page, ".facet a")
    page.keyboard.press("Enter")
    expect(page.locator(".only-wide .facet a[aria-current]").first).to_be_visible()
