"""The portal as a client of the OpenID provider, and as the provider's face."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity

Visit = Callable[..., Browser]
TAX = "/api/identity/authorize?client_id=tax-office&scope=openid+profile&ui_locales=zh"


def test_the_page_that_was_wanted_comes_after_signing_in(visit: Visit) -> None:
    browser = visit()
    browser.get("/en/space")
    assert browser.address == "/en/sign-in/account"
    browser.sign_in("heji")
    assert browser.address == "/en/space"


def test_the_request_has_state_nonce_and_a_challenge_that_never_come_twice(visit: Visit) -> None:
    seen: list[dict[str, list[str]]] = []
    for _ in range(2):
        answer = visit().client.get("/sign-in?next=/space")
        seen.append(parse_qs(urlsplit(answer.location).query))
    assert seen[0]["redirect_uri"] == ["http://localhost/sign-in/done"]
    assert seen[0]["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(seen[0][name][0]) >= 20 and seen[0][name] != seen[1][name]


def test_the_browser_is_known_again_without_a_password(visit: Visit) -> None:
    browser = visit("heji")
    cookie = browser.client.get_cookie("onewindow_sso")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax" and cookie.path == "/"
    browser.client.delete_cookie("onewindow")
    browser.get("/space")
    assert browser.address == "/space"


def test_signing_out_ends_the_session_at_the_provider_too(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    browser.get("/sign-out")
    browser.post("/sign-out")
    assert len(city.sign_ins.ended) == 1 and not city.sign_ins.browsers
    assert browser.client.get_cookie("onewindow_sso") is None
    browser.get("/space")
    assert browser.address == "/sign-in/account"


def test_signing_in_as_somebody_else_ends_the_browsers_old_session(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    browser.get("/sign-in/account?next=" + quote("/api/identity/authorize?client_id=portal", safe=""))
    browser.client.post("/sign-in/account", data={"csrf": "x"})
    assert not city.sign_ins.ended
    browser.get("/sign-in/account")
    browser.post("/sign-in/account", login="shenjiahe", password="demo", next="/space")
    assert len(city.sign_ins.ended) == 1


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"aud": ["tax-office"]}, {"iss": "https://evil.example"}, {"exp": 1.0}],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_signs_nobody_in(
    visit: Visit, city: FakeCity, claims: dict[str, object]
) -> None:
    city.sign_ins.claims = claims
    browser = visit()
    assert browser.sign_in("heji").status_code == 400
    assert "登录没有接上" in browser.get("/sign-in/done?code=x&state=y").text
    assert "退出" not in browser.get("/").text


def test_an_answer_nobody_asked_for_signs_nobody_in(visit: Visit) -> None:
    browser = visit()
    page = browser.get("/sign-in/done?code=stolen&state=made-up&iss=http://localhost/api/identity")
    assert page.status_code == 400 and "登录没有接上" in page.text


def test_at_another_host_name_the_sign_in_moves_to_the_known_one(visit: Visit) -> None:
    client = visit().client
    moved = client.get("/sign-in?next=/space", base_url="http://127.0.0.1:8000")
    assert moved.location == "http://localhost/sign-in?next=%2Fspace&here=1"
    stays = client.get("/sign-in?next=/space&here=1", base_url="http://127.0.0.1:8000")
    assert stays.location.startswith("/api/identity/authorize?")


def test_a_third_partys_system_asks_once_and_can_be_refused(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    page = browser.get(f"/sign-in/consent?next={quote(TAX, safe='')}")
    assert "用这个账号登录税务局办税系统？" in page.text and "身份证号" in page.text
    denied = browser.post("/sign-in/consent", next=TAX, answer="no")
    assert denied.headers["Refresh"] == f"0; url={TAX}&denied=1" and not city.sign_ins.consented
    browser.get(f"/sign-in/consent?next={quote(TAX, safe='')}")
    agreed = browser.post("/sign-in/consent", next=TAX, answer="yes")
    assert agreed.headers["Refresh"] == f"0; url={TAX}"
    (given,) = city.sign_ins.consented
    assert (given["client_id"], given["scope"]) == ("tax-office", "openid profile")
    assert "税务局办税系统" in browser.get("/me/systems").text
    assert "还没有" in browser.post("/me/systems", client_id="tax-office").text
