"""Security, the steps of signing in, and administering staff as pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from chassis.database import Database
from chassis.fakes.web import Mint
from services.portal.web import create_app
from tests.integration.identity_office import PASSWORD
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import catalog
from tests.unit.portal.staff_city import StaffCity


@pytest.fixture
def town(mint: Mint, catalog_folder: Path, tmp_path: Path, database: Database) -> Iterator[StaffCity]:
    made = StaffCity(tmp_path, mint, catalog(catalog_folder), database)
    made.heard_by(database)
    yield made
    made.close()


@pytest.fixture
def site(database: Database, town: StaffCity) -> Flask:
    return town.at(create_app(database.config, database))


def visitor(site: Flask, town: StaffCity, login: str = "", *roles: str) -> Browser:
    """Somebody new; with a login, signed in by an account that nothing more is asked of."""
    browser = Browser(site.test_client())
    if login:
        if login not in town.office.ids:
            town.office.open(login, *roles, is_demonstration=True)
        enter(browser, login, PASSWORD)
    return browser


def enter(browser: Browser, login: str, password: str, wanted: str = "/") -> TestResponse:
    """Account and password, on the way to a page."""
    browser.get(f"/sign-in?next={wanted}" if wanted != "/" else "/sign-in")
    return browser.give(login, password)


def text(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.text


def secret_on(page: str) -> str:
    return re.findall(r'<code class="secret">(\w+)</code>', page)[0]


def test_a_second_factor_is_taken_up_and_then_asked_for(site: Flask, town: StaffCity) -> None:
    browser = visitor(site, town, "shen")
    browser.get("/me/security")
    assert "没有启用" not in text(browser)
    browser.post("/me/security/second-factor", factor_password="guess")
    assert "原来的密码不对" in text(browser)
    page = browser.post("/me/security/second-factor", factor_password=PASSWORD).text
    assert "<svg" in page
    assert "data:" not in page
    secret = secret_on(page)
    uri = re.findall(r'name="uri" value="([^"]+)"', page)[0].replace("&amp;", "&")
    page = browser.post("/me/security/second-factor/confirm", code="12", uri=uri, secret=secret).text
    assert "验证码不对" in page
    assert secret_on(page) == secret
    page = browser.post(
        "/me/security/second-factor/confirm", code=town.office.code(secret), uri=uri, secret=secret
    ).text
    codes = re.findall(r"<code>([\w-]{11})</code>", page)
    assert len(codes) == 10
    assert codes[0] not in browser.get("/me/security").text

    browser.post("/sign-out")
    page = enter(browser, "shen", PASSWORD, "/me/security").text
    assert browser.address == "/sign-in/second-factor"
    assert "验证码不对" in browser.post("/sign-in/second-factor", code="000").text
    browser.post("/sign-in/second-factor", code=codes[0])
    assert browser.address == "/me/security"
    assert "恢复码还剩 9 个" in text(browser)
    browser.post("/me/security/recovery-codes", renew_code=codes[1])
    assert len(re.findall(r"<code>([\w-]{11})</code>", text(browser))) == 10
    browser.get("/me/security")
    browser.post("/me/security/second-factor/remove", remove_code=codes[2])
    assert "验证码不对" in text(browser)
    browser.post("/me/security/second-factor/remove", remove_code=town.office.code(secret, 1))
    assert "两步登录已停用" in text(browser)


def test_a_new_head_chooses_a_password_and_sets_up_the_app_on_the_way_in(
    site: Flask, town: StaffCity
) -> None:
    town.office.open("head", "approver", has_initial_password=True)
    browser = visitor(site, town)
    enter(browser, "head", PASSWORD, "/me/security")
    assert browser.address == "/sign-in/new-password"
    page = browser.post("/sign-in/new-password", password="short", again="longer").text
    assert "两次填的不一样" in page
    assert "至少 10 位" in browser.post("/sign-in/new-password", password="short", again="short").text
    sentence = "my own long sentence"
    page = browser.post("/sign-in/new-password", password=sentence, again=sentence).text
    assert browser.address == "/sign-in/second-factor"
    secret = secret_on(page)
    page = browser.post("/sign-in/second-factor", code="1").text
    assert secret_on(page) == secret
    page = browser.post("/sign-in/second-factor", code=town.office.code(secret)).text
    assert len(re.findall(r"<code>([\w-]{11})</code>", page)) == 10
    browser.get(unescape(re.findall(r'href="(/api/identity/authorize[^"]+)"', page)[0]))
    assert browser.address == "/me/security"
    assert "您的岗位必须启用" not in browser.get("/me/security").text
    assert "停用两步登录" not in text(browser)


def test_the_steps_pages_without_a_sign_in_lead_to_its_beginning(site: Flask, town: StaffCity) -> None:
    for path in ("/sign-in/second-factor", "/sign-in/new-password"):
        browser = visitor(site, town)
        browser.get(path)
        assert browser.address == "/sign-in/account"


def test_a_step_that_took_too_long_begins_again(site: Flask, town: StaffCity) -> None:
    town.office.open("shen")
    secret, _ = town.office.enrol("shen")
    browser = visitor(site, town)
    enter(browser, "shen", PASSWORD)
    for _ in range(5):
        browser.post("/sign-in/second-factor", code="123")
    browser.post("/sign-in/second-factor", code=town.office.code(secret))
    assert browser.address == "/sign-in/account"
    assert "从账号和密码重新开始" in text(browser)


def test_changing_the_password_signs_out_the_other_device(
    site: Flask, town: StaffCity, database: Database
) -> None:
    here, there = (visitor(site, town, "shen") for _ in range(2))
    assert "2 处" not in here.get("/me/security").text
    assert text(here).count("让它退出") == 1
    page = here.post("/me/security/password", password="", new_password="a", again="b").text
    assert "请填写现在的密码" in page
    assert "两次填的不一样" in page
    own = "my own long sentence"
    assert (
        "原来的密码不对"
        in here.post("/me/security/password", password="guess", new_password=own, again=own).text
    )
    here.post("/me/security/password", password=PASSWORD, new_password=own, again=own)
    assert "密码改好了" in text(here)
    assert "让它退出" not in text(here)
    town.heard_by(database)
    site.extensions["onewindow"].verifier.keyring.refresh(0)
    there.get("/me/security")
    assert there.address == "/sign-in/account"


def test_devices_are_signed_out_one_by_one_or_all(site: Flask, town: StaffCity) -> None:
    here = visitor(site, town, "shen")
    for _ in range(3):
        visitor(site, town, "shen")
    here.get("/me/security")
    first = re.findall(r"/me/security/sessions/\w+/end", text(here))[0]
    here.post(first)
    assert "已经让那台设备退出" in text(here)
    here.post("/me/security/sessions/end-others")
    assert "其他 2 台设备已退出" in text(here)
    here.post("/me/security/sessions/end-others")
    assert "没有别的设备登录" in text(here)


def test_an_administrator_opens_changes_and_suspends_an_account(site: Flask, town: StaffCity) -> None:
    admin = visitor(site, town, "admin", "platform_admin")
    assert "还没有人" not in admin.get("/admin/staff").text
    admin.get("/admin/staff/new")
    page = admin.post("/admin/staff/new", login="!", display_name="", department="").text
    assert page.count('aria-invalid="true"') == 3
    assert "请至少选一个岗位" in page
    page = admin.post(
        "/admin/staff/new", login="luming", display_name="陆明远", department="SJ", roles="officer"
    ).text
    password = re.findall(r'<code class="once">([a-z0-9]{12})</code>', page)[0]
    assert password not in admin.get("/admin/staff").text
    found = re.findall(r'href="(/admin/staff/\w{32})">陆明远', text(admin))[0]
    newcomer = visitor(site, town)
    enter(newcomer, "luming", password)
    assert newcomer.address == "/sign-in/new-password"

    page = admin.get(found).text
    mark = re.findall(r'name="mark" value="(\w+)"', page)[0]
    admin.post(found, mark=mark, department="SJ", roles=["officer", "reviewer"])
    assert "已保存" in text(admin)
    admin.post(found, mark=mark, department="SJ", roles="helper")
    assert "已被他人更改" in text(admin)
    admin.post(f"{found}/initial-password")
    assert "初始密码" in text(admin)
    admin.get(found)
    admin.post(f"{found}/suspend")
    assert "账号已停用" in text(admin)
    enter(newcomer, "luming", password)
    admin.get(found)
    admin.post(f"{found}/resume")
    assert "账号已恢复" in text(admin)
    own = admin.get(f"/admin/staff/{town.office.ids['admin']}").text
    assert "由另一位管理员来改" in own
    assert "停用账号" not in own


def test_the_security_administrator_resets_a_lost_second_factor_and_sees_sign_ins(
    site: Flask, town: StaffCity
) -> None:
    head = town.office.open("head", "approver")
    town.office.enrol("head")
    security = visitor(site, town, "security", "security_admin")
    assert security.address == "/admin/staff"
    page = security.get(f"/admin/staff/{head}").text
    assert 'name="roles"' not in page
    security.post(f"/admin/staff/{head}/second-factor")
    assert "两步登录已重置" in text(security)
    security.post(f"/admin/staff/{head}/second-factor")
    assert "还没有用两步登录" in text(security)
    assert "登录成功" in security.get("/admin/sign-ins").text
    assert security.get("/admin/audit").status_code == 403


def test_the_auditor_reads_what_was_done(site: Flask, town: StaffCity) -> None:
    admin = visitor(site, town, "admin", "platform_admin")
    admin.get("/admin/staff")
    auditor = visitor(site, town, "auditor", "auditor")
    assert auditor.address == "/admin/audit"
    page = auditor.get("/admin/audit?act=list_staff").text
    assert "看人员名单" in page
    assert "某admin" in page
    assert "没有符合的记录" in auditor.get("/admin/audit?actor=nobody").text
    assert auditor.get("/admin/audit?cursor=x").status_code == 404
    assert auditor.get("/en/admin/audit").status_code == 200
    assert auditor.get("/admin/staff").status_code == 403


def test_a_units_it_looks_at_its_staff_and_changes_nothing(site: Flask, town: StaffCity) -> None:
    town.office.open("other", "officer", department="GA")
    it = visitor(site, town, "tang", "department_it")
    page = it.get("/admin/staff").text
    assert "某tang" in page and "某other" not in page and "/admin/staff/new" not in page
    mine = it.get(f"/admin/staff/{town.office.ids['tang']}").text
    assert "部门信息员" in mine and "保存" not in mine
    assert it.get(f"/admin/staff/{town.office.ids['other']}").status_code == 404
    assert it.get("/admin/staff/new").status_code == 403
    assert it.post(f"/admin/staff/{town.office.ids['tang']}", department="SJ").status_code == 403


@pytest.mark.parametrize("path", ["/me/security", "/admin/staff", "/admin/sign-ins", "/admin/audit"])
def test_nobody_sees_these_pages_without_signing_in(site: Flask, town: StaffCity, path: str) -> None:
    browser = visitor(site, town)
    browser.get(path)
    assert browser.address == "/sign-in/account"
