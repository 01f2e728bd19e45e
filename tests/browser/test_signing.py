"""Signing on two phones: sent round, read, signed, filed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Open, Site
from tests.browser.test_pages import look, smaller_than, spills
from tests.unit.portal.fake_city import ACCOUNTS
from tests.unit.portal.forms import COMPANY

TARGETS = "button, .button, input:not([type=hidden], [type=checkbox], [type=radio]), .card, summary"
DRAFT = "draft-to-sign"


@pytest.fixture
def draft(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """A draft of the founder's that two people have to sign; the address of its check page."""
    gu = {"account_id": "acc-gu", "kind": "person", "display_name": "顾明川", "roles": []}
    monkeypatch.setitem(ACCOUNTS, "gumingchuan", gu)
    site.city.signers = [("沈佳禾", "acc-shen"), ("顾明川", "acc-gu")]
    site.city.drafts[DRAFT] = {
        "draft_id": DRAFT,
        "owner": "acc-shen",
        "procedure": "new-company",
        "title": site.city.procedure("new-company")["title"],
        "answers": dict(COMPANY),
        "origins": {},
        "touched": {},
        "revision": 1,
        "saved_at": site.city.now.isoformat(),
        "application_no": None,
    }
    return f"/apply/{DRAFT}/check"


def within_reach(page: Page) -> None:
    assert look(page) == []
    assert spills(page) == 0
    assert smaller_than(page, 44, TARGETS) == []


def test_two_phones_sign_and_it_is_filed(site: Site, visit: Open, draft: str) -> None:
    mine = visit(site.url, "shenjiahe", viewport=PHONE)
    mine.goto(draft)
    mine.check("#declared")
    mine.click("text=提交申请")
    expect(mine.locator("h1")).to_have_text("请各方签署")
    within_reach(mine)
    mine.fill("[id='phones.1']", "10099505121")
    mine.check("#declared")
    mine.click("text=发给各位签署人")
    expect(mine.locator("main")).to_contain_text("等待签署")
    within_reach(mine)
    theirs = visit(site.url, "gumingchuan", viewport=PHONE)
    theirs.goto("/signer/token-1")
    expect(theirs.locator("main")).to_contain_text("江塘禾记餐饮有限公司")
    within_reach(theirs)
    theirs.check("#declared")
    theirs.click("text=我已看过，同意签署")
    expect(theirs.locator("main")).to_contain_text("申请已提交")
    within_reach(theirs)
    mine.click("text=看看签得怎么样了")
    expect(mine.locator("h1")).to_contain_text("已收到您的申请")
    mine.click("text=看办理进度")
    expect(mine.locator("main")).to_contain_text("L2 实名")
    within_reach(mine)
