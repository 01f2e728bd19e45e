"""From the first question to the case number."""

from __future__ import annotations

import re
from collections.abc import Callable

from demo.client import small_pdf
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.forms import COMPANY, RESTAURANT, typed

Visit = Callable[..., Browser]
PDF = small_pdf()


def fill_in(browser: Browser, code: str, answers: dict[str, object], extra: int = 0) -> str:
    """Answer every page; returns the address of the check page."""
    browser.post(f"/apply/{code}")
    data = {k.replace(".", "__"): v for k, v in typed(answers).items()}
    for _ in range(15):
        if browser.address.endswith("/check"):
            return browser.address
        if browser.address.endswith("/materials"):
            upload_all(browser)
            return browser.get(browser.address.replace("materials", "check")).request.path
        browser.post(browser.address, **data)
    raise AssertionError(f"stuck at {browser.address}")


def upload_all(browser: Browser) -> None:
    """Put a file into each slot that still needs one."""
    path = browser.address
    assert browser.page is not None
    for slot in re.findall(r'<li class="slot tone-wait.*?</li>', browser.page.text, re.DOTALL):
        code = re.findall(r'action="[^"]*/materials/([\w-]+)"', slot)[0]
        assert browser.upload(f"{path}/{code}", PDF).status_code == 200


def test_the_restaurant_is_filed_page_by_page(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    assert browser.page is not None and "禾记河虾面馆" in browser.page.text
    page = browser.post(check, declared="yes")
    (case,) = city.cases.values()
    assert browser.address == f"/cases/{case['application_no']}/done"
    assert case["application_no"] in page.text and case["query_code"] in page.text
    assert city.forms[case["application_no"]] == RESTAURANT


def test_shareholders_are_asked_in_rows(visit: Visit, city: FakeCity) -> None:
    browser = visit("shenjiahe")
    browser.post(fill_in(browser, "new-company", COMPANY), declared="yes")
    (form,) = city.forms.values()
    assert form["shareholders"] == COMPANY["shareholders"]


def test_a_row_can_be_added_and_taken_away_without_script(visit: Visit) -> None:
    browser = visit("shenjiahe")
    browser.post("/apply/new-company")
    path = re.sub(r"/1$", "/2", browser.address)
    rows = {"shareholders__0__name": "沈佳禾", "shareholders__0__share": "60"}
    page = browser.post(path, **rows, act="add:shareholders")
    assert 'name="shareholders.1.name"' in page.text and 'value="沈佳禾"' in page.text
    page = browser.post(path, **rows, shareholders__1__name="顾晓梅", act="remove:shareholders:0")
    assert 'name="shareholders.1.name"' not in page.text and 'value="顾晓梅"' in page.text


def test_a_double_click_makes_one_case(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    browser.post(check, declared="yes")
    first = browser.address
    browser.post(check, declared="yes")
    assert browser.address == first
    assert len(city.cases) == 1


def test_a_filing_whose_answer_was_lost_is_sent_again_under_the_same_key(
    visit: Visit, city: FakeCity
) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    city.down = {"intake"}
    assert browser.post(check, declared="yes").status_code == 503
    city.down = set()
    browser.get(check)
    browser.post(check, declared="yes")
    browser.get(check)
    assert len(city.cases) == 1 and browser.address.endswith("/done")


def test_nothing_is_filed_without_the_declaration(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    page = browser.post(fill_in(browser, "open-restaurant", RESTAURANT))
    assert page.status_code == 422
    assert "请确认您填写的内容真实" in page.text and 'href="#declared"' in page.text
    assert not city.cases


def test_a_page_tells_all_its_mistakes_at_once_and_links_to_them(visit: Visit) -> None:
    browser = visit("heji")
    browser.post("/apply/open-restaurant")
    page = browser.post(browser.address, operator_mobile="12")
    assert page.status_code == 422
    assert 'href="#shop_name"' in page.text and 'href="#operator_mobile"' in page.text
    assert "有错：" in page.text and "operator_mobile-wrong" in page.text


def test_what_intake_finds_wrong_leads_to_the_page_that_asked(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    city.errors = [{"field": "form.shop_name", "zh": "店名已被使用", "en": "This name is taken"}]
    page = browser.post(check, declared="yes")
    assert page.status_code == 422
    assert "店名已被使用" in page.text and re.search(r"/apply/[\w-]+/1\?back=check#shop_name", page.text)


def test_changing_one_answer_comes_back_to_the_check(visit: Visit) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    data = {k: v for k, v in typed(RESTAURANT | {"shop_name": "禾记二店"}).items()}
    page = browser.post(check.replace("check", "1"), **data, back="check")
    assert browser.address == check and "禾记二店" in page.text


def test_an_answer_that_is_no_longer_asked_for_is_not_sent(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    check = fill_in(browser, "open-restaurant", RESTAURANT)
    sign = re.findall(r'href="([^"]*)#has_sign"', browser.page.text if browser.page else "")[0]
    browser.post(sign, has_sign="no", back="check")
    assert browser.address == check
    browser.post(check, declared="yes")
    (form,) = city.forms.values()
    assert form["has_sign"] is False and "sign_text" not in form


def test_a_draft_waits_for_its_owner_and_for_nobody_else(visit: Visit) -> None:
    browser = visit("heji")
    browser.post("/apply/open-restaurant")
    step = browser.address
    browser.post(step, shop_name="禾记", act="later")
    assert browser.address == "/space"
    assert browser.page is not None and "没填完" in browser.page.text
    browser.post("/apply/open-restaurant")
    assert browser.address == step and 'value="禾记"' in browser.get(step).text
    assert visit("shenjiahe").get(step).status_code == 404


def test_a_draft_can_be_thrown_away(visit: Visit) -> None:
    browser = visit("heji")
    browser.post("/apply/open-restaurant")
    draft = browser.address.split("/")[2]
    browser.post(f"/apply/{draft}/discard")
    assert browser.get(f"/apply/{draft}/1").status_code == 404


def test_whoever_is_not_signed_in_is_brought_back_after_signing_in(visit: Visit) -> None:
    browser = visit()
    browser.get("/apply/new-company")
    assert browser.address == "/sign-in/account"
    browser.sign_in("shenjiahe")
    assert browser.address == "/apply/new-company"


def test_the_large_view_asks_one_question_a_page(visit: Visit) -> None:
    browser = visit("heji")
    browser.post("/view", mode="elder", next="/")
    page = browser.post("/apply/open-restaurant")
    assert page.text.count('class="question') == 1


def test_staff_can_not_apply(visit: Visit) -> None:
    assert visit("luming").get("/apply/new-company").status_code == 403
