"""Signatures before filing: the applicant's step, the signers' page, and the case afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import ACCOUNTS, FakeCity
from tests.unit.portal.fake_signing import DIGEST
from tests.unit.portal.forms import COMPANY
from tests.unit.portal.test_apply import fill_in

Visit = Callable[..., Browser]
PHONE = "10099505121"
SHEN, GU = ("沈佳禾", "acc-shen"), ("顾明川", "acc-gu")


@pytest.fixture
def city(city: FakeCity, monkeypatch: pytest.MonkeyPatch) -> FakeCity:
    """Where two people have to sign."""
    gu = {"account_id": GU[1], "kind": "person", "display_name": GU[0], "roles": []}
    monkeypatch.setitem(ACCOUNTS, "gumingchuan", gu)
    city.signers = [SHEN, GU]
    return city


def at_signers(browser: Browser) -> str:
    """Fill in and submit; returns the address of the signers' step."""
    browser.post(fill_in(browser, "new-company", COMPANY), declared="yes")
    assert browser.address.endswith("/signers")
    return browser.address


def sent(browser: Browser) -> str:
    path = at_signers(browser)
    browser.post(path, phones__1=PHONE, declared="yes", act="send")
    return path


def test_submitting_leads_to_the_signers_and_nothing_is_filed(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    at_signers(browser)
    assert browser.page is not None and "顾明川的手机号" in browser.page.text
    assert "股东" in browser.page.text and not city.cases


def test_everything_wrong_with_the_numbers_is_told_at_once(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    path = at_signers(browser)
    page = browser.post(path, phones__1="123", act="send")
    assert page.status_code == 422 and 'href="#phones.1"' in page.text and 'href="#declared"' in page.text
    assert 'value="123"' in page.text and not city.rounds
    page = browser.post(path, declared="yes", act="send")
    assert page.status_code == 422 and "请填写这位签署人的手机号" in page.text


def test_what_the_form_lacks_leads_back_to_the_check(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    path = at_signers(browser)
    city.errors = [{"field": "form.company_name", "zh": "名称已被占用", "en": "The name is taken"}]
    page = browser.post(path, phones__1=PHONE, declared="yes", act="send")
    assert page.status_code == 422 and "名称已被占用" in page.text and "核对并提交" in page.text


def test_it_goes_round_is_signed_and_filed(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    path = sent(browser)
    assert browser.page is not None and "等待签署" in browser.page.text and "已签署" in browser.page.text
    signer = visit("gumingchuan")
    page = signer.get("/signer/token-1")
    assert "江塘禾记餐饮有限公司" in page.text and "沈佳禾" in page.text and DIGEST in page.text
    assert "租赁合同" in page.text and "我已看过，同意签署" in page.text
    assert signer.get("/signer/token-1/files/m-1").mimetype == "application/pdf"
    signer.get("/signer/token-1")
    assert "请确认您已看过全部内容" in signer.post("/signer/token-1", act="sign").text
    assert "申请已提交" in signer.post("/signer/token-1", act="sign", declared="yes").text
    browser.get(path)
    (case,) = city.cases
    assert browser.address == f"/cases/{case}/done"
    page = browser.get(f"/cases/{case}")
    assert "顾明川" in page.text and "L2 实名" in page.text and DIGEST in page.text


def test_the_officer_sees_beside_the_form_who_signed(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    sent(browser)
    signer = visit("gumingchuan")
    signer.get("/signer/token-1")
    signer.post("/signer/token-1", act="sign", declared="yes")
    (case,) = city.cases.values()
    branch = next(b for b in case["branches"] if b["department"] == "SJ")
    page = visit("luming").get(f"/work/{branch['branch_no']}")
    assert page.status_code == 200 and "顾明川" in page.text and DIGEST in page.text


def test_a_second_click_says_that_it_is_signed(visit: Visit, city: FakeCity) -> None:
    sent(visit("shenjiahe"))
    city.signers.append(("唐如意", "acc-tang"))
    (found,) = city.rounds.values()
    found["signers"].append(found["signers"][1] | {"name": "唐如意"})
    signer = visit("gumingchuan")
    signer.get("/signer/token-1")
    signer.post("/signer/token-1", act="sign", declared="yes")
    page = signer.post("/signer/token-1", act="sign", declared="yes")
    assert "您已签署" in page.text and "已经答复过了" in page.text and not city.cases


def test_an_objection_stops_it_and_the_applicant_reads_why(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    path = sent(browser)
    signer = visit("gumingchuan")
    signer.get("/signer/token-1")
    page = signer.post("/signer/token-1", act="object", reason="不")
    assert page.status_code == 422 and "请写明您的意见" in page.text
    page = signer.post("/signer/token-1", act="object", reason="出资比例不对")
    assert "您的意见已告诉申请人" in page.text and "我已看过，同意签署" not in page.text
    page = browser.get(path)
    assert "顾明川有不同意见" in page.text and "出资比例不对" in page.text and "发给各位签署人" in page.text


def test_the_link_is_sent_again_and_the_round_taken_back(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    path = sent(browser)
    assert "新的链接已发出" in browser.post(path, act="again:signer-1").text
    assert "链接已经发过几次了" in browser.post(path, act="again:signer-1").text
    page = browser.post(path, act="back")
    assert "签署已撤回" in page.text and "发给各位签署人" in page.text


def test_somebody_else_reads_nothing(visit: Visit, city: FakeCity) -> None:
    sent(visit("shenjiahe"))
    page = visit("shenjiahe").get("/signer/token-1")
    assert page.status_code == 403 and "这份签署是发给另一位的" in page.text
    assert "江塘禾记餐饮有限公司" not in page.text
    assert visit("gumingchuan").get("/signer/token-9").status_code == 404
    assert visit("luming").get("/signer/token-1").status_code == 403


def test_without_a_checked_number_one_is_led_to_it_and_back(visit: Visit, city: FakeCity) -> None:
    sent(visit("shenjiahe"))
    city.low_level = True
    page = visit("gumingchuan").get("/signer/token-1")
    assert page.status_code == 403
    assert re.search(r'href="/me/real-name\?need=2&amp;next=/signer/token-1"', page.text)


def test_a_link_leads_through_the_sign_in(visit: Visit, city: FakeCity) -> None:
    sent(visit("shenjiahe"))
    signer = visit()
    signer.get("/signer/token-1")
    assert signer.address == "/sign-in/account"
    signer.sign_in("gumingchuan")
    assert signer.address == "/signer/token-1"


def test_identity_away_loses_nothing(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    path = at_signers(browser)
    city.down = {"intake"}
    assert browser.post(path, phones__1=PHONE, declared="yes", act="send").status_code == 503
    city.down = set()
    browser.get(path)
    assert "等待签署" in browser.post(path, phones__1=PHONE, declared="yes", act="send").text


def test_it_stands_in_english_too(visit: Visit, city: FakeCity) -> None:
    sent(visit("shenjiahe"))
    page = visit("gumingchuan").get("/en/signer/token-1")
    assert "Please sign: Founding a company" in page.text and "I have read it and sign" in page.text
