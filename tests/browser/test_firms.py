"""In a browser: a firm invites an agent, who files in its name until it is taken back; all within reach."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from chassis.fakes.database import memory_database
from demo.platform import free_port
from services.portal.orm import Base
from services.portal.web import create_app
from tests.browser.conftest import PHONE, URLS, Open
from tests.browser.test_following import look, spills
from tests.unit.portal.fake_city import catalog
from tests.unit.portal.fake_firms import FirmCity
from tests.unit.portal.test_firms_pages import FORM, HEJI, ITEM

WITHIN_MS = 5000
"""An agency that was taken back is refused everywhere within that time."""


@pytest.fixture(scope="module")
def city_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("firms")
    url = f"http://127.0.0.1:{free_port()}"
    database = memory_database("portal", folder, Base.metadata, urls=URLS, public_url=url)
    city = FirmCity(folder, catalog(folder), database)
    city.work()
    app = city.at(create_app(database.config, database))
    server = make_server("127.0.0.1", int(url.rpartition(":")[2]), app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()
    city.close()
    database.close()


def reachable(page: Page) -> None:
    where = page.url
    assert (where, look(page), spills(page)) == (where, [], 0)
    assert page.locator("h1").count() == 1


def test_an_agent_files_for_a_firm_until_it_is_taken_back(city_url: str, visit: Open) -> None:
    firm = visit(city_url, "heji", viewport=PHONE, java_script_enabled=False)
    firm.goto("/space/firm")
    firm.fill("#name", "钱芸")
    firm.check(f'input[value="{ITEM}"]') if firm.locator(f'input[value="{ITEM}"]').count() else firm.fill(
        "#more", f"{city_url}/items/{ITEM}"
    )
    firm.get_by_role("button", name="生成邀请码").click()
    code = firm.locator(".big-code").inner_text()

    agent = visit(city_url, "qianyun", viewport=PHONE, reduced_motion="reduce")
    agent.goto("/space/invitation")
    reachable(agent)
    agent.fill("#code", code)
    agent.get_by_role("button", name="看看邀请").click()
    expect(agent.locator("h1")).to_contain_text(HEJI)
    reachable(agent)
    agent.get_by_role("button", name="接受").click()
    reachable(agent)
    agent.get_by_role("button", name="以这家企业的名义办理").click()
    while agent.locator("h1", has_text="授权正在生效").count():
        agent.locator("main a.primary").click()
    expect(agent.locator(".acting")).to_contain_text(HEJI)

    agent.goto(f"/apply/{ITEM}")
    agent.locator("main button.primary").click()
    while re.search(r"/\d+$", agent.url):
        for name, value in FORM.items():
            if agent.locator(f"#{name}").is_visible():
                agent.fill(f"#{name}", value)
        before = agent.url
        agent.locator("main button.primary").click()
        agent.wait_for_url(lambda url, before=before: url != before)
    agent.goto(re.sub(r"/\w+$", "/check", agent.url))
    agent.check('input[name="declared"]')
    agent.locator("main button.primary").click()
    agent.wait_for_url("**/done")
    agent.goto("/space")
    reachable(agent)
    expect(agent.locator("[data-badge]")).to_have_text("实时")

    firm.goto("/space/firm")
    firm.get_by_role("button", name="收回 钱芸 的授权").click()
    expect(agent.locator("h1")).to_have_text(f"您不再以 {HEJI} 的名义办理", timeout=WITHIN_MS)
    reachable(agent)
    agent.locator("main a.primary").click()
    expect(agent.locator(".acting")).to_have_count(0)


@pytest.mark.parametrize("login", ["", "heji", "shenjiahe"])
def test_pages_of_accounts_and_firms_are_within_reach(city_url: str, visit: Open, login: str) -> None:
    pages = {
        "": ("/register", "/register?kind=firm", "/en/register"),
        "heji": ("/space/firm", "/me/real-name", "/en/space/firm"),
        "shenjiahe": ("/acting", "/me/real-name?need=3&next=/space", "/space"),
    }
    page = visit(city_url, login, viewport=PHONE, reduced_motion="reduce")
    for elder in (False, True):
        if elder:
            page.context.add_cookies([{"name": "onewindow_view", "value": "elder", "url": city_url}])
        for path in pages[login]:
            page.goto(path)
            reachable(page)
