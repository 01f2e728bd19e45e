"""Tokens are checked offline, quickly, and no longer than they deserve."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import event as sql_event

from chassis.auth import InvalidToken, Verifier
from chassis.database import Database
from chassis.fakes.database import envelope, memory_database
from chassis.fakes.web import Mint, client
from chassis.trust import Keyring, keep
from contracts import Event
from contracts.identity import SigningKeyPublished, TokensRevoked
from tests.notes_app import Base, add_note, notes_app


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database("notes", tmp_path, Base.metadata)
    yield made
    made.close()


@pytest.fixture
def mint(database: Database) -> Mint:
    made = Mint()
    made.install(database)
    return made


@pytest.fixture
def app(database: Database) -> Flask:
    return notes_app(database)


@pytest.fixture
def verifier(database: Database) -> Verifier:
    return Verifier(Keyring(database))


def tell(database: Database, *events: Event) -> None:
    with database.transaction() as uow:
        keep([envelope(e, sequence=n, time=uow.now) for n, e in enumerate(events, 1)], uow)


def selects(database: Database) -> list[str]:
    """Grows by each SELECT the database is asked from now on."""
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    sql_event.listen(database.reader, "before_cursor_execute", count)
    return asked


def test_a_token_names_its_caller(verifier: Verifier, mint: Mint) -> None:
    who = verifier.verify(mint.token("acc-7", kind="staff", roles=["officer"], dept="SJ"))
    assert (who.account_id, who.kind, who.department) == ("acc-7", "staff", "SJ")
    assert who.is_any("officer") and who.is_any("staff") and not who.is_any("person", "supervisor")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody-else"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"kind": None},
        {"roles": [1]},
        {"dept": ["SJ"]},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": None},
        {"exp": time.time() - 1},
        {"exp": time.time() + 86_400},
        {"iat": time.time() + 86_400, "exp": time.time() + 86_700},
        {"nbf": time.time() + 86_400},
        {"aud": None},
        {"aud": []},
        {"aud": ["tax-office"]},
        {"aud": [7]},
        {"sid": 7},
        {"scope": ["openid"]},
    ],
)
def test_a_token_with_a_wrong_claim_proves_nothing(
    verifier: Verifier, mint: Mint, claims: dict[str, object]
) -> None:
    with pytest.raises(InvalidToken):
        verifier.verify(mint.token("acc-1", **claims))


def test_a_token_names_its_session_and_scopes_and_whom_it_is_for(verifier: Verifier, mint: Mint) -> None:
    who = verifier.verify(mint.token("acc-7", sid="s-1", scope="onewindow dossiers", aud="onewindow"))
    assert (who.session_id, who.scopes) == ("s-1", {"onewindow", "dossiers"})
    for_another = mint.token("acc-7", aud=["tax-office"])
    assert verifier.verify(for_another, audience=None).audience == {"tax-office"}
    with pytest.raises(InvalidToken) as refused:
        verifier.verify(for_another)
    assert refused.value.reason == "audience"


def test_only_the_signature_of_a_known_key_counts(verifier: Verifier, mint: Mint, database: Database) -> None:
    stranger = Mint(kid=mint.kid)
    unknown = Mint(kid="unknown")
    good = mint.token("acc-1")
    header, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "acc-2"}).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","kid":"mint"}').decode().rstrip("=")
    by_secret = jwt.encode(
        {"alg": "HS256", "kid": "mint"}, claims, OctKey.import_key(mint.published().x + "0" * 32)
    )
    for token in (
        stranger.token("acc-1"),
        unknown.token("acc-1"),
        f"{header}.{changed}.{signature}",
        f"{unsigned}.{payload}.",
        by_secret,
        "",
        "a.b.c",
        "…",
        good + "x" * 5000,
    ):
        with pytest.raises(InvalidToken):
            verifier.verify(token)
    assert verifier.verify(good).account_id == "acc-1"


def test_a_token_in_use_is_verified_once_and_still_expires(database: Database, mint: Mint) -> None:
    now = [time.time()]
    verifier = Verifier(Keyring(database), clock=lambda: now[0])
    token = mint.token("acc-1", issued_at=now[0])
    first = verifier.verify(token)
    assert verifier.verify(token) is first
    now[0] += 601
    with pytest.raises(InvalidToken):
        verifier.verify(token)


def test_a_revocation_refuses_what_was_issued_before_it_and_nothing_after(
    database: Database, mint: Mint, verifier: Verifier
) -> None:
    moment = datetime.now(UTC)
    before = mint.token("acc-1", issued_at=moment.timestamp() - 0.01)
    after = mint.token("acc-1", issued_at=moment.timestamp() + 0.01)
    other = mint.token("acc-2", issued_at=moment.timestamp() - 0.01)
    assert verifier.verify(before)
    tell(database, TokensRevoked(account_id="acc-1", not_before=moment))
    verifier.keyring.refresh(max_age=0)
    with pytest.raises(InvalidToken, match="revoked"):
        verifier.verify(before)
    assert verifier.verify(after) and verifier.verify(other)


def test_a_retired_key_no_longer_opens_anything(database: Database, mint: Mint, verifier: Verifier) -> None:
    token = mint.token("acc-1")
    verifier.verify(token)
    key = mint.published()
    tell(database, SigningKeyPublished(kid=key.kid, x=key.x, y=key.y, retired_at=datetime.now(UTC)))
    verifier.keyring.refresh(max_age=0)
    with pytest.raises(InvalidToken):
        verifier.verify(token)


def test_trust_ends_the_same_whatever_the_order_and_the_repetitions(database: Database) -> None:
    now = datetime.now(UTC)
    key = Mint("k").published()
    retired = SigningKeyPublished(kid="k", x=key.x, y=key.y, retired_at=now - timedelta(seconds=1))
    early = TokensRevoked(account_id="a", not_before=now - timedelta(seconds=50))
    late = TokensRevoked(account_id="a", not_before=now - timedelta(seconds=5))
    for events in (
        (key, retired, early, late),
        (late, retired, early, key),
        (retired, key, key, late, early),
    ):
        for event in events:
            tell(database, event)
        keyring = Keyring(database)
        assert keyring.key("k") is None
        assert keyring.revoked("a", (now - timedelta(seconds=6)).timestamp())
        assert not keyring.revoked("a", (now - timedelta(seconds=4)).timestamp())


def test_the_database_is_asked_once_a_second_not_once_a_request(database: Database, mint: Mint) -> None:
    asked = selects(database)
    verifier = Verifier(Keyring(database))
    tokens = [mint.token(f"acc-{n}") for n in range(20)]
    started = time.monotonic()
    for token in tokens * 5:
        verifier.verify(token)
    rounds = 1 + int(time.monotonic() - started)
    assert len(asked) <= 2 * rounds


def test_an_unknown_key_is_looked_up_at_once_but_not_by_every_request(
    database: Database, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = Keyring(database)
    clock = [1000.0]
    monkeypatch.setattr("chassis.trust.time.monotonic", lambda: clock[0])
    asked = selects(database)
    assert keyring.key("new") is None
    new = Mint("new")
    new.install(database)
    for _ in range(10):
        assert keyring.key("new") is None
    assert len(asked) == 2
    clock[0] += 0.2
    assert isinstance(keyring.key("new"), ECKey)
    assert len(asked) == 4


def test_who_is_not_signed_in_is_told_so_and_who_may_not_is_told_that(
    app: Flask, mint: Mint, database: Database
) -> None:
    note = add_note(database)
    nobody = client(app).get(f"/api/notes/notes/{note}")
    assert (nobody.status_code, nobody.get_json()["type"]) == (401, "not-signed-in")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    basic = client(app).get(f"/api/notes/notes/{note}", headers={"Authorization": "Basic YTpi"})
    assert basic.status_code == 401
    staff = client(app, mint.token("acc-1", kind="staff", roles=["officer"]))
    refused = staff.post("/api/notes/notes", json={"text": "x"})
    assert (refused.status_code, refused.get_json()["type"]) == (403, "not-allowed")


def test_the_right_to_an_endpoint_is_checked_before_its_body_is_read(app: Flask) -> None:
    answer = client(app).post("/api/notes/notes", data=b"{", content_type="application/json")
    assert answer.status_code == 401


def test_an_open_endpoint_ignores_a_token_that_is_no_longer_good(app: Flask, mint: Mint) -> None:
    stale = client(app, mint.token("acc-1", issued_at=time.time() - 3600))
    assert stale.get("/api/notes/notes").status_code == 200
    assert stale.post("/api/notes/guess", json={"word": "river"}).status_code == 200
