"""The dashboard over HTTP: leaders and supervision see all, a head their own department, nobody else."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from chassis.database import Database
from chassis.fakes.database import deliver
from chassis.fakes.web import Mint, client
from services.dashboard import handlers
from services.dashboard.web import create_app
from tests.migrated import migrated
from tests.unit.dashboard.history import history

BASE = "/api/dashboard"
ENDPOINTS = ["/figures", "/cases?show=open", "/watch", "/supervisions", "/stream"]


class Office:
    """The dashboard's application after a made-up history, and whoever calls it."""

    def __init__(self, database: Database):
        self.database = database
        deliver(database, handlers.follow, history(random.Random(4), 60), batch=100)
        self.mint = Mint()
        self.mint.install(database)
        self.app = create_app(database.config, database=database)

    def as_(self, *roles: str, dept: str = "ZW", **token: Any) -> FlaskClient:
        kind = token.pop("kind", "staff")
        return client(self.app, self.mint.token("acc-9", kind=kind, roles=roles, dept=dept, **token))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = migrated("dashboard", tmp_path)
    yield Office(database)
    database.close()


def get(who: FlaskClient, path: str) -> Any:
    return who.get(BASE + path)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_nobody_without_the_right_role_gets_in(office: Office, path: str) -> None:
    for who in (client(office.app), office.as_("leader", issued_at=time.time() - 700)):
        assert get(who, path).status_code == 401
    for roles in ((), ("officer",), ("acceptance_clerk",), ("platform_admin",)):
        assert get(office.as_(*roles), path).status_code == 403
    assert get(office.as_(kind="person"), path).status_code == 403
    for role in ("leader", "supervisor", "approver"):
        answer = get(office.as_(role, dept="SJ"), path)
        assert answer.status_code == 200
        answer.close()


def test_the_list_of_endpoints_is_complete(office: Office) -> None:
    document = json.loads(get(client(office.app), "/openapi.json").data)
    assert {p.removeprefix(BASE) for p in document["paths"]} == {e.partition("?")[0] for e in ENDPOINTS}


def test_a_head_sees_their_own_department_and_no_other(office: Office) -> None:
    head, leader = office.as_("approver", dept="XF"), office.as_("leader")
    figures = get(head, "/figures").get_json()
    assert [d["department"] for d in figures["departments"]] == ["XF"]
    assert figures["department"] == "XF"
    everything = get(leader, "/figures").get_json()
    assert {d["department"] for d in everything["departments"]} == {"SJ", "XF", "GA"}
    assert figures["departments"][0] in everything["departments"]
    assert get(leader, "/figures?department=XF").get_json()["departments"] == figures["departments"]
    for path in ("/figures?department=SJ", "/cases?show=open&department=SJ", "/watch?department=SJ"):
        assert get(head, path).status_code == 403
    assert get(head, "/cases?show=filed").status_code == 403
    for path in ("/cases?show=open", "/watch", "/supervisions", "/supervisions?state=closed"):
        items = get(head, path).get_json()["items"]
        assert {i["department"] for i in items} <= {"XF"}
    assert get(head, "/cases?show=open").get_json()["items"]


def test_numbers_lead_to_their_cases_page_after_page(office: Office) -> None:
    leader = office.as_("leader")
    for stage in get(leader, "/figures").get_json()["stages"]:
        seen: set[str] = set()
        cursor = ""
        while True:
            page = get(leader, f"/cases?show=stage&status={stage['status']}{cursor}").get_json()
            seen |= {c["application_no"] for c in page["items"]}
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert len(seen) == stage["count"]
    closed = get(leader, "/cases?show=stage&status=closed").get_json()["items"][0]
    assert closed["procedure"] in ("open-shop", "new-company", "sign")


def test_what_is_late_is_watched_the_longest_first(office: Office) -> None:
    items = get(office.as_("supervisor"), "/watch").get_json()["items"]
    assert items
    assert {i["light"] for i in items} <= {"red", "black"}
    dues = [i["promised_due"] for i in items]
    assert dues == sorted(dues)
    records = get(office.as_("supervisor"), "/supervisions").get_json()["items"]
    assert {r["state"] for r in records} <= {"open", "unanswered", "answered"}
    closed = get(office.as_("supervisor"), "/supervisions?state=closed").get_json()["items"]
    assert {r["state"] for r in closed} == {"closed"}


@pytest.mark.parametrize(
    "path",
    [
        "/cases",
        "/cases?show=everything",
        "/cases?show=open&day=yesterday",
        "/cases?show=open&cursor=%27;drop",
        "/cases?show=stage&status=%00",
        "/supervisions?state=lost",
        "/figures?department=" + "X" * 100,
    ],
)
def test_what_is_no_question_is_refused(office: Office, path: str) -> None:
    assert get(office.as_("leader"), path).status_code in (404, 422)


def test_five_hundred_who_ask_at_once_cost_a_handful_of_queries(office: Office) -> None:
    asked, statements = threading.Event(), []
    running = threading.Semaphore(0)

    @event.listens_for(office.database.reader, "before_cursor_execute")
    def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "tally" in statement and "sum(" in statement:
            statements.append(statement)
            running.release()
            asked.wait(10)

    answers: list[int] = []
    token = office.mint.token("acc-9", kind="staff", roles=["leader"], dept="ZW")

    def ask() -> None:
        answers.append(get(client(office.app, token), "/figures").status_code)

    threads = [threading.Thread(target=ask) for _ in range(500)]
    threads[0].start()
    assert running.acquire(timeout=10)
    for thread in threads[1:]:
        thread.start()
    asked.set()
    for thread in threads:
        thread.join(60)
    event.remove(office.database.reader, "before_cursor_execute", count)
    assert answers == [200] * 500
    assert len(statements) <= 10
