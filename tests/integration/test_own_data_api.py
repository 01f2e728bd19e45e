"""A copy of one's own data, and its erasure: in identity and wherever else something of a person is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from chassis import migrate, tables
from chassis.database import Database
from chassis.fakes.database import deliver, events_of, scratch_config
from chassis.fakes.web import Mint, client
from contracts.identity import AccountClosed, TokensRevoked
from services.identity import orm
from services.identity.web import create_app
from services.intake import orm as intake_orm
from services.intake.handlers import drafts as intake_drafts
from services.notification import handlers as notification
from services.notification import orm as notification_orm
from services.portal import handlers as portal
from services.portal.orm import Base, Renewal
from tests.unit.intake.office import BASE as INTAKE
from tests.unit.intake.office import Office

BASE = "/api/identity"
NAME, NUMBER, EMAIL, LOGIN = "沈佳禾", "329982199504183021", "shen@example.com", "shenjiahe"
PASSWORD = "correct-horse"
PERSONAL = (NAME, NUMBER, EMAIL, LOGIN)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    changes: dict[str, Any] = {}
    if request.param == "postgres":
        changes["database_url"] = request.getfixturevalue("databases")("identity")
    made = Database(scratch_config("identity", tmp_path, **changes))
    migrate.upgrade(made)
    yield made
    made.close()


class Person:
    def __init__(self, app: Any, **more: Any):
        anybody = client(app)
        self.body = {"login": LOGIN, "password": PASSWORD, "kind": "person", "display_name": NAME}
        self.body |= {"id_number": NUMBER, **more}
        self.opened = anybody.post(f"{BASE}/accounts", json=self.body)
        assert self.opened.status_code == 201, self.opened.text
        signed_in = anybody.post(f"{BASE}/tokens", json={"login": self.body["login"], "password": PASSWORD})
        self.tokens = signed_in.get_json()
        self.account_id = self.tokens["account"]["account_id"]
        self.client: FlaskClient = client(app, self.tokens["access_token"])


@pytest.fixture
def app(database: Database) -> Any:
    from chassis import trust
    from services.identity import keys

    with database.transaction() as uow:
        keys.start(uow)
    learn(database)
    made = create_app(database.config, database=database)
    assert trust.knows_a_key(database)
    return made


def learn(database: Database) -> None:
    """What the worker's trust subscription does with everything said so far."""
    from chassis import trust

    deliver(database, trust.keep, events_of(database, *trust.EVENTS), subscription="trust")


@pytest.fixture
def person(app: Any) -> Person:
    found = Person(app)
    assert found.client.put(f"{BASE}/me/contact", json={"email": EMAIL}).status_code == 200
    return found


def everything_in(database: Database, *metadatas: Any, but: tuple[str, ...] = ()) -> str:
    """All that can be read in the database, what is sealed too."""
    found = []
    with database.read() as session:
        for metadata in (tables.metadata, *metadatas):
            for table in metadata.sorted_tables:
                if table.name not in but:
                    found += [repr(tuple(row)) for row in session.execute(select(table))]
    return "\n".join(found)


def test_a_copy_holds_all_that_identity_keeps_and_is_written_down(person: Person) -> None:
    copied = person.client.get(f"{BASE}/me/export").get_json()
    account = copied["account"]
    assert (account["display_name"], account["id_number"], account["email"]) == (NAME, NUMBER, EMAIL)
    assert account["login"] == LOGIN and account["account_id"] == person.account_id
    assert len(copied["sessions"]) == 1
    again = person.client.get(f"{BASE}/me/export").get_json()
    assert [r["act"] for r in again["readings"]] == ["export_own_data"] * 2
    assert "password" not in json.dumps(again)


def test_nobody_is_left_after_the_account_was_closed(database: Database, app: Any, person: Person) -> None:
    answer = person.client.post(f"{BASE}/me/closure", json={"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    said = answer.get_json()
    assert [line["what"] for line in said["kept"]] == ["cases", "readings", "sign_ins"]
    erased = {"account", "agencies", "certificates", "drafts", "messages", "sessions", "upstream_links"}
    assert {line["what"] for line in said["erased"]} == erased
    left = everything_in(database, orm.metadata)
    assert [secret for secret in PERSONAL if secret in left] == []
    assert person.account_id in left, "the audit names ids"
    (closed,) = [e.event for e in events_of(database, AccountClosed)]
    assert closed == AccountClosed(account_id=person.account_id, kind="person")
    assert len(events_of(database, TokensRevoked)) == 1


def test_tokens_end_the_password_opens_nothing_and_the_number_may_be_used_anew(
    database: Database, app: Any, person: Person
) -> None:
    person.client.post(f"{BASE}/me/closure", json={"password": PASSWORD})
    refresh = client(app).post(
        f"{BASE}/tokens/refresh", json={"refresh_token": person.tokens["refresh_token"]}
    )
    assert refresh.status_code == 401
    for login in (LOGIN, f"closed-{person.account_id}"):
        for password in (PASSWORD, "closed"):
            answer = client(app).post(f"{BASE}/tokens", json={"login": login, "password": password})
            assert answer.status_code == 401
    learn(database)
    app.extensions["onewindow"].verifier.keyring.refresh(0)
    assert person.client.get(f"{BASE}/me").status_code == 401
    assert Person(app).account_id != person.account_id


def test_a_wrong_password_closes_nothing_and_guessing_takes_time(app: Any, person: Person) -> None:
    statuses = [
        person.client.post(f"{BASE}/me/closure", json={"password": "wrong"}).status_code for _ in range(6)
    ]
    assert statuses[0] == 422 and statuses[-1] == 429
    assert person.client.post(f"{BASE}/me/closure", json={"password": PASSWORD}).status_code == 429
    assert person.client.get(f"{BASE}/me").status_code == 200
    assert person.client.post(f"{BASE}/me/closure", json={}).status_code == 422


def test_a_firm_closes_its_account_too_and_its_code_is_free(app: Any) -> None:
    for login in ("heji", "heji-2"):
        firm = {"kind": "firm", "display_name": "禾记", "credit_code": "91329982MA9A00045Y"}
        body = {"login": login, "password": PASSWORD, **firm}
        assert client(app).post(f"{BASE}/accounts", json=body).status_code == 201
        tokens = client(app).post(f"{BASE}/tokens", json={"login": login, "password": PASSWORD}).get_json()
        closed = client(app, tokens["access_token"]).post(f"{BASE}/me/closure", json={"password": PASSWORD})
        assert closed.status_code == 200


def test_staff_close_no_account(app: Any, database: Database) -> None:
    mint = Mint()
    mint.install(database)
    officer = client(app, mint.token("acc-9", kind="staff", roles=["officer"], dept="SJ"))
    assert officer.post(f"{BASE}/me/closure", json={"password": PASSWORD}).status_code == 403
    assert officer.get(f"{BASE}/me/export").status_code == 403


def event_of(account_id: str, other: Database) -> Any:
    from chassis.fakes.database import envelope

    return [envelope(AccountClosed(account_id=account_id, kind="person"), sequence=1, time=other.now())]


def test_intake_drops_drafts_with_their_files_and_keeps_what_was_filed(tmp_path: Path) -> None:
    database = Database(scratch_config("intake", tmp_path, urls={"identity": "http://identity"}))
    migrate.upgrade(database)
    office = Office(database)
    number = office.file(shop_name="提交过的")
    for person in (office.applicant, office.person("acc-2")):
        begun = person.post(f"{INTAKE}/drafts", json={"procedure": "open-shop", "prefill": False})
        tag = {"If-Match": begun.headers["ETag"]}
        path = f"{INTAKE}/drafts/{begun.get_json()['draft_id']}"
        assert (
            person.patch(path, json={"answers": {"shop_name": f"{NAME} {NUMBER}"}}, headers=tag).status_code
            == 200
        )
    office.say(event_of("acc-1", database), intake_drafts.forget_accounts)
    assert office.applicant.get(f"{INTAKE}/drafts").get_json()["items"] == []
    assert len(office.person("acc-2").get(f"{INTAKE}/drafts").get_json()["items"]) == 1
    office.say(event_of("acc-2", database), intake_drafts.forget_accounts)
    left = everything_in(database, intake_orm.metadata)
    assert [secret for secret in (NAME,) if secret in left] == []
    assert office.look(number)["status"] == "accepted", "the law has cases archived"
    database.close()


def test_notification_and_portal_forget_the_account_and_nobody_else(tmp_path: Path) -> None:
    mails = Database(scratch_config("notification", tmp_path))
    migrate.upgrade(mails)
    pages = Database(scratch_config("portal", tmp_path))
    migrate.upgrade(pages)
    for account in ("gone", "stays"):
        with mails.transaction() as uow:
            notification.prefer(account, "zh", ["todo"], uow)
            values = {
                "event_id": account,
                "recipient": account,
                "channel": "mail",
                "text": "x",
                "category": "todo",
            }
            values |= {"message_id": account, "facts": {}, "state": "sent", "attempts": 1}
            values |= {"happened_at": uow.now, "written_at": uow.now}
            uow.session.execute(insert(notification_orm.message), values)
            letter = {"message_id": account, "sent_at": uow.now, "subject": "x", "body": f"{NAME} {account}"}
            uow.session.execute(
                insert(notification_orm.sandbox), letter | {"address": f"{account}@example.com"}
            )
        with pages.transaction() as uow:
            portal.keep_answers(account, "/apply", [("owner", f"{NAME} {account}")], uow)
            tokens = {"account": {"account_id": account, "display_name": f"{NAME} {account}"}}
            uow.session.add(Renewal(token_hash=account, started_at=uow.now, tokens=tokens))
    for _ in range(2):
        deliver(mails, notification.forget, event_of("gone", mails), subscription=f"n{_}")
        deliver(pages, portal.forget, event_of("gone", pages), subscription=f"p{_}")
    left = everything_in(mails, notification_orm.metadata) + everything_in(pages, Base.metadata)
    assert "gone" not in left.replace("'n0'", "")
    assert left.count("stays") >= 5
    mails.close()
    pages.close()
