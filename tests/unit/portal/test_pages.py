"""Pages for everybody, and what every answer keeps."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity

Visit = Callable[..., Browser]
PUBLIC = (
    "/",
    "/packages/new-company",
    "/packages/open-restaurant",
    "/items/food-licence",
    "/sign-in",
    "/track",
)


@pytest.mark.parametrize("path", [*PUBLIC, "/design"])
def test_a_page_opens_in_both_languages(visit: Visit, path: str) -> None:
    chinese, english = visit().get(path), visit().get("/en" + path)
    assert chinese.status_code == english.status_code == 200
    assert '<html lang="zh-Hans-CN"' in chinese.text
    assert '<html lang="en"' in english.text
    assert chinese.text.count("<h1") == english.text.count("<h1") == 1


def test_english_pages_link_to_english_pages_and_to_their_chinese_twin(visit: Visit) -> None:
    page = visit().get("/en/packages/new-company?a=1").text
    assert 'href="/en/track"' in page
    assert 'href="/packages/new-company?a=1" lang="zh-Hans-CN"' in page


def test_the_policy_allows_neither_inline_script_nor_foreign_origins(visit: Visit) -> None:
    page = visit().get("/design")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert "<style" not in page.text and " style=" not in page.text and "onclick" not in page.text


def test_styles_and_scripts_are_kept_by_browsers_until_they_change(visit: Visit) -> None:
    with visit().client.get("/static/desk.css?v=1") as answer:
        answer.get_data()
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_looking_around_sets_no_cookie(visit: Visit) -> None:
    for path in ("/", "/packages/new-company", "/healthz"):
        assert "Set-Cookie" not in visit().client.get(path).headers


def test_the_start_page_stands_while_intake_is_away(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    city.down = {"intake"}
    assert browser.get("/").status_code == 200


def test_links_of_an_odd_address_stay_on_this_site(visit: Visit) -> None:
    assert 'href="//evil' not in visit().client.get("//evil.example/x").text


def test_a_form_of_another_session_changes_nothing(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    page = browser.client.post("/apply/new-company", data={"csrf": "guess"})
    assert page.status_code == 403
    assert "这张表过期了" in page.text
    assert not city.cases


def test_a_form_sent_from_another_site_is_refused(visit: Visit) -> None:
    browser = visit("heji")
    page = browser.client.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 403


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "evil"])
def test_signing_in_never_leads_to_another_site(visit: Visit, wanted: str) -> None:
    browser = visit()
    browser.get(f"/sign-in?{urlencode({'next': wanted})}")
    browser.sign_in("heji")
    assert browser.address == "/"
    browser.get("/sign-in/account")
    assert browser.post("/sign-in/account", login="heji", password="demo", next=wanted).status_code == 200
    assert browser.address == "/"


def test_a_wrong_password_keeps_the_account_typed_and_says_what_to_do(visit: Visit) -> None:
    browser = visit()
    browser.get("/sign-in")
    page = browser.give("heji", "nope")
    assert page.status_code == 422
    assert "账号或密码不对" in page.text and 'value="heji"' in page.text and "nope" not in page.text


def test_an_unknown_address_says_what_to_do(visit: Visit) -> None:
    page = visit().get("/nowhere")
    assert page.status_code == 404
    assert "没有找到这一页" in page.text and "凭编号查进度" in page.text


def test_an_unknown_item_is_not_found(visit: Visit) -> None:
    assert visit().get("/items/nothing").status_code == 404


def test_staff_pages_are_closed_to_citizens_and_say_whose_they_are(visit: Visit) -> None:
    page = visit("heji").get("/work")
    assert page.status_code == 403
    assert "这里由工作人员使用" in page.text


def test_a_missing_service_says_what_is_saved_and_whom_to_call(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    city.down = {"intake"}
    page = browser.get("/space")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "10"
    assert "都已保存" in page.text and "100 0032 0001" in page.text


def test_the_catalogue_may_be_away_for_pages_seen_before(visit: Visit, city: FakeCity) -> None:
    browser = visit()
    browser.get("/packages/new-company")
    city.down = {"catalog"}
    assert browser.get("/packages/new-company").status_code == 200


def test_the_large_view_is_remembered_and_can_be_left(visit: Visit) -> None:
    browser = visit()
    assert 'class="elder' in browser.post("/view", mode="elder", next="/track").text
    assert browser.address == "/track"
    assert 'class="elder' in browser.get("/").text
    assert 'class="elder' not in browser.post("/view", mode="plain", next="/").text


def test_health_and_metrics_are_there(visit: Visit) -> None:
    client = visit().client
    assert client.get("/healthz").status_code == 200
    assert b"http_requests_total" in client.get("/metrics").data


def test_an_oversized_form_is_refused(visit: Visit) -> None:
    browser = visit("heji")
    assert browser.post("/track", application_no="x" * 2_000_000).status_code == 413
