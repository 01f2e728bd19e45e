"""A department's IT looks after its webhooks by the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import pytest

from services.notification.hooks.domain import Network
from services.notification.hooks.outward import NoAnswer
from services.notification.hooks.sender import Sender
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_follow import FollowCity

Visit = Callable[..., Browser]
URL = "https://it.jiangtang.example/one-window"


def made(browser: Browser, url: str = URL) -> str:
    """A new webhook; its own page's address."""
    browser.get("/dept")
    page = browser.post("/dept", url=url).text
    assert "收好密钥" in page
    return re.findall(r'href="(/dept/hooks/[0-9a-f-]+)"', page)[0]


def delivered(city: FollowCity, answer: int | str = 204) -> None:
    """Let the sender call whatever is due, and be answered so."""

    def post(url: str, body: bytes, headers: dict[str, str], inner: Collection[Network]) -> int:
        if isinstance(answer, str):
            raise NoAnswer(answer)
        return answer

    while Sender(city.databases["notification"], post=post).step() == 0.0:
        pass


def test_it_begins_there_and_finds_nothing_yet(visit: Visit) -> None:
    browser = visit("tangyizhou")
    assert browser.get("/").text.count('href="/dept"') >= 1
    assert "还没有推送地址" in browser.get("/dept").text


def test_a_webhook_is_made_and_its_secret_shown_once(visit: Visit) -> None:
    browser = visit("tangyizhou")
    hook = made(browser)
    assert browser.page is not None and "whsec_" in browser.page.text
    for path in ("/dept", hook):
        page = browser.get(path).text
        assert URL in page and "在推送" in page and "whsec_" not in page
    assert "whsec_" in browser.post(f"{hook}/secret").text
    assert "新旧两个密钥都签到" in browser.get(hook).text


def test_a_test_event_is_sent_and_sent_again(visit: Visit, city: FollowCity) -> None:
    browser = visit("tangyizhou")
    hook = made(browser)
    browser.get(hook)
    assert "已发一条测试事件" in browser.post(f"{hook}/test").text
    delivered(city, "too_slow")
    page = browser.get(hook).text
    assert "15 秒内没有答完" in page and "等下一次" in page
    browser.post(f"{hook}/resume")
    delivered(city)
    page = browser.get(hook).text
    assert "已送达" in page and "HTTP 204" in page
    event_id = re.findall(r'name="event_id" value="([^"]+)"', page)[0]
    assert "再送一次" in browser.post(f"{hook}/again", event_id=event_id).text
    delivered(city, 500)
    assert "HTTP 500" in browser.get(hook).text


def test_it_is_paused_taken_up_and_removed(visit: Visit) -> None:
    browser = visit("tangyizhou")
    hook = made(browser)
    browser.get(hook)
    assert "这期间的事件都留着" in browser.post(f"{hook}/pause").text
    assert "已暂停" in browser.get("/dept").text
    browser.get(hook)
    assert "在推送" in browser.post(f"{hook}/resume").text
    assert "还没有推送地址" in browser.post(f"{hook}/remove").text


def test_what_is_wrong_with_an_address_stands_beside_it_and_what_was_typed_stays(visit: Visit) -> None:
    browser = visit("tangyizhou")
    browser.get("/dept")
    for url, said in (
        ("ftp://it.example/x", "https://"),
        ("https://a:b@it.example/", "用户名"),
        ("", "url"),
    ):
        answer = browser.post("/dept", url=url)
        assert answer.status_code == 422
        assert said in answer.text and f'value="{url}"' in answer.text


@pytest.mark.parametrize("login", ["luming", "xukeqin", "admin", "heji"])
def test_nobody_else_gets_in(visit: Visit, login: str) -> None:
    browser = visit(login)
    assert browser.get("/dept").status_code == 403
    assert browser.get("/dept/hooks/none").status_code == 403


def test_another_departments_webhook_is_not_found(visit: Visit) -> None:
    hook = made(visit("tangyizhou"))
    other = visit("it-xf")
    assert other.get(hook).status_code == 404
    other.get("/dept")
    assert other.post(f"{hook}/remove").status_code == 404


def test_the_pages_speak_english(visit: Visit) -> None:
    browser = visit("tangyizhou")
    hook = made(browser)
    for path in ("/en/dept", f"/en{hook}"):
        page = browser.get(path).text
        main = re.sub(r"<[^>]+>", "", page[page.index("<main") : page.index("</main")])
        assert not re.findall(r"[\u4e00-\u9fff]+", main)
