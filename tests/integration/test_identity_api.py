from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from chassis import trust
from chassis.database import Database
from chassis.fakes.database import deliver, events_of
from chassis.fakes.web import Mint, client
from chassis.tables import attempt
from contracts.identity import AccountOpened, TokensRevoked
from services.identity import orm, sample
from services.identity.web import create_app
from tests.migrated import migrated

SAMPLE = Path(__file__).parents[2] / "sample_city"
BASE = "/api/identity"
PERSON = {
    "login": "guazhen",
    "password": "a long password",
    "kind": "person",
    "display_name": "顾阿珍",
    "id_number": "329982194403070041",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = migrated("identity", tmp_path)
    with made.transaction() as uow:
        sample.load(SAMPLE, uow)
    hear(made)
    yield made
    made.close()


@pytest.fixture
def app(database: Database) -> Flask:
    return create_app(database.config, database=database)


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    return client(app)


def hear(database: Database) -> None:
    """Let identity's worker hear what identity said."""
    deliver(database, trust.keep, events_of(database, *trust.EVENTS), subscription="identity.trust")


def post(who: FlaskClient, path: str, body: Any = None, **headers: str) -> Any:
    return who.post(BASE + path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def sign_in(anyone: FlaskClient, login: str, password: str = "demo", **headers: str) -> Any:
    return post(anyone, "/tokens", {"login": login, "password": password}, **headers)


def as_(app: Flask, login: str) -> FlaskClient:
    return client(app, sign_in(client(app), login).get_json()["access_token"])


def fields(answer: Any) -> set[str]:
    assert (answer.status_code, answer.get_json()["type"]) == (422, "invalid-request"), answer.text
    assert all(e["zh"] and e["en"] for e in answer.get_json()["errors"])
    return {e["field"] for e in answer.get_json()["errors"]}


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"]


def test_who_signs_in_gets_tokens_and_learns_who_they_are(app: Flask, anyone: FlaskClient) -> None:
    answer = sign_in(anyone, " LuMing ")
    assert answer.status_code == 200
    body = answer.get_json()
    assert body.keys() == {"access_token", "expires_in", "refresh_token", "account", "sso"}
    assert body["expires_in"] == 600
    account = body["account"]
    assert account.pop("account_id")
    assert account == {
        "kind": "staff",
        "display_name": "陆明远",
        "roles": ["officer"],
        "department": "SJ",
    }
    assert client(app, body["access_token"]).get(f"{BASE}/me").get_json()["display_name"] == "陆明远"


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(anyone: FlaskClient) -> None:
    wrong, unknown = sign_in(anyone, "heji", "wrong"), sign_in(anyone, "nobody-here", "wrong")
    assert refused(wrong) == refused(unknown) == (401, "wrong-credentials")
    assert wrong.get_json()["detail"] == unknown.get_json()["detail"]


def test_guessing_is_stopped_for_the_guesser_alone(anyone: FlaskClient) -> None:
    guesser, owner = "203.0.113.7", "198.51.100.9"
    for _ in range(10):
        assert sign_in(anyone, "heji", "guess", X_Forwarded_For=guesser).status_code == 401
    stopped = sign_in(anyone, "heji", "demo", X_Forwarded_For=guesser)
    assert refused(stopped) == (429, "too-many-tries")
    assert 0 < int(stopped.headers["Retry-After"]) <= 11
    assert sign_in(anyone, "HEJI", "demo", X_Forwarded_For=f"{owner}, {guesser}").status_code == 429
    assert sign_in(anyone, "yunfan", "demo", X_Forwarded_For=guesser).status_code == 200
    assert sign_in(anyone, "heji", "demo", X_Forwarded_For=owner).status_code == 200
    assert sign_in(anyone, "heji", "demo").status_code == 200


def test_a_peer_from_outside_can_not_name_another_address(anyone: FlaskClient) -> None:
    anyone.environ_base["REMOTE_ADDR"] = "8.8.4.4"
    for number in range(10):
        assert sign_in(anyone, "heji", "guess", X_Forwarded_For=f"203.0.113.{number}").status_code == 401
    assert sign_in(anyone, "heji", "guess", X_Forwarded_For="203.0.113.99").status_code == 429


def test_who_guesses_on_while_waiting_waits_no_longer_for_it(anyone: FlaskClient) -> None:
    waits = []
    for _ in range(13):
        answer = sign_in(anyone, "heji", "guess")
        waits.append(int(answer.headers.get("Retry-After", 0)))
    assert waits[:10] == [0] * 10
    assert all(8 <= wait <= 11 for wait in waits[10:])


def test_each_wrong_password_after_a_wait_doubles_the_next(anyone: FlaskClient, database: Database) -> None:
    waits = []
    for number in range(14):
        assert sign_in(anyone, "heji", "guess").status_code == 401
        if number >= 9:
            waits.append(int(sign_in(anyone, "heji").headers["Retry-After"]))
            with database.transaction() as uow:
                uow.session.execute(update(attempt).values(until=uow.now))
    assert [round(wait, -1) for wait in waits] == [10, 20, 40, 80, 160]
    assert sign_in(anyone, "heji").status_code == 200


@pytest.mark.usefixtures("real_passwords")
def test_right_passwords_never_wait_however_many_come_at_once(app: Flask) -> None:
    with ThreadPoolExecutor(25) as pool:
        answers = pool.map(lambda _: sign_in(client(app), "yunfan").status_code, range(25))
        assert list(answers) == [200] * 25


def test_a_right_password_forgets_the_wrong_ones(anyone: FlaskClient) -> None:
    for _ in range(2):
        for _ in range(9):
            assert sign_in(anyone, "heji", "guess").status_code == 401
        assert sign_in(anyone, "heji").status_code == 200


def test_refresh_tokens_rotate_and_a_second_use_ends_the_session(anyone: FlaskClient) -> None:
    first = sign_in(anyone, "heji").get_json()["refresh_token"]
    second = post(anyone, "/tokens/refresh", {"refresh_token": first}).get_json()
    assert second["account"]["kind"] == "firm"
    assert second["refresh_token"] != first
    third = post(anyone, "/tokens/refresh", {"refresh_token": second["refresh_token"]}).get_json()
    reused = post(anyone, "/tokens/refresh", {"refresh_token": first})
    assert refused(reused) == (401, "session-over")
    assert post(anyone, "/tokens/refresh", {"refresh_token": third["refresh_token"]}).status_code == 401
    assert sign_in(anyone, "heji").status_code == 200


def test_signing_out_everywhere_ends_every_session(
    app: Flask, anyone: FlaskClient, database: Database
) -> None:
    one, other = (sign_in(anyone, "shenjiahe").get_json() for _ in range(2))
    here = client(app, one["access_token"])
    answer = post(here, "/tokens/revoke")
    assert (answer.status_code, answer.data) == (204, b"")
    (event,) = (e.event for e in events_of(database, TokensRevoked))
    assert event.subject == one["account"]["account_id"]
    for tokens in (one, other):
        again = post(anyone, "/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
        assert refused(again) == (401, "session-over")
    hear(database)
    later = sign_in(anyone, "shenjiahe").get_json()
    fresh = create_app(database.config, database=database)
    for tokens in (one, other):
        assert client(fresh, tokens["access_token"]).get(f"{BASE}/me").status_code == 401
    assert client(fresh, later["access_token"]).get(f"{BASE}/me").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("GET", "/certificates"),
        ("POST", "/tokens/revoke"),
        ("POST", "/staff"),
        ("GET", "/accounts/names?ids=a"),
    ],
)
def test_without_a_token_or_with_an_expired_one_nothing_is_open(
    app: Flask, database: Database, method: str, path: str
) -> None:
    mint = Mint()
    mint.install(database)
    expired = mint.token("a", kind="staff", roles=["platform_admin"], issued_at=time.time() - 700)
    for token in (None, expired, "not.a.token"):
        assert refused(client(app, token).open(BASE + path, method=method)) == (401, "not-signed-in")


def test_a_token_of_an_account_that_is_not_here_is_no_sign_in(app: Flask, database: Database) -> None:
    mint = Mint()
    mint.install(database)
    stranger = client(app, mint.token("moon"))
    assert refused(stranger.get(f"{BASE}/me")) == (401, "not-signed-in")
    assert refused(post(stranger, "/tokens/revoke")) == (401, "not-signed-in")


def test_a_person_registers_and_signs_in(anyone: FlaskClient, database: Database) -> None:
    answer = post(anyone, "/accounts", PERSON)
    assert answer.status_code == 201, answer.text
    account = answer.get_json()
    assert (account["kind"], account["roles"], account["department"]) == ("person", [], None)
    assert events_of(database, AccountOpened)[-1].subject == account["account_id"]
    assert sign_in(anyone, "guazhen", "a long password").get_json()["account"] == account
    twice = post(anyone, "/accounts", PERSON)
    assert fields(twice) == {"login", "id_number"}


def test_a_firm_registers_by_its_credit_code(anyone: FlaskClient) -> None:
    firm = {
        "login": "hongsha",
        "password": "a long password",
        "kind": "firm",
        "display_name": "江塘红沙贸易有限公司",
    }
    assert fields(post(anyone, "/accounts", firm)) == {"credit_code"}
    assert fields(post(anyone, "/accounts", firm | {"credit_code": "91329982MA9A00053T"})) == {"credit_code"}
    assert post(anyone, "/accounts", firm | {"credit_code": "91329982MA9A00053R"}).status_code == 201


def test_every_wrong_field_of_a_registration_is_named_at_once(anyone: FlaskClient) -> None:
    wrong = {
        "login": "No Spaces!",
        "password": "short",
        "kind": "firm",
        "display_name": "x",
        "id_number": "329982194403070042",
        "roles": ["platform_admin"],
    }
    answer = post(anyone, "/accounts", wrong)
    assert fields(answer) == {*wrong, "credit_code"} - {"kind"}
    for guessed in ("iloveyou1234", "P@ssw0rd2026", "wang-guihua-2026"):
        names = {"login": "wang-guihua", "password": guessed, "id_number": "329982194403070042"}
        assert fields(post(anyone, "/accounts", PERSON | names)) == {"password", "id_number"}
    assert fields(post(anyone, "/accounts", {})) == {"login", "password", "kind", "display_name"}
    assert fields(post(anyone, "/accounts", PERSON | {"kind": "staff"})) == {"kind"}
    assert fields(post(anyone, "/tokens", {"login": 5, "passwort": "x"})) == {"login", "password", "passwort"}
    assert fields(post(anyone, "/tokens/refresh", {})) == {"refresh_token"}


def test_registering_without_end_is_slowed_down(anyone: FlaskClient) -> None:
    for number in range(20):
        assert (
            post(anyone, "/accounts", PERSON | {"login": f"person-{number}", "id_number": None}).status_code
            == 422
        )
    for number in range(20):
        taken = {
            "kind": "person",
            "login": "heji",
            "display_name": f"某人{number}",
            "password": "a long password",
        }
        assert fields(post(anyone, "/accounts", taken)) == {"login"}
    assert post(anyone, "/accounts", PERSON).status_code == 429


def test_an_administrator_opens_accounts_for_staff(
    app: Flask, anyone: FlaskClient, database: Database
) -> None:
    new = {
        "login": "xu-keqin",
        "password": "a long password",
        "display_name": "许克勤",
        "department": "SJ",
        "roles": ["approver"],
    }
    assert refused(post(as_(app, "luming"), "/staff", new)) == (403, "not-allowed")
    admin = as_(app, "admin")
    assert fields(post(admin, "/staff", new | {"department": "sj", "roles": ["king"], "login": "!"})) == {
        "department",
        "roles.0",
        "login",
    }
    assert fields(post(admin, "/staff", new | {"roles": ["platform_admin", "auditor"]})) == {"roles"}
    answer = post(admin, "/staff", new)
    assert answer.status_code == 201
    account = answer.get_json()
    assert (account["kind"], account["department"], account["roles"]) == ("staff", "SJ", ["approver"])
    opened = events_of(database, AccountOpened)[-1]
    assert opened.department == "SJ"
    with database.read() as session:
        (row,) = session.execute(select(orm.audit)).all()
    assert (row.act, row.subject) == ("open_account", account["account_id"])


def test_staff_reads_names_and_that_is_written_down(
    app: Flask, anyone: FlaskClient, database: Database
) -> None:
    citizen, firm = (sign_in(anyone, name).get_json()["account"] for name in ("shenjiahe", "heji"))
    ids = f"{citizen['account_id']},{firm['account_id']},moon"
    names = f"{BASE}/accounts/names"
    for login in ("shenjiahe", "dept-sj"):
        assert refused(as_(app, login).get(f"{names}?ids={ids}")) == (403, "not-allowed")
    officer = as_(app, "luming")
    found = officer.get(f"{names}?ids={ids}").get_json()
    assert {i["account_id"]: i["display_name"] for i in found["items"]} == {
        citizen["account_id"]: "沈佳禾",
        firm["account_id"]: "江塘禾记餐饮有限公司",
    }
    with database.read() as session:
        rows = session.execute(select(orm.audit)).all()
    assert {(r.act, r.subject) for r in rows} == {("read_name", i["account_id"]) for i in found["items"]}
    assert fields(officer.get(names)) == {"ids"}
    assert fields(officer.get(f"{names}?ids={','.join(['x'] * 101)}")) == {"ids"}


def test_everybody_reads_the_public_keys(anyone: FlaskClient) -> None:
    answer = anyone.get(f"{BASE}/jwks.json")
    (key,) = answer.get_json()["keys"]
    assert key.keys() == {"kty", "crv", "use", "alg", "kid", "x", "y"}
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_the_migrated_schema_is_the_mapped_one(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(_object: Any, name: str, kind: str, _reflected: bool, _to: Any) -> bool:
        return kind != "table" or name in orm.metadata.tables

    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, orm.metadata) == []


def test_the_api_describes_itself(anyone: FlaskClient) -> None:
    document = json.loads(anyone.get(f"{BASE}/openapi.json").data)
    assert {f"{BASE}/tokens", f"{BASE}/staff", f"{BASE}/accounts/names"} <= document["paths"].keys()
    assert document["paths"][f"{BASE}/staff"]["post"]["x-access"] == {
        "open": False,
        "all": ["platform_admin"],
    }
