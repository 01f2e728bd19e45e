"""Signing in through another provider as pages: there and back, what goes wrong, and one's own links."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from flask import Flask

from chassis.database import Database
from chassis.fakes.web import Mint
from services.identity import orm
from services.portal.web import create_app
from tests.integration.identity_office import PASSWORD
from tests.integration.province_city import Connected
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import catalog
from tests.unit.portal.staff_city import StaffCity

BUTTON = "用省统一身份认证登录"
AWAY = "那边的登录系统暂时没有回应"


class Town(StaffCity):
    """`StaffCity` with a province."""

    def __init__(self, folder: Path, mint: Mint, catalog: Flask, portal: Database):
        super().__init__(folder, mint, catalog, portal)
        self.connected = Connected(self.office.app, folder)

    def away(self) -> None:
        def fail(*_: Any) -> tuple[int, bytes]:
            raise requests.ConnectionError

        self.connected.line.change = fail


@pytest.fixture
def town(mint: Mint, catalog_folder: Path, tmp_path: Path, database: Database) -> Iterator[Town]:
    made = Town(tmp_path, mint, catalog(catalog_folder), database)
    made.heard_by(database)
    yield made
    made.close()


@pytest.fixture
def site(database: Database, town: Town) -> Flask:
    return town.at(create_app(database.config, database))


@pytest.fixture
def browser(site: Flask) -> Browser:
    return Browser(site.test_client())


def there(browser: Browser, wanted: str = "/space") -> str:
    """To the province, from the sign-in page; returns where the browser is sent."""
    browser.get(f"/sign-in?next={quote(wanted)}")
    text = unescape(shown(browser))
    link = text[: text.index(BUTTON)].rpartition('href="')[2].partition('"')[0]
    answer = browser.client.get(link)
    assert answer.status_code == 303
    return str(answer.location)


def back(browser: Browser, town: Town, login: str, wanted: str = "/space") -> Browser:
    """The whole way."""
    address = town.connected.sign_in(there(browser, wanted), login)
    parts = urlsplit(address)
    browser.get(f"{parts.path}?{parts.query}")
    return browser


def shown(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def acts(town: Town) -> list[str]:
    return [row.act for row in town.office.rows(orm.audit)]


def test_the_page_that_was_wanted_comes_after_the_province(browser: Browser, town: Town) -> None:
    back(browser, town, "liyuantu", "/me/security")
    assert browser.address == "/me/security"
    assert "李远途" in shown(browser) and "从别处登录" in shown(browser)


def test_in_english_too(browser: Browser, town: Town) -> None:
    browser.get("/en/space")
    assert "Sign in with Provincial Identity" in shown(browser)


def test_without_a_provider_the_page_is_as_it_was(database: Database, town: Town, site: Flask) -> None:
    town.office.app.extensions["identity.upstreams"]._clients.clear()
    page = Browser(site.test_client()).get("/sign-in")
    assert page.status_code == 200 and "统一身份认证" not in page.text


def test_while_the_province_is_away_the_page_says_so_and_passwords_go_on(
    browser: Browser, town: Town
) -> None:
    town.office.open("shen", is_demonstration=True)
    town.away()
    browser.get("/sign-in?next=/me/security")
    browser.get("/sign-in/with/province?next=" + quote("/me/security"))
    assert AWAY in shown(browser)
    browser.give("shen", PASSWORD)
    assert "登录与安全" in shown(browser)


def test_away_on_the_way_back_nobody_is_signed_in(browser: Browser, town: Town) -> None:
    address = urlsplit(town.connected.sign_in(there(browser), "liyuantu"))
    town.away()
    town.connected.line.called.clear()
    town.office.app.extensions["identity.upstreams"].client("province")._metadata = None
    browser.get(f"{address.path}?{address.query}")
    assert AWAY in shown(browser) and browser.address == "/sign-in/account"
    assert not town.office.rows(orm.session)


def test_an_answer_in_another_browser_signs_nobody_in(site: Flask, browser: Browser, town: Town) -> None:
    address = urlsplit(town.connected.sign_in(there(browser), "liyuantu"))
    other = Browser(site.test_client())
    other.get(f"{address.path}?{address.query}")
    assert "没有登录任何账号" in shown(other) and acts(town)[-1] == "upstream:browser"
    browser.get(f"{address.path}?{address.query}")
    assert acts(town)[-1] == "upstream:state" and not town.office.rows(orm.session)


def test_an_answer_nobody_asked_for_is_written_down(browser: Browser, town: Town) -> None:
    browser.get("/sign-in/from/province?code=x&state=made-up")
    assert "请重新点一次登录按钮" in shown(browser) and acts(town)[-1] == "upstream:state"
    assert browser.get("/sign-in/from/nowhere?code=x&state=y").status_code == 404
    assert browser.get("/sign-in/with/no_where").status_code == 404


def test_who_says_no_there_is_told_so_here(browser: Browser, town: Town) -> None:
    address = there(browser).removeprefix("http://127.0.0.1:8200")
    denied = urlsplit(town.connected.pages.test_client().post(address, data={"deny": "1"}).location)
    browser.get(f"{denied.path}?{denied.query}")
    assert "您没有同意" in shown(browser) and acts(town)[-1] == "upstream:denied"


def test_a_second_factor_is_asked_after_the_province(browser: Browser, town: Town) -> None:
    back(browser, town, "liyuantu")
    (account,) = [row for row in town.office.rows(orm.account) if row.display_name == "李远途"]
    town.office.ids["li"] = account.account_id
    secret, _ = town.office.enrol("li")
    other = Browser(browser.client.application.test_client())
    back(other, town, "liyuantu", "/me/security")
    assert other.address == "/sign-in/second-factor"
    other.post("/sign-in/second-factor", code=town.office.code(secret))
    assert "登录与安全" in shown(other)


def claimed(town: Town) -> None:
    town.office.open("zhou", is_demonstration=True, id_number="329982199011116023", level=1)


def test_a_claimed_number_is_linked_by_signing_in_once(browser: Browser, town: Town) -> None:
    claimed(town)
    back(browser, town, "zhouxiaoman", "/me/security")
    assert browser.address == "/sign-in/link" and "先登录一次原来的账号" in shown(browser)
    wanted = unescape(shown(browser)).partition('class="button primary" href="')[2].partition('"')[0]
    browser.get(wanted)
    browser.give("zhou", PASSWORD)
    assert "已关联" in shown(browser) and len(town.office.rows(orm.upstream_link)) == 1
    browser.get("/sign-in/link")
    assert "先登录一次原来的账号" not in shown(browser)


def test_who_says_that_it_isnt_theirs_gets_another_account(browser: Browser, town: Town) -> None:
    claimed(town)
    back(browser, town, "zhouxiaoman", "/me/security")
    browser.post("/sign-in/link")
    assert browser.address == "/me/security" and "周晓满" in shown(browser)
    assert "unclaim_number" in acts(town)


def test_unlinking_takes_a_password_of_ones_own_first(browser: Browser, town: Town) -> None:
    back(browser, town, "liyuantu", "/me/security")
    (link,) = town.office.rows(orm.upstream_link)
    where = f"/me/security/links/{link.link_id}/end"
    browser.post(where)
    assert "请先在这一页设一个密码" in shown(browser)
    browser.post("/me/security/password", first="1", new_password="", again="")
    assert "请填写新密码" in shown(browser)
    browser.post("/me/security/password", first="1", new_password="short", again="short")
    assert "至少" in shown(browser)
    long = "a long enough one of mine"
    browser.post("/me/security/password", first="1", new_password=long, again=long)
    assert "密码设好了" in shown(browser) and "现在的密码" in shown(browser)
    browser.post(where)
    assert "已取消关联" in shown(browser) and not town.office.rows(orm.upstream_link)
    browser.post(where)
    assert "已取消关联" in shown(browser)


def test_signing_out_says_that_the_province_may_go_on(browser: Browser, town: Town) -> None:
    back(browser, town, "liyuantu")
    browser.get("/sign-out")
    browser.post("/sign-out")
    assert "您在省统一身份认证那边可能还登录着" in shown(browser)
    town.office.open("shen", is_demonstration=True)
    browser.get("/sign-in?next=/me/security")
    browser.give("shen", PASSWORD)
    browser.get("/sign-out")
    browser.post("/sign-out")
    assert "可能还登录着" not in shown(browser)
