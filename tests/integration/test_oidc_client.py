"""npm's openid-client, which shares nothing with us, signs in and out at the real provider over HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select

from deploy.local.node import ensure_node_modules, run_node
from deploy.local.servers import PostgresServer
from services.identity import orm
from services.identity.handlers import clients
from tests.integration.oidc_city import BASE, identity_over_http

VERIFIER = "v" * 43
REDIRECT = "https://tax.example/callback"
LOGOUT = "https://tax.example/bye"


@pytest.fixture(scope="module")
def database_url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.create_database(f"identity_{secrets.token_hex(4)}")
    yield made
    postgres.drop_database(made)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[dict[str, Any]]:
    """What the client saw, with what identity wrote down meanwhile."""
    ensure_node_modules()
    with identity_over_http(tmp_path_factory.mktemp("identity"), database_url) as (url, database):
        with database.transaction() as uow:
            secret = clients.add_client(
                client_id="tax-office",
                name="税务局办税系统",
                name_en="Tax office",
                redirect_uris=[REDIRECT],
                logout_uris=[LOGOUT],
                scopes=["openid", "profile", "firm"],
                first_party=False,
                uow=uow,
            )
            machine = clients.add_client(
                client_id="tax-machine", name="税务局接口", name_en="", department="SW", uow=uow
            )
        signed_in = requests.post(
            f"{url}{BASE}/tokens", json={"login": "heji", "password": "demo"}, timeout=10
        ).json()
        consent = {"sso": signed_in["sso"], "client_id": "tax-office", "scope": "openid profile firm"}
        assert requests.post(f"{url}{BASE}/consents", json=consent, timeout=10).status_code == 204
        task = {
            "issuer": f"{url}{BASE}",
            "client_id": "tax-office",
            "secret": secret,
            "redirect_uri": REDIRECT,
            "logout_uri": LOGOUT,
            "sso": signed_in["sso"],
            "machine_id": "tax-machine",
            "machine_secret": machine,
        }
        found = json.loads(run_node(["tests/integration/oidc_driver.mjs"], stdin=json.dumps(task)))
        found |= {"url": url, "secret": secret, "account": signed_in["account"]}
        for name in ("access_token", "machine"):
            found[f"{name} opens"] = requests.get(
                f"{url}{BASE}/me", headers={"Authorization": f"Bearer {found[name]}"}, timeout=10
            ).status_code
        with database.read() as session:
            found["acts"] = session.scalars(select(orm.audit.c.act)).all()
        yield found


def test_a_code_sent_many_times_at_once_counts_once_and_leaves_nothing(seen: dict[str, Any]) -> None:
    url = seen["url"]
    browser = requests.Session()
    signed_in = browser.post(
        f"{url}{BASE}/tokens", json={"login": "heji", "password": "demo"}, timeout=10
    ).json()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": "tax-office",
        "redirect_uri": REDIRECT,
        "scope": "openid",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    cookie = {"Cookie": f"onewindow_sso={signed_in['sso']}"}
    answer = browser.get(
        f"{url}{BASE}/authorize", params=asked, headers=cookie, allow_redirects=False, timeout=10
    )
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    auth = ("tax-office", seen["secret"])

    def token(**form: str) -> requests.Response:
        return requests.post(f"{url}{BASE}/token", data=form, auth=auth, timeout=20)

    def exchange(_: int) -> requests.Response:
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return token(**form, code=code)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(exchange, range(6)))
    assert sorted(a.status_code for a in answers) == [200] + [400] * 5
    refresh_token = next(a.json()["refresh_token"] for a in answers if a.ok)
    assert token(grant_type="refresh_token", refresh_token=refresh_token).json()["error"] == "invalid_grant"


def payload(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


def test_the_id_token_says_who_when_how_well_known_and_in_which_session(seen: dict[str, Any]) -> None:
    claims = seen["claims"]
    assert claims["iss"] == f"{seen['url']}{BASE}"
    assert claims["sub"] == seen["account"]["account_id"]
    assert claims["aud"] == ["tax-office"]
    assert claims["acr"].startswith("urn:onewindow:level:")
    assert {"auth_time", "nonce", "sid", "at_hash"} <= claims.keys()


def test_user_info_follows_the_scopes_and_has_no_id_number(seen: dict[str, Any]) -> None:
    info = seen["info"]
    assert info["name"] == info["firm_name"] == seen["account"]["display_name"]
    assert info["account_kind"] == "firm"
    assert info["credit_code"]
    assert "id_number" not in json.dumps(info)


def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(seen: dict[str, Any]) -> None:
    assert seen["refreshed"]
    assert (seen["reused"], seen["family"]) == ("invalid_grant", "invalid_grant")
    assert "oidc:refresh_reused" in seen["acts"]


def test_a_code_works_once_and_its_reuse_ends_what_it_began(seen: dict[str, Any]) -> None:
    assert (seen["codeReused"], seen["afterCode"]) == ("invalid_grant", "invalid_grant")
    assert "oidc:code_reused" in seen["acts"]


def test_revocation_and_logout_end_refreshing(seen: dict[str, Any]) -> None:
    assert (seen["afterRevocation"], seen["afterLogout"]) == ("invalid_grant", "invalid_grant")
    assert seen["left"] == f"{LOGOUT}?state=bye"
    assert seen["silent"] == "login_required"


def test_a_third_partys_token_does_not_open_the_platform_a_machines_does(seen: dict[str, Any]) -> None:
    assert payload(seen["access_token"])["aud"] == ["tax-office"]
    assert seen["access_token opens"] == 401
    own = payload(seen["machine"])
    assert (own["aud"], own["scope"], own["dept"]) == (["onewindow"], "onewindow", "SW")
    assert seen["machine opens"] == 200
    assert seen["tooMuch"] == "invalid_scope"
