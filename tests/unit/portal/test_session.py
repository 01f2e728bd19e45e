"""The sealed session: who it trusts, and how it renews itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from chassis.database import Database
from services.portal import handlers
from services.portal.session import COOKIE, Envelope, Session, SessionSeal
from tests.unit.portal.conftest import Browser, form_token
from tests.unit.portal.fake_city import FakeCity

KEY = b"k" * 32
Visit = Callable[..., Browser]


def test_a_session_survives_its_cookie_and_nobody_else_can_make_one() -> None:
    seal = SessionSeal(KEY)
    mine = Session(access="a", refresh="r", account={"account_id": "acc-1"})
    cookie = seal.write(mine)
    assert seal.read(cookie).account == {"account_id": "acc-1"}
    assert "acc-1" not in cookie
    assert seal.read(cookie[:-3] + "AAA").access == ""
    assert SessionSeal(b"x" * 32).read(cookie).access == ""
    assert seal.read("garbage %").access == ""


def test_a_link_can_not_be_used_as_a_session() -> None:
    assert SessionSeal(KEY).read(Envelope(KEY, "link").seal({"access": "a"})).access == ""


def test_only_the_last_few_tracked_cases_are_remembered() -> None:
    mine = Session()
    for n in range(5):
        mine.track(f"SJ{n}", "code")
    assert list(mine.tracked) == ["SJ2", "SJ3", "SJ4"]


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(visit: Visit) -> None:
    page = visit().client.get("/sign-in")
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def ending(visit: Visit, city: FakeCity) -> Browser:
    """Signed in with a token that is about to end; the next one is an ordinary one."""
    browser = visit()
    browser.get("/sign-in")
    city.token_seconds = 1
    browser.sign_in("heji")
    city.token_seconds, city.refreshes = 600, 0
    return browser


def test_an_ending_token_is_renewed_without_the_visitor_noticing(visit: Visit, city: FakeCity) -> None:
    browser = ending(visit, city)
    for _ in range(2):
        assert browser.get("/space").status_code == 200
    assert city.refreshes == 1


def test_requests_at_the_same_moment_share_one_renewal(app: Flask, visit: Visit, city: FakeCity) -> None:
    cookie = ending(visit, city).client.get_cookie(COOKIE)
    assert cookie is not None

    def look(_: int) -> int:
        client = app.test_client()
        client.set_cookie(COOKIE, cookie.value)
        return client.get("/space").status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [200] * 8
    assert city.refreshes == 1


def test_a_session_that_ended_at_identity_leads_to_sign_in_and_back(visit: Visit, city: FakeCity) -> None:
    browser = ending(visit, city)
    city._refresh.clear()
    city.sign_ins.browsers.clear()
    page = browser.get("/space")
    assert browser.address == "/sign-in/account"
    assert "登录已经过期" in page.text
    assert "登录已经过期" not in browser.sign_in("heji").text
    assert browser.address == "/space"


def test_a_session_that_ended_here_alone_goes_on_without_a_word(visit: Visit, city: FakeCity) -> None:
    browser = ending(visit, city)
    city._refresh.clear()
    page = browser.get("/space")
    assert browser.address == "/space"
    assert "登录已经过期" not in page.text


def test_a_renewal_that_never_came_back_may_be_tried_again(database: Database) -> None:
    with database.transaction() as uow:
        assert handlers.claim_renewal("hash", uow)
    with database.transaction() as uow:
        assert not handlers.claim_renewal("hash", uow)
        handlers.settle_renewal("hash", None, uow)
    with database.transaction() as uow:
        assert handlers.claim_renewal("hash", uow)


def test_identity_being_away_is_no_sign_out(visit: Visit, city: FakeCity) -> None:
    browser = ending(visit, city)
    city.down = {"identity"}
    assert browser.get("/space").status_code == 503
    city.down = set()
    started = time.monotonic()
    assert browser.get("/space").status_code == 200
    assert time.monotonic() - started < 3


def test_after_signing_out_the_cookie_opens_nothing(visit: Visit) -> None:
    browser = visit("heji")
    browser.get("/space")
    browser.post("/sign-out")
    browser.get("/space")
    assert browser.address == "/sign-in/account"


def test_signing_in_changes_the_form_token(visit: Visit) -> None:
    browser = visit()
    tokens = {form_token(page) for page in (browser.get("/sign-in").text, browser.sign_in("heji").text)}
    assert len(tokens) == 2
