"""The portal while identity is away: who has a token goes on with it, and nobody loses their session."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask

from services.portal.web import portal as of_portal
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_follow import FollowCity

Visit = Callable[..., Browser]


def test_a_session_goes_on_until_half_a_minute_before_its_tokens_end(
    visit: Visit, city: FollowCity, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = visit("shenjiahe")
    city.down.add("identity")
    assert browser.get("/space").status_code == 200
    began = time.time()
    monkeypatch.setattr(of_portal, "RENEW_BEFORE", 1e9)
    page = browser.get("/space")
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert time.time() - began < of_portal.RENEWAL_WAIT
    assert browser.get("/").status_code == 200, "what is for everybody stays open"
    city.down.clear()
    monkeypatch.setattr(of_portal, "RENEW_BEFORE", 30.0)
    assert browser.get("/space").status_code == 200, "the session was not lost"
