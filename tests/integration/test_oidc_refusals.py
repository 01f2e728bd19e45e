"""What the provider says to wrong requests: standard OAuth errors, a line in the audit, never a 500."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import select, update

from chassis.database import Database
from services.identity import keys, orm
from services.identity.handlers import clients
from services.identity.web import create_app
from tests.integration.oidc_city import BASE, identity_database

REDIRECT = "https://tax.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = identity_database(tmp_path)
    yield made
    made.close()


@pytest.fixture
def app(database: Database) -> Flask:
    return create_app(database.config, database=database)


class TaxOffice:
    """A department's system with its client, and one visitor's browser."""

    def __init__(self, app: Flask, database: Database):
        self.database = database
        self.http = app.test_client()
        with database.transaction() as uow:
            self.secret = clients.add_client(
                client_id="tax-office",
                name="税务局办税系统",
                name_en="",
                redirect_uris=[REDIRECT],
                scopes=["openid", "profile"],
                first_party=True,
                uow=uow,
            )

    def sign_in(self, login: str = "heji") -> dict[str, Any]:
        answer = self.http.post(f"{BASE}/tokens", json={"login": login, "password": "demo"}).get_json()
        self.http.set_cookie("onewindow_sso", answer["sso"])
        return dict(answer)

    def authorize(self, **changes: str | None) -> Any:
        asked = {
            "response_type": "code",
            "client_id": "tax-office",
            "redirect_uri": REDIRECT,
            "scope": "openid profile",
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        query = urlencode({k: v for k, v in asked.items() if v is not None})
        return self.http.get(f"{BASE}/authorize?{query}")

    def code(self) -> str:
        return query_of(self.authorize())["code"]

    def token(self, **form: str) -> Any:
        return self.http.post(f"{BASE}/token", data=form, auth=("tax-office", self.secret or ""))

    def exchange(self, code: str, **changes: str) -> Any:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return self.token(**(form | {"code_verifier": VERIFIER} | changes))

    def acts(self) -> list[str]:
        with self.database.read() as session:
            return [a for a in session.scalars(select(orm.audit.c.act)) if a.startswith("oidc:")]


@pytest.fixture
def tax(app: Flask, database: Database) -> TaxOffice:
    return TaxOffice(app, database)


def query_of(answer: Any) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith(REDIRECT), answer.location
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.location).query).items()}


def refused(answer: Any) -> tuple[int, str]:
    assert answer.content_type == "application/json" and answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.get_json()["error"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
    ],
    ids=str,
)
def test_no_code_without_an_s256_challenge(tax: TaxOffice, changes: dict[str, str | None]) -> None:
    tax.sign_in()
    answer = query_of(tax.authorize(**changes))
    assert answer.keys() == {"error", "error_description", "state", "iss"}
    assert (answer["error"], answer["state"]) == ("invalid_request", "s")
    assert tax.acts() == ["oidc:no_challenge"]


@pytest.mark.parametrize(
    "uri",
    [f"{REDIRECT}/", f"{REDIRECT}?x=1", REDIRECT.upper(), "https://evil.example/", "javascript:x", None],
)
def test_another_redirect_address_gets_a_page_and_never_a_redirect(tax: TaxOffice, uri: str | None) -> None:
    tax.sign_in()
    answer = tax.authorize(redirect_uri=uri)
    assert answer.status_code == 400 and answer.location is None
    assert "没有登录成" in answer.text and "form-action 'none'" in answer.headers["Content-Security-Policy"]
    assert tax.acts() == ["oidc:redirect_mismatch"]


@pytest.mark.parametrize("client_id", [None, "nobody", "x" * 5000, "名字", "a'\"\\\u0000"])
def test_an_unknown_client_gets_a_page(tax: TaxOffice, client_id: str | None) -> None:
    answer = tax.authorize(client_id=client_id)
    assert answer.status_code in (400, 404) and answer.location is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"nonce": "n" * 501}, "invalid_request"),
    ],
    ids=str,
)
def test_wrong_requests_go_back_to_the_client(tax: TaxOffice, changes: dict[str, str], error: str) -> None:
    tax.sign_in()
    assert query_of(tax.authorize(**changes))["error"] == error


@pytest.mark.parametrize(
    "changes", [{"response_type": "'\"\\"}, {"max_age": "-1"}, {"state": "\x07"}], ids=str
)
def test_what_can_not_be_read_gets_a_page(tax: TaxOffice, changes: dict[str, str]) -> None:
    tax.sign_in()
    assert tax.authorize(**changes).status_code == 400


def test_a_code_counts_once_and_takes_its_tokens_with_it(tax: TaxOffice) -> None:
    tax.sign_in()
    code = tax.code()
    tokens = tax.exchange(code).get_json()
    assert refused(tax.exchange(code)) == (400, "invalid_grant")
    again = tax.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused(again) == (400, "invalid_grant")
    assert tax.acts() == ["oidc:code_reused"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ],
    ids=str,
)
def test_wrong_exchanges_are_refused(tax: TaxOffice, changes: dict[str, str], error: str) -> None:
    tax.sign_in()
    assert refused(tax.exchange(tax.code(), **changes)) == (400, error)
    assert refused(tax.exchange("made-up")) == (400, "invalid_grant")


def test_a_code_is_over_after_a_minute_and_no_use_to_another_client(tax: TaxOffice, app: Flask) -> None:
    tax.sign_in()
    code = tax.code()
    with tax.database.transaction() as uow:
        other = clients.add_client(
            client_id="other", name="别的系统", name_en="", redirect_uris=[REDIRECT], uow=uow
        )
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    stolen = app.test_client().post(
        f"{BASE}/token", data=form | {"code_verifier": VERIFIER}, auth=("other", other or "")
    )
    assert refused(stolen) == (400, "invalid_grant")
    with tax.database.transaction() as uow:
        uow.session.execute(update(orm.code).values(issued_at=uow.now - timedelta(seconds=61)))
    assert refused(tax.exchange(code)) == (400, "invalid_grant")


def test_a_wrong_secret_is_refused_written_down_and_slowed_down(tax: TaxOffice, app: Flask) -> None:
    stranger = app.test_client()
    for _ in range(20):
        answer = stranger.post(
            f"{BASE}/token", data={"grant_type": "client_credentials"}, auth=("tax-office", "guess")
        )
        assert refused(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    waits = stranger.post(f"{BASE}/token", data={}, auth=("tax-office", tax.secret or ""))
    assert waits.status_code == 429 and int(waits.headers["Retry-After"]) > 0
    assert set(tax.acts()) == {"oidc:wrong_client"}


def test_a_session_that_ended_ends_refreshing(tax: TaxOffice) -> None:
    answer = tax.sign_in()
    tokens = tax.exchange(tax.code()).get_json()
    assert tax.http.post(f"{BASE}/sessions/end", json={"sso": answer["sso"]}).status_code == 204
    again = tax.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused(again) == (400, "invalid_grant")
    assert tax.authorize().location.startswith("http://localhost/sign-in/account?next=")


def test_who_has_to_sign_in_anew_is_asked_once(tax: TaxOffice) -> None:
    tax.sign_in()
    asked = tax.authorize(prompt="login")
    onwards = parse_qs(urlsplit(asked.location).query)["next"][0]
    assert tax.http.get(onwards).location.startswith("http://localhost/sign-in/account")
    tax.sign_in()
    assert "code" in query_of(tax.http.get(onwards))
    assert query_of(tax.authorize(prompt="none"))["code"]
    assert tax.authorize(max_age="0").location.startswith("http://localhost/sign-in/account")


def bearer(http: FlaskClient, token: str, path: str = "/userinfo") -> Any:
    return http.get(BASE + path, headers={"Authorization": f"Bearer {token}"})


def forged(kind: str, good: str, database: Database) -> str:
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    with database.transaction() as uow:
        kid, private = keys.signing(uow)
        public = keys.public_keys(uow.session, uow.now)[0]

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    if kind == "none":
        return f"{part({'alg': 'none', 'kid': kid})}.{body}."
    if kind == "hmac with the public key":
        secret = OctKey.import_key(json.dumps(public))
        return jwt.encode({"alg": "HS256", "kid": kid}, claims, secret, algorithms=["HS256"])
    if kind == "another key":
        return jwt.encode({"alg": "ES256", "kid": kid}, claims, ECKey.generate_key("P-256"))
    if kind == "tampered":
        return f"{head}.{part(claims | {'sub': 'somebody-else'})}.{signature}"
    now = time.time()
    changed = {
        "expired": {"iat": now - 700, "exp": now - 100},
        "not yet valid": {"nbf": now + 3600},
        "another issuer": {"iss": "https://evil.example"},
        "no audience": {"aud": []},
    }[kind]
    return jwt.encode({"alg": "ES256", "kid": kid}, claims | changed, private)


@pytest.mark.parametrize(
    "kind",
    [
        *("none", "hmac with the public key", "another key", "tampered"),
        *("expired", "not yet valid", "another issuer", "no audience"),
    ],
)
def test_tokens_that_prove_nothing_open_nothing(tax: TaxOffice, kind: str) -> None:
    tax.sign_in()
    good = tax.exchange(tax.code()).get_json()["access_token"]
    assert bearer(tax.http, good).status_code == 200 and bearer(tax.http, good, "/me").status_code == 200
    bad = forged(kind, good, tax.database)
    answer = bearer(tax.http, bad)
    assert refused(answer) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert bearer(tax.http, bad, "/me").status_code == 401
    assert tax.acts() == ([] if kind == "expired" else ["oidc:bad_token"])


def test_an_id_token_is_no_access_token_and_an_access_token_no_id_token(tax: TaxOffice) -> None:
    tax.sign_in()
    tokens = tax.exchange(tax.code()).get_json()
    assert bearer(tax.http, tokens["id_token"]).status_code == 401
    answer = tax.http.get(f"{BASE}/logout?{urlencode({'id_token_hint': tokens['access_token']})}")
    assert answer.status_code == 400


def test_signing_out_without_a_hint_asks_first(tax: TaxOffice) -> None:
    tax.sign_in()
    assert tax.http.get(f"{BASE}/logout").location == "http://localhost/sign-out"
    tokens = tax.exchange(tax.code()).get_json()
    left = tax.http.get(
        f"{BASE}/logout?"
        + urlencode(
            {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"}
        )
    )
    assert left.location == "http://localhost/"
    assert tax.authorize().location.startswith("http://localhost/sign-in/account")


def test_a_third_party_asks_for_consent_which_is_remembered_and_can_be_taken_back(
    tax: TaxOffice, app: Flask
) -> None:
    with tax.database.transaction() as uow:
        clients.add_client(client_id="other", name="别的系统", name_en="", redirect_uris=[REDIRECT], uow=uow)
    answer = tax.sign_in()
    asked = tax.authorize(client_id="other")
    assert asked.location.startswith("http://localhost/sign-in/consent?next=")
    assert query_of(tax.authorize(client_id="other", prompt="none"))["error"] == "consent_required"
    assert query_of(tax.authorize(client_id="other", denied="1"))["error"] == "access_denied"
    given = {"sso": answer["sso"], "client_id": "other", "scope": "openid profile"}
    assert tax.http.post(f"{BASE}/consents", json=given | {"sso": "x.y"}).status_code == 401
    assert tax.http.post(f"{BASE}/consents", json=given | {"scope": "firm"}).status_code == 404
    assert tax.http.post(f"{BASE}/consents", json=given).status_code == 204
    assert "code" in query_of(tax.authorize(client_id="other"))
    mine = {"Authorization": f"Bearer {answer['access_token']}"}
    (kept,) = tax.http.get(f"{BASE}/me/consents", headers=mine).get_json()["items"]
    assert (kept["client_id"], kept["scopes"]) == ("other", ["openid", "profile"])
    assert tax.http.delete(f"{BASE}/me/consents/other", headers=mine).status_code == 204
    assert tax.http.delete(f"{BASE}/me/consents/other", headers=mine).status_code == 404
    assert tax.authorize(client_id="other").location.startswith("http://localhost/sign-in/consent")


def test_the_discovery_document_names_what_is_there(tax: TaxOffice) -> None:
    found = tax.http.get(f"{BASE}/.well-known/openid-configuration").get_json()
    assert found["issuer"] == "http://localhost/api/identity"
    assert found["code_challenge_methods_supported"] == ["S256"]
    keys_now = tax.http.get(urlsplit(found["jwks_uri"]).path).get_json()["keys"]
    assert all(key["alg"] == "ES256" and "d" not in key for key in keys_now)


def test_tokens_signed_before_a_rotation_stay_valid(tax: TaxOffice) -> None:
    tax.sign_in()
    old = tax.exchange(tax.code()).get_json()["access_token"]
    with tax.database.transaction() as uow:
        keys.rotate(uow)
    assert bearer(tax.http, old).status_code == 200
    found = tax.http.get(f"{BASE}/jwks.json").get_json()["keys"]
    assert len(found) == 2
