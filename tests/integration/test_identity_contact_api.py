"""Where mail for an account goes: its owner says it, notification reads it, each reading is written down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from chassis.database import Database
from chassis.fakes.web import Mint, client
from services.identity import domain, handlers, keys, orm
from services.identity.web import create_app
from tests.migrated import migrated

BASE = "/api/identity"
ENDPOINTS = [("GET", "/me/contact"), ("PUT", "/me/contact"), ("GET", "/accounts/contacts?ids=x")]
ADDRESS = "shen@jiangtang.example"


class Office:
    """Identity's application, one person, and whoever calls it."""

    def __init__(self, database: Database):
        self.database = database
        self.mint = Mint()
        with database.transaction() as uow:
            keys.start(uow)
            self.person = handlers.open_account(
                login="shen", password_hash="-", kind="person", display_name="沈佳禾", uow=uow
            ).account_id
        self.mint.install(database)
        self.app = create_app(database.config, database=database)

    def as_(self, account: str | None = None, **token: Any) -> FlaskClient:
        return client(self.app, self.mint.token(account or self.person, **token))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = migrated("identity", tmp_path)
    yield Office(database)
    database.close()


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_nobody_without_a_token_that_counts_gets_in(office: Office, method: str, path: str) -> None:
    for who in (client(office.app), office.as_(issued_at=time.time() - 700)):
        answer = who.open(BASE + path, method=method, json={"email": ADDRESS})
        assert answer.status_code == 401


def test_contacts_are_for_the_service_that_writes_to_people_alone(office: Office) -> None:
    path = f"{BASE}/accounts/contacts?ids={office.person}"
    for token in (
        {},
        {"kind": "staff", "roles": ["officer"], "dept": "SJ"},
        {"kind": "staff", "roles": ["platform_admin"], "dept": "ZW"},
        {"kind": "machine", "roles": ["department_system"], "dept": "SJ"},
    ):
        assert office.as_("acc-9", **token).get(path).status_code == 403
    service = office.as_("acc-service", kind="machine", roles=["contact_reader"])
    assert service.get(path).get_json()["items"] == [
        {"account_id": office.person, "display_name": "沈佳禾", "email": None}
    ]
    with office.database.read() as session:
        (row,) = session.execute(select(orm.audit)).all()
    assert (row.actor, row.act, row.subject) == ("acc-service", "read_contact", office.person)


def test_an_address_is_its_owners_and_sealed(office: Office) -> None:
    me = office.as_()
    assert me.get(f"{BASE}/me/contact").get_json() == {"email": None}
    assert me.put(f"{BASE}/me/contact", json={"email": ADDRESS}).get_json() == {"email": ADDRESS}
    assert me.get(f"{BASE}/me/contact").get_json() == {"email": ADDRESS}
    assert office.as_("somebody-else").get(f"{BASE}/me/contact").status_code == 401
    with office.database.read() as session:
        stored = session.execute(text("SELECT email FROM account WHERE login = 'shen'")).scalar_one()
    assert ADDRESS.encode() not in stored
    assert me.put(f"{BASE}/me/contact", json={"email": None}).get_json() == {"email": None}


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "shen",
        "a@b@c.example",
        "a b@c.example",
        "x@c..example",
        "a@c.example\r\nBcc: d@e.example",
        "<a@c.example>",
    ],
)
def test_what_is_no_address_is_refused(office: Office, wrong: str) -> None:
    answer = office.as_().put(f"{BASE}/me/contact", json={"email": wrong})
    assert answer.status_code == 422
    assert [e["field"] for e in answer.get_json()["errors"]] == ["email"]


def test_a_service_may_have_no_department_and_a_departments_system_must(office: Office) -> None:
    common = {"password_hash": "-", "kind": "machine"}
    with office.database.transaction() as uow:
        handlers.open_account(
            login="service.x", display_name="service", roles=["contact_reader"], uow=uow, **common
        )
    for roles, department in ((["department_system"], None), (["contact_reader"], "SJ"), ([], None)):
        with office.database.transaction() as uow, pytest.raises(domain.InvalidAccount):
            handlers.open_account(
                login="x.y.z", display_name="machine", roles=roles, department=department, uow=uow, **common
            )
