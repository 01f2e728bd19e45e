"""Security in a browser: a second factor from enrolment to recovery code; the new pages within reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from chassis.fakes.database import memory_database
from chassis.fakes.web import Mint
from demo.platform import free_port
from services.portal.orm import Base
from services.portal.web import create_app
from tests.browser.conftest import DESK, PHONE, URLS, Open
from tests.browser.test_pages import look, spills
from tests.integration.identity_office import PASSWORD
from tests.unit.portal.fake_city import catalog
from tests.unit.portal.staff_city import StaffCity


class Town:
    """A portal's address, and the city with the real identity behind it."""

    def __init__(self, url: str, city: StaffCity):
        self.url = url
        self.city = city
        self.office = city.office


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    mint = Mint()
    url = f"http://127.0.0.1:{free_port()}"
    database = memory_database("portal", folder, Base.metadata, urls=URLS, public_url=url)
    city = StaffCity(folder, mint, catalog(folder), database)
    city.heard_by(database)
    app = city.at(create_app(database.config, database))
    server = make_server("127.0.0.1", int(url.rpartition(":")[2]), app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Town(url, city)
    server.shutdown()
    thread.join()
    server.server_close()
    city.close()
    database.close()


def sign_in(page: Page, login: str) -> None:
    page.goto("/sign-in?next=/me/security")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button.primary")


def within_reach(page: Page) -> None:
    here = page.url
    assert (here, look(page)) == (here, [])
    assert (here, spills(page)) == (here, 0)
    assert (here, page.locator("h1").count()) == (here, 1)


def test_a_second_factor_from_enrolment_to_recovery_code(town: Town, visit: Open) -> None:
    town.office.open("shen")
    page = visit(town.url, viewport=PHONE)
    sign_in(page, "shen")
    page.click("summary:has-text('启用两步登录')")
    page.fill("#factor_password", PASSWORD)
    page.click("button:has-text('下一步')")
    expect(page.locator("svg.qr")).to_be_visible()
    within_reach(page)
    secret = page.locator(".secret").inner_text()
    page.fill("#code", town.office.code(secret))
    page.click("main button.primary")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    within_reach(page)
    page.click("main a.primary")
    expect(page.locator("#factor + p")).to_contain_text("已启用")
    within_reach(page)

    page.click("text=退出 >> nth=0")
    sign_in(page, "shen")
    page.fill("#code", "000000")
    page.click("main button.primary")
    expect(page.locator("#code-wrong")).to_be_visible()
    within_reach(page)
    page.fill("#code", town.office.code(secret, 1))
    page.click("main button.primary")
    expect(page).to_have_url(f"{town.url}/me/security")

    page.click("text=退出 >> nth=0")
    sign_in(page, "shen")
    page.fill("#code", codes[0])
    page.click("main button.primary")
    expect(page.get_by_text("恢复码还剩 9 个")).to_be_visible()


@pytest.mark.parametrize("view", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_of_administrators_are_within_reach(town: Town, visit: Open, view: dict[str, int]) -> None:
    office = town.office
    people = {
        "admin": "platform_admin",
        "security": "security_admin",
        "auditor": "auditor",
        "tang": "department_it",
        "clerk": "window_clerk",
    }
    for login, role in people.items():
        if login not in office.ids:
            office.open(login, role, is_demonstration=True)
    if "chief" not in office.ids:
        office.open("chief", "approver")
        office.enrol("chief")
    chief = office.ids["chief"]
    paths = {
        "admin": ("/admin/staff", "/admin/staff/new", f"/admin/staff/{chief}", "/me/security"),
        "security": (f"/en/admin/staff/{chief}", "/admin/sign-ins"),
        "auditor": ("/admin/audit", "/en/admin/audit?act=list_staff"),
        "clerk": ("/window/real-name",),
        "tang": ("/dept", "/en/dept"),
    }
    for login, mine in paths.items():
        page = visit(town.url, viewport=view, reduced_motion="reduce")
        if login == "admin":
            page.context.add_cookies([{"name": "onewindow_view", "value": "elder", "url": town.url}])
        sign_in(page, login)
        page.wait_for_url(f"{town.url}/me/security")
        for path in mine:
            page.goto(path)
            within_reach(page)


def test_an_initial_password_is_changed_on_the_way_in(town: Town, visit: Open) -> None:
    town.office.open("fresh", "approver", has_initial_password=True)
    page = visit(town.url, viewport=PHONE)
    sign_in(page, "fresh")
    within_reach(page)
    page.fill("#password", "my own long sentence")
    page.fill("#again", "my own long sentence")
    page.click("main button.primary")
    expect(page.locator("svg.qr")).to_be_visible()
    within_reach(page)
