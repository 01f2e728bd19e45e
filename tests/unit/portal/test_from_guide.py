"""Answers given in the guide, on their way into the form."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.fake_papers import LIMIT

Visit = Callable[..., Browser]
GUIDE = "/packages/open-restaurant?a-flame=no&a-sign=yes&a-area=small"
START = "/apply/open-restaurant?a-flame=no&a-sign=yes"


def begin(browser: Browser) -> str:
    """Send the start page's form; returns the page that follows."""
    assert browser.page is not None
    action = re.findall(r'<form method="post" action="(/apply/[^"]+)"', browser.page.text)[0]
    return browser.post(action.replace("&amp;", "&"), prefill="yes").text


def test_the_guides_answers_stand_in_the_form_with_their_origin(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    page = browser.get(GUIDE).text
    start = re.findall(r'class="button primary" href="(/apply/[^"]+)"', page)[0].replace("&amp;", "&")
    assert "已经带来" in browser.get(start).text
    begin(browser)
    (draft,) = city.drafts.values()
    assert draft["answers"] == {"open_flame": False, "has_sign": True}
    pages = "".join(browser.get(f"/apply/{draft['draft_id']}/{n}").text for n in range(1, 8))
    assert "已为您填好（来自您在指南里的回答）" in pages


def test_who_must_sign_in_first_keeps_the_answers(visit: Visit, city: FakeCity) -> None:
    browser = visit()
    browser.get(START)
    assert browser.address == "/sign-in/account"
    assert "账号或密码不对" in browser.give("heji", "wrong").text
    assert "已经带来" in browser.sign_in("heji").text
    begin(browser)
    assert [d["answers"]["has_sign"] for d in city.drafts.values()] == [True]


def test_a_session_that_ends_on_the_start_page_keeps_the_answers(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    browser.get(START)
    city.signed_out = True
    begin(browser)
    assert browser.address == "/sign-in/account"
    city.signed_out = False
    assert "已经带来" in browser.sign_in("heji").text


def test_nonsense_answers_and_a_catalogue_that_is_away_bring_nothing(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    assert "已经带来" not in browser.get("/apply/open-restaurant?a-sign=moon").text
    city.down = {"catalog"}
    page = browser.get(START)
    assert page.status_code == 200 and "已经带来" not in page.text


def test_the_hint_at_a_slot_says_what_intake_takes(visit: Visit, city: FakeCity) -> None:
    browser = visit("heji")
    browser.get("/apply/open-restaurant")
    begin(browser)
    (draft,) = city.drafts
    assert LIMIT == 10 * 1024 * 1024
    assert "不超过 10 MB" in browser.get(f"/apply/{draft}/materials").text
