"""Signing out reaches the clients that took part; operators register clients by command."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from click.testing import CliRunner
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import select, update

from chassis.database import Database
from services.identity import keys, orm
from services.identity.__main__ import main
from services.identity.handlers import clients
from services.identity.logout_sender import EVENT, LogoutSender
from services.identity.web import create_app
from tests.integration.oidc_city import BASE, identity_database

REDIRECT = "https://tax.example/callback"
TOLD_AT = "https://tax.example/signed-out"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = identity_database(tmp_path)
    with made.transaction() as uow:
        clients.add_client(
            client_id="tax-office",
            name="税务局办税系统",
            name_en="",
            redirect_uris=[REDIRECT],
            backchannel_uri=TOLD_AT,
            first_party=True,
            uow=uow,
        )
    yield made
    made.close()


class Client:
    """The client's own server: takes notes, or fails to. While it answers, the database is free."""

    def __init__(self, database: Database):
        self.database = database
        self.answers: list[int] = []
        self.told: list[tuple[str, str]] = []

    def post(self, address: str, *, data: dict[str, str], **_: Any) -> requests.Response:
        with self.database.transaction() as uow:
            uow.session.execute(update(orm.client).values(scopes=["openid"]))
        self.told.append((address, data["logout_token"]))
        answer = requests.Response()
        answer.status_code = self.answers.pop(0) if self.answers else 200
        return answer


def signed_in(database: Database) -> tuple[Any, dict[str, Any]]:
    """A browser that signed in to the tax office."""
    http = create_app(database.config, database=database).test_client()
    answer = http.post(f"{BASE}/tokens", json={"login": "heji", "password": "demo"}).get_json()
    http.set_cookie("onewindow_sso", answer["sso"])
    asked = {"response_type": "code", "client_id": "tax-office", "redirect_uri": REDIRECT, "scope": "openid"}
    challenge = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    found = http.get(f"{BASE}/authorize?{urlencode(asked | challenge)}")
    assert parse_qs(urlsplit(found.location).query)["code"]
    with database.transaction() as uow:
        code = uow.session.execute(select(orm.code)).one()
        uow.session.execute(
            orm.grant.insert(),
            {
                **{n: getattr(code, n) for n in ("session_id", "account_id", "client_id", "scope")},
                **{"grant_id": "g1", "current": "-", "started_at": uow.now, "renewed_at": uow.now},
            },
        )
    return http, answer


def test_a_client_that_took_part_is_told_once_in_a_token_it_can_check(database: Database) -> None:
    http, answer = signed_in(database)
    for _ in range(2):
        http.post(f"{BASE}/sessions/end", json={"sso": answer["sso"]})
    client = Client(database)
    sender = LogoutSender(database, client)  # type: ignore[arg-type]
    assert sender.step() == 0.0
    assert sender.step() > 1
    ((address, token),) = client.told
    assert address == TOLD_AT
    with database.transaction() as uow:
        known = KeySet([ECKey.import_key(dict(k)) for k in keys.public_keys(uow.session, uow.now)])
    read = jwt.decode(token, known, algorithms=["ES256"])
    assert read.header["typ"] == "logout+jwt"
    assert read.claims["aud"] == ["tax-office"] and read.claims["events"] == {EVENT: {}}
    assert read.claims["sub"] == answer["account"]["account_id"]
    assert read.claims["sid"] == answer["sso"].partition(".")[0]
    assert "nonce" not in read.claims


def test_a_note_that_is_not_taken_is_sent_again_with_growing_pauses(database: Database) -> None:
    http, answer = signed_in(database)
    mine = {"Authorization": f"Bearer {answer['access_token']}"}
    assert http.post(f"{BASE}/tokens/revoke", headers=mine).status_code == 204
    client = Client(database)
    client.answers = [500, 302, 200]
    sender = LogoutSender(database, client)  # type: ignore[arg-type]
    pauses = []
    for _ in range(3):
        sender.step()
        pauses.append(sender.step())
        with database.transaction() as uow:
            uow.session.execute(
                update(orm.sign_out_note)
                .where(orm.sign_out_note.c.due_at.is_not(None))
                .values(due_at=uow.now - timedelta(seconds=1))
            )
    assert 4 < pauses[0] <= 5 and 9 < pauses[1] <= 10
    with database.read() as session:
        row = session.execute(select(orm.sign_out_note)).one()
    assert (row.state, row.attempts, row.error) == ("sent", 3, None)


def test_a_note_nobody_takes_is_given_up_and_one_to_a_removed_client_not_sent(database: Database) -> None:
    http, answer = signed_in(database)
    http.post(f"{BASE}/sessions/end", json={"sso": answer["sso"]})
    client = Client(database)
    client.answers = [500]
    with database.transaction() as uow:
        uow.session.execute(update(orm.sign_out_note).values(wanted_at=uow.now - timedelta(hours=13)))
    LogoutSender(database, client).step()  # type: ignore[arg-type]
    with database.transaction() as uow:
        assert uow.session.scalar(select(orm.sign_out_note.c.state)) == "failed"
        uow.session.execute(update(orm.sign_out_note).values(state="waiting", due_at=uow.now))
        clients.remove_client("tax-office", uow)
    LogoutSender(database, client).step()  # type: ignore[arg-type]
    assert len(client.told) == 1


def command(database: Database, folder: Path, *arguments: str) -> Any:
    key = folder / "key"
    if not key.exists():
        key.write_bytes(base64.b64encode(database.config.master_key))
    environment = {
        "ONEWINDOW_DATABASE_URL": database.config.database_url,
        "ONEWINDOW_MASTER_KEY_FILE": str(key),
        "ONEWINDOW_PUBLIC_URL": database.config.public_url,
    }
    return CliRunner().invoke(main, ["client", *arguments], env=environment)


def test_operators_add_show_rotate_and_remove_clients(database: Database, tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        return command(database, tmp_path, *arguments)

    added = run("add", "fire-site", "消防局检查系统", "--redirect", "http://127.0.0.1:9/cb")
    assert added.exit_code == 0 and "shown this once" in added.output
    secret = re.findall(r"fire-site: (\S+)", added.output)[0]
    assert run("add", "fire-site", "消防局检查系统", "--redirect", "https://x.example/").exit_code == 1
    machine = run("add", "fire-machine", "消防局接口", "--machine", "XF")
    assert machine.exit_code == 0
    listed = run("list").output
    assert "fire-site" in listed and "machine" in listed and "third party" in listed
    assert secret not in run("show", "fire-site").output + listed
    assert "http://127.0.0.1:9/cb" in run("show", "fire-site").output
    assert "http://localhost/sign-in/done" in run("show", "portal").output
    rotated = run("rotate", "fire-site")
    assert rotated.exit_code == 0 and secret not in rotated.output
    assert run("remove", "fire-machine").exit_code == run("remove", "fire-site").exit_code == 0
    assert run("show", "fire-site").exit_code == run("rotate", "fire-site").exit_code == 1
    assert run("add", "fire-machine", "消防局接口", "--machine", "XF").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("portal", "一窗通", "--redirect", "https://x.example/"),
        ("onewindow", "一窗通", "--redirect", "https://x.example/"),
        ("site", "系统", "--redirect", "http://x.example/"),
        ("site", "系统", "--redirect", "https://x.example/#part"),
        ("site", "系统", "--redirect", "https://a@x.example/"),
        ("site", "系统", "--redirect", "javascript:alert(1)"),
        ("site", "系统"),
        ("site", "系统", "--redirect", "https://x.example/", "--scope", "onewindow"),
        ("site", "系统", "--redirect", "https://x.example/", "--machine", "XF"),
        ("site", "系统", "--machine", "no such"),
        ("site", "系统", "--redirect", "https://x.example/", "--backchannel", "ftp://x.example/"),
    ],
)
def test_what_can_not_be_a_client_is_not_registered(
    database: Database, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    answer = command(database, tmp_path, "add", *arguments)
    assert answer.exit_code == 1 and "not registered" in answer.output
