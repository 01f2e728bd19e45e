"""A department's inbox over HTTP: order, pages, lights."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from chassis.fakes.database import memory_database
from services.approval import handlers, orm
from services.approval.queries import PAGE
from tests.unit.approval.bureau import BASE, Bureau, answer, fields_of, get, no, post
from tests.unit.approval.helpers import founding, parallel, restaurant

FOOD, FIRE = no(1), no(2)
AGREE = {"answer": "agree", "opinion": "同意"}
ASK = {"answer": "ask_correction", "requests": [{"field": "area", "reason": "请附平面图"}]}
HEARING = {"ground": "hearing", "reason": "申请人要求听证"}


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path, orm.metadata)
    yield Bureau(database)
    database.close()


@pytest.fixture
def shop(bureau: Bureau) -> Bureau:
    bureau.accept(restaurant())
    return bureau


def test_the_inbox_is_sorted_by_what_is_due_by_law(bureau: Bureau) -> None:
    numbers = [f"SJ2026112400{n:04d}X" for n in range(5)]
    for number in numbers:
        bureau.accept(restaurant(), number)
    now = bureau.now
    for days, number in zip((30, 10, 20, 50, 40), numbers, strict=True):
        bureau.set_branch(no(1, number), statutory_due=now + timedelta(days=days))
    bureau.set_branch(no(1, numbers[4]), statutory_due=None, promised_due=now + timedelta(days=15))
    items = get(bureau.officer("SJ"), "/inbox")["items"]
    assert [i["application_no"] for i in items] == [numbers[n] for n in (1, 4, 2, 0, 3)]
    first = items[0]
    assert (first["procedure"], first["title"], first["item"], first["kind"], first["answered"]) == (
        "open-shop",
        {"zh": "food", "en": "food"},
        "food-item",
        "decide",
        0,
    )
    assert (first["required"], first["light"], first["status"]) == (4, "green", "open")
    assert "起算，当天不计" in first["due_explained"]["zh"]


def test_the_inbox_shows_what_is_in_hand_or_the_status_asked_for(shop: Bureau) -> None:
    post(shop.officer("SJ"), f"/branches/{FOOD}/claim")
    post(shop.system("XF"), f"/branches/{FIRE}/answer", ASK)
    assert len(get(shop.officer("SJ"), "/inbox")["items"]) == 1
    assert get(shop.officer("SJ"), "/inbox?status=open")["items"] == []
    assert len(get(shop.officer("SJ"), "/inbox?status=claimed")["items"]) == 1
    assert len(get(shop.officer("XF"), "/inbox?status=suspended")["items"]) == 1
    post(shop.officer("SJ"), f"/branches/{FOOD}/answer", AGREE)
    assert get(shop.officer("SJ"), "/inbox")["items"] == []
    (done,) = get(shop.system("SJ"), "/inbox?status=answered")["items"]
    assert (done["answer"], done["light"]) == ("agree", "green")


def test_waiting_branches_stand_in_nobodys_inbox(bureau: Bureau) -> None:
    bureau.accept(founding())
    assert get(bureau.officer("GA"), "/inbox")["items"] == []
    assert fields_of(get(bureau.officer("GA"), "/inbox?status=waiting", 422)) == {"status"}


def test_pages_of_the_inbox_show_everything_once(bureau: Bureau) -> None:
    count = 2 * PAGE + 7
    numbers = [f"SJ2026112400{n:04d}X" for n in range(count)]
    for number in numbers:
        bureau.accept(parallel(), number)
    bureau.reply(*(answer(no(1, n), "DA") for n in numbers[::5]))
    officer = bureau.officer("DA")
    for number in numbers[1::5]:
        post(officer, f"/branches/{no(1, number)}/claim")
    seen: list[str] = []
    path = "/inbox"
    while path:
        page = get(officer, path)
        assert len(page["items"]) <= PAGE
        seen += [i["application_no"] for i in page["items"]]
        path = f"/inbox?cursor={page['next']}" if page["next"] else ""
    assert sorted(seen) == sorted(set(numbers) - set(numbers[::5]))
    assert seen == sorted(seen), "all are due at the same moment; the number decides"


def cursor(words: str) -> str:
    return urlsafe_b64encode(words.encode()).decode()


@pytest.mark.parametrize(
    "bad",
    ["x", "", "%00", "!!!", "äöü", cursor("2026-11-24T10:00:00|x"), cursor("tomorrow|x"), cursor("|")],
)
def test_a_made_up_cursor_is_refused(shop: Bureau, bad: str) -> None:
    answered = shop.officer("SJ").get(f"{BASE}/inbox?cursor={bad}")
    assert answered.status_code in (404, 422), answered.text


def test_light_and_overdue_are_shown(shop: Bureau) -> None:
    with shop.database.transaction() as uow:
        uow.session.execute(
            update(orm.branch).values(
                opened_at=uow.now - timedelta(days=90),
                promised_due=uow.now - timedelta(days=40),
                statutory_due=uow.now - timedelta(days=1),
            )
        )
    with shop.database.transaction() as uow:
        handlers.escalate([FOOD], uow)
    (item,) = get(shop.officer("SJ"), "/inbox")["items"]
    assert (item["light"], item["overdue"]) == ("black", True)
