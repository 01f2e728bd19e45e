"""Messages, figures, supervision and the outbox in a browser: within reach, and live."""

from __future__ import annotations

import random
from typing import Any

import pytest
from playwright.sync_api import expect

from services.notification.mail import Sandbox, Settings
from services.notification.sender import Sender
from tests.browser.conftest import DESK, PHONE, Open, Site
from tests.browser.test_pages import look, spills
from tests.unit.dashboard.history import history
from tests.unit.portal.test_follow import NO, OneContact, late, told

PAGES = {
    "shenjiahe": ("/space", "/space/messages", "/space/preferences", "/en/space/messages", "/me/data"),
    "leader": ("/lead", "/lead/cases?show=open", "/lead/cases?show=filed&day=2026-01-01", "/en/lead"),
    "zhou-sup": ("/watch", "/en/watch"),
    "xukeqin": ("/lead",),
    "admin": ("/outbox",),
}


@pytest.fixture(scope="module")
def busy(site: Site) -> Site:
    """A city with messages, letters, late cases and supervision."""
    site.city.tell([*told(), *late(), *history(random.Random(6), 25)])
    database = site.city.databases["notification"]
    sender = Sender(database, OneContact(), Sandbox(Settings(site=site.url)))
    while sender.step() == 0.0:
        pass
    site.city.desk.supervisions.append({"branch_no": f"{NO}-01", "answer": "现场复核延误，周五前办结。"})
    return site


@pytest.mark.parametrize("elder", [False, True], ids=["plain", "elder"])
@pytest.mark.parametrize("view", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("login", PAGES)
def test_pages_are_within_reach_of_everybody(
    busy: Site, visit: Open, login: str, view: dict[str, int], elder: bool
) -> None:
    page = visit(busy.url, login, viewport=view, reduced_motion="reduce")
    if elder:
        page.context.add_cookies([{"name": "onewindow_view", "value": "elder", "url": busy.url}])
    for path in PAGES[login]:
        page.goto(path)
        assert (path, look(page)) == (path, [])
        assert (path, spills(page)) == (path, 0)
        assert (path, page.locator("h1").count()) == (path, 1)


def test_a_message_comes_to_the_open_space(site: Site, visit: Open) -> None:
    page = visit(site.url, "heji")
    page.goto("/space/messages")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    events: list[Any] = told(owner="acc-heji", number="SJ20261124000777K")
    site.city.tell(events)
    site.city.say({"account:acc-heji"})
    expect(page.locator(".message--urgent")).to_contain_text("请补正")
    expect(page.locator("[data-say]")).to_have_text("2 条未读")


def test_figures_change_on_the_open_page(site: Site, visit: Open) -> None:
    page = visit(site.url, "leader")
    page.goto("/lead")
    expect(page.locator("[data-badge]")).to_have_text("实时")
    before = page.locator(".figures dd").first.inner_text()
    site.city.tell(told(number="SJ20261124000888K"))
    site.city.say({"figures"})
    expect(page.locator(".figures dd").first).to_have_text(str(int(before) + 1))


def test_a_message_is_opened_without_script(busy: Site, visit: Open) -> None:
    page = visit(busy.url, "shenjiahe", java_script_enabled=False)
    page.goto("/space/messages")
    unread = page.locator(".mark-unread").count()
    page.locator(".message--unread a").first.click()
    page.goto("/space/messages")
    assert page.locator(".mark-unread").count() == unread - 1
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.locator(".mark-unread")).to_have_count(0)
