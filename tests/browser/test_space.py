"""One person's space in a browser, over the whole platform: certificates instead of materials, who read what,
and the firm that a licence founds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo.client import Client
from demo.platform import Platform
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.test_pages import look, spills
from tests.browser.test_platform import apply
from tests.e2e.city import City, until


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("space")) as running:
        yield running


def within_reach(page: Page, path: str) -> None:
    page.goto(path)
    assert (path, look(page)) == (path, [])
    assert (path, spills(page)) == (path, 0)
    assert page.locator("h1").count() == 1


def test_what_the_city_holds_is_not_asked_for_and_its_reading_is_seen(
    platform: Platform, visit: Open
) -> None:
    page = visit(platform.url, "shenjiahe", viewport=PHONE, reduced_motion="reduce")
    within_reach(page, "/space")
    first = page.locator(".certificate").first
    expect(first).to_contain_text("从业人员健康证明")
    expect(first).to_contain_text("天到期")

    number = apply(page, "new-company")
    city = City(platform.urls)
    branch = city.wait_open("shenjiahe", number, "company-registration")["company-registration"]
    path = f"/dossiers/{branch['branch_no']}"
    dossier = Client(platform.urls, "officer-sj").get("intake", path)
    card = next(m for m in dossier["materials"] if m["code"] == "m01")
    assert (card["file"], card["certificate"]["number"]) == (None, "329982199504183021")

    def seen() -> bool:
        page.goto("/space/readings")
        return page.locator(".reading", has_text=number).count() > 0

    until(seen, "told who read the case")
    reading = page.locator(".reading", has_text=number).first
    expect(reading).to_contain_text("市场监督管理局")
    expect(reading).to_contain_text("用途：审批")
    for view in (PHONE, DESK):
        page.set_viewport_size(view)  # type: ignore[arg-type]
        for address in ("/space", "/space/certificates", "/space/readings", "/space/materials", "/en/space"):
            within_reach(page, address)
    page.context.add_cookies([{"name": "onewindow_view", "value": "elder", "url": platform.url}])
    within_reach(page, "/space")
    within_reach(page, "/space/readings")


def test_a_licence_issued_founds_the_firm(platform: Platform) -> None:
    city = City(platform.urls)
    number = city.as_("shenjiahe").file("new-company")["application_no"]
    open_ = city.wait_open("shenjiahe", number, "company-registration")
    city.answer(open_["company-registration"])
    state = city.wait_case("shenjiahe", number, lambda s: s["licences"], "licence issued")
    code = state["licences"][0]["results"]["credit_code"]
    assert len(code) == 18
    licence = state["licences"][0]["licence_no"]

    def moved() -> bool:
        mine = city.as_("shenjiahe").get("identity", "/certificates")["items"]
        return all(c["certificate_id"] != licence for c in mine) and bool(firm_of(platform, code))

    until(moved, "the firm's own")
    assert firm_of(platform, code) == [licence]


def firm_of(platform: Platform, code: str) -> list[str]:
    """Certificates of the firm with this credit code, as its database has them."""
    database = next(platform.folder.rglob("identity.sqlite"))
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as reading:
        rows = reading.execute(
            "SELECT c.certificate_id FROM certificate c JOIN account a ON a.account_id = c.holder "
            "WHERE a.credit_code = ?",
            (code,),
        ).fetchall()
    return [row[0] for row in rows]
