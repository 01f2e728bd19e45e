"""A department reads what happened to its branches, from any point on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from chassis.fakes.web import client
from chassis.publisher import MemoryPublisher
from chassis.relay import Relay
from contracts.cloudevents import load
from tests.migrated import migrated
from tests.unit.approval.bureau import Bureau
from tests.unit.approval.helpers import restaurant

EVENTS = "/api/approval/events"


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    database = migrated("approval", tmp_path)
    made = Bureau(database)
    for n in range(3):
        made.accept(restaurant(), f"SJ202611240{n:05d}X")
    publisher = MemoryPublisher("memory://events")
    Relay(database, publisher).step()
    publisher.close()
    yield made
    database.close()


def read(who: FlaskClient, **asked: Any) -> Any:
    answer = who.get(EVENTS, query_string=asked)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_it_reads_all_that_is_its_own_in_order_page_by_page(bureau: Bureau) -> None:
    system, after, found = bureau.system("XF"), 0, []
    while True:
        page = read(system, after=after, limit=2)
        found += [load(bureau.app.json.dumps(item)) for item in page["items"]]
        after = page["next"]
        if not page["more"]:
            break
    assert [e.case for e in found] == [f"SJ202611240{n:05d}X" for n in range(3)]
    assert {(e.department, e.type) for e in found} == {("XF", "approval.branch_opened")}
    assert read(system, after=after) == {"items": [], "next": after, "more": False}


def test_departments_see_nothing_of_each_other(bureau: Bureau) -> None:
    ids = [
        {item["id"] for item in read(bureau.staff("department_it", d, "acc-it"))["items"]}
        for d in ("SJ", "XF", "DB")
    ]
    assert ids[0] and ids[1] and not ids[2] and not ids[0] & ids[1]


def test_others_do_not_get_in(bureau: Bureau) -> None:
    for who in (
        bureau.person(),
        bureau.officer("XF"),
        bureau.head("XF"),
        bureau.staff("department_it", None, "acc-it"),
    ):
        assert who.get(EVENTS).status_code == 403
    old = bureau.mint.token(
        "dept-xf", kind="machine", roles=["department_system"], dept="XF", issued_at=time.time() - 700
    )
    for nobody in (client(bureau.app), client(bureau.app, old)):
        assert nobody.get(EVENTS).status_code == 401


def test_wrong_questions_are_named(bureau: Bureau) -> None:
    answer = bureau.system("XF").get(EVENTS, query_string={"after": -1, "limit": 501, "since": "x"})
    assert answer.status_code == 422
    assert {e["field"] for e in answer.get_json()["errors"]} == {"after", "limit", "since"}
