"""My data as pages: a copy to take away, and the end of the account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.portal.clients import City, Refused
from tests.unit.portal.conftest import Browser

Visit = Callable[..., Browser]
LINE = [{"what": "cases", "text": {"zh": "办件存档", "en": "Cases"}}]


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Passwords that accounts were closed by; the right one is ``demo``."""
    given: list[str] = []

    def close(_city: City, password: str) -> dict[str, Any]:
        if password != "demo":
            raise Refused(422, {"type": "invalid-request"}, {})
        given.append(password)
        return {"closed_at": "2026-11-24T00:00:00Z", "erased": LINE, "kept": LINE}

    monkeypatch.setattr(City, "close_account", close)
    return given


def test_it_is_for_holders_alone(visit: Visit) -> None:
    assert visit("luming").client.get("/me/data").status_code == 403
    assert visit().client.get("/me/data").status_code == 303
    assert "下载我的数据" in visit("shenjiahe").get("/me/data").text
    assert "Close my account" in visit("shenjiahe").get("/en/me/data").text


def test_a_copy_is_a_file(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(City, "copy_of_own_data", lambda _city: {"account": {"display_name": "沈佳禾"}})
    answer = visit("shenjiahe").get("/me/data/copy.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="onewindow-data.json"'
    assert answer.get_json() == {"account": {"display_name": "沈佳禾"}}
    assert "沈佳禾" in answer.text


def test_closing_takes_a_tick_and_the_password_and_says_what_stays(visit: Visit, closed: list[str]) -> None:
    browser = visit("shenjiahe")
    browser.get("/me/data")
    page = browser.post("/me/data").text
    assert "请先勾选" in page and "请填写密码" in page
    assert "密码不对" in browser.post("/me/data", sure="yes", password="wrong").text
    assert closed == []
    page = browser.post("/me/data", sure="yes", password="demo").text
    assert "账号已注销" in page and "办件存档" in page and closed == ["demo"]
    assert browser.client.get("/space").status_code == 303
