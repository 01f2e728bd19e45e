"""Notification over HTTP: everybody their own messages, the outbox for operators alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from chassis.database import Database
from chassis.fakes.web import Mint, client
from contracts import approval
from services.notification.domain import CATEGORIES
from services.notification.mail import Sandbox, Settings
from services.notification.sender import Sender
from services.notification.web import create_app
from tests.migrated import migrated
from tests.unit.notification.helpers import NUMBER, OWNER, Desk, Phonebook

BASE = "/api/notification"
ENDPOINTS = [
    ("GET", "/messages"),
    ("GET", "/messages/unread"),
    ("POST", "/messages/read"),
    ("GET", "/messages/{mine}"),
    ("GET", "/preferences"),
    ("PUT", "/preferences"),
    ("GET", "/outbox"),
]


class Office:
    """Notification's application and whoever calls it."""

    def __init__(self, database: Database):
        self.desk = Desk(database)
        self.desk.know_the_city()
        self.desk.hear(approval.CaseClosed(application_no=NUMBER, closed_at=self.desk.now()))
        self.mint = Mint()
        self.mint.install(database)
        self.app = create_app(database.config, database=database)

    def as_(self, account: str = OWNER, **token: Any) -> FlaskClient:
        return client(self.app, self.mint.token(account, **token))

    @property
    def mine(self) -> str:
        return str(self.desk.rows("app")[0].message_id)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = migrated("notification", tmp_path)
    yield Office(database)
    database.close()


def ask(who: FlaskClient, office: Office, method: str, path: str, body: Any = None) -> Any:
    return who.open(BASE + path.format(mine=office.mine), method=method, json=body)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_nobody_without_a_token_that_counts_gets_in(office: Office, method: str, path: str) -> None:
    body = {} if method != "GET" else None
    expired = office.as_(issued_at=time.time() - 700)
    stranger = client(office.app, Mint("another").token(OWNER))
    for who in (client(office.app), expired, stranger):
        answer = ask(who, office, method, path, body)
        assert (answer.status_code, answer.get_json()["type"]) == (401, "not-signed-in")


@pytest.mark.parametrize("roles", [(), ("officer",), ("supervisor",), ("security_admin",)])
def test_only_the_platforms_administrator_sees_the_outbox(office: Office, roles: tuple[str, ...]) -> None:
    who = office.as_("acc-9", kind="staff" if roles else "person", roles=roles)
    assert ask(who, office, "GET", "/outbox").status_code == 403
    admin = office.as_("acc-admin", kind="staff", roles=["platform_admin"])
    assert ask(admin, office, "GET", "/outbox").status_code == 200


def test_the_list_of_endpoints_is_complete(office: Office) -> None:
    document = json.loads(client(office.app).get(f"{BASE}/openapi.json").data)
    found = {
        (method.upper(), path.removeprefix(BASE).replace("{message_id}", "{mine}"))
        for path, methods in document["paths"].items()
        for method in methods
        if method in ("get", "post", "put", "delete") and "/hooks" not in path
    }
    assert found == set(ENDPOINTS)


def test_an_account_reads_its_own_messages_newest_first(office: Office) -> None:
    page = ask(office.as_(), office, "GET", "/messages").get_json()
    assert [m["title"]["zh"] for m in page["items"]] == ["全部办好了：开店", "已收到您的申请：开店"]
    assert (page["unread"], page["next"]) == (2, None)
    assert page["items"][0]["link"] == f"/cases/{NUMBER}"
    assert ask(office.as_(), office, "GET", "/messages/unread").get_json() == {"unread": 2}
    assert ask(office.as_(), office, "GET", "/messages/{mine}").get_json()["read"] is False


def test_somebody_elses_message_is_not_there(office: Office) -> None:
    other = office.as_("acc-2")
    assert ask(other, office, "GET", "/messages").get_json()["items"] == []
    assert ask(other, office, "GET", "/messages/{mine}").status_code == 404
    assert ask(other, office, "POST", "/messages/read", {"ids": [office.mine]}).status_code == 200
    assert ask(office.as_(), office, "GET", "/messages/unread").get_json() == {"unread": 2}
    assert ask(office.as_(), office, "GET", f"/messages/{uuid4()}").status_code == 404


def test_messages_are_marked_as_read_one_by_one_or_all(office: Office) -> None:
    me = office.as_()
    assert ask(me, office, "POST", "/messages/read", {"ids": [office.mine]}).get_json() == {"unread": 1}
    unread = ask(me, office, "GET", "/messages?unread=true").get_json()["items"]
    assert office.mine not in {m["message_id"] for m in unread}
    assert ask(me, office, "POST", "/messages/read", {}).get_json() == {"unread": 0}


def test_preferences_are_kept(office: Office) -> None:
    me = office.as_()
    assert ask(me, office, "GET", "/preferences").get_json() == {"language": "zh", "mail": list(CATEGORIES)}
    wanted = {"language": "en", "mail": ["todo"]}
    assert ask(me, office, "PUT", "/preferences", wanted).get_json() == wanted
    assert ask(me, office, "GET", "/preferences").get_json() == wanted
    assert ask(office.as_("acc-2"), office, "GET", "/preferences").get_json()["language"] == "zh"


def test_wrong_fields_are_named_all_at_once(office: Office) -> None:
    me = office.as_()
    answer = ask(me, office, "PUT", "/preferences", {"language": "fr", "mail": ["gossip"], "sms": 1})
    assert answer.status_code == 422
    assert {e["field"] for e in answer.get_json()["errors"]} == {"language", "mail.0", "sms"}
    for path in ("/messages?cursor=x", "/messages?unread=perhaps", "/messages?page=2"):
        assert ask(me, office, "GET", path).status_code == 422
    assert ask(me, office, "POST", "/messages/read", {"ids": ["x"]}).status_code == 422


def test_the_outbox_shows_what_would_have_been_sent(office: Office) -> None:
    database = office.desk.database
    office.desk.sender = Sender(database, Phonebook(), Sandbox(Settings(site="http://c")))
    office.desk.send_all()
    admin = office.as_("acc-admin", kind="staff", roles=["platform_admin"])
    page = ask(admin, office, "GET", "/outbox").get_json()
    assert page["counts"] == [{"state": "sent", "count": 2}]
    assert page["items"][0]["letter"]["subject"] == "全部办好了：开店"
    assert ask(admin, office, "GET", "/outbox?state=failed").get_json()["items"] == []
    assert ask(admin, office, "GET", "/outbox?state=lost").status_code == 422
