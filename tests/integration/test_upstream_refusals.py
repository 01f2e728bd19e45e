"""What comes back from the province and must sign nobody in: each leaves a line in the audit."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc import jwt

from chassis import metrics
from demo.province.provider import new_key
from services.identity import orm
from services.identity.handlers import upstreams as handlers
from services.identity.upstream import calls
from services.identity.upstream_problems import REFUSALS
from tests.integration.identity_office import post, refused, sign_in
from tests.integration.province_city import BROWSER, ISSUER, ProvinceCity, province_city, signing_key

Claims = dict[str, Any]
OTHER = new_key()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[ProvinceCity]:
    with province_city(tmp_path) as made:
        made.person("shen", "沈佳禾", "329982199504183021", 3)
        yield made


def signed(claims: Claims, key: Any = None, algorithm: str = "RS256", **header: Any) -> str:
    key = key or signing_key()
    header = {"alg": algorithm, "kid": signing_key().kid} | header
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def unsigned(claims: Claims) -> str:
    parts = [{"alg": "none"}, claims]
    return ".".join([_b64(json.dumps(p).encode()) for p in parts]) + "."


def by_the_public_key(claims: Claims) -> str:
    """HS256 with what everybody may read as the secret."""
    content = ".".join(_b64(json.dumps(p).encode()) for p in ({"alg": "HS256"}, claims))
    proof = hmac.digest(signing_key().as_pem(private=False), content.encode(), "sha256")
    return f"{content}.{_b64(proof)}"


def in_its_header(claims: Claims) -> str:
    return signed(claims, OTHER, jwk=OTHER.as_dict(private=False))


def _b64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


WRONG: dict[str, tuple[str, Callable[[Claims], Any]]] = {
    "another nonce": ("nonce", lambda c: signed(c | {"nonce": "another"})),
    "no nonce": ("nonce", lambda c: signed({k: v for k, v in c.items() if k != "nonce"})),
    "another audience": ("audience", lambda c: signed(c | {"aud": ["another-city"]})),
    "for several, by another": ("audience", lambda c: signed(c | {"aud": ["jiangtang", "x"], "azp": "x"})),
    "for several, by nobody": ("audience", lambda c: signed(c | {"aud": ["jiangtang", "x"]})),
    "another issuer": ("issuer", lambda c: signed(c | {"iss": "https://evil.example"})),
    "expired": ("expired", lambda c: signed(c | {"exp": time.time() - 120})),
    "without an end": ("expired", lambda c: signed({k: v for k, v in c.items() if k != "exp"})),
    "of tomorrow": ("early", lambda c: signed(c | {"iat": time.time() + 86400})),
    "not yet valid": ("early", lambda c: signed(c | {"nbf": time.time() + 600})),
    "no subject": ("subject", lambda c: signed(c | {"sub": ""})),
    "a number as subject": ("subject", lambda c: signed(c | {"sub": 7})),
    "alg none": ("algorithm", unsigned),
    "HS256 by the public key": ("algorithm", by_the_public_key),
    "another key": ("signature", lambda c: signed(c, OTHER)),
    "its own key along": ("signature", in_its_header),
    "an unknown key": ("key", lambda c: signed(c, OTHER, kid="unknown")),
    "garbage": ("signature", lambda c: "not.a.token"),
    "nothing": ("signature", lambda c: None),
}


def tampered(city: ProvinceCity, token: Callable[[Claims], Any]) -> None:
    def change(said: Claims) -> Claims:
        claims = jwt.decode(said["id_token"], signing_key(), algorithms=["RS256"]).claims
        return said | {"id_token": token(claims)}

    city.tamper("/token", change)


def nobody_came(city: ProvinceCity, answer: Any, reason: str) -> None:
    assert refused(answer) == (403, "upstream-refused"), answer.text
    body = answer.get_json()
    assert body["reason"] == reason and body["detail"]
    assert city.acts[-1] == (f"upstream:{reason}", "unknown")
    assert not city.rows(orm.session) and not city.rows(orm.upstream_link)
    assert not city.rows(orm.upstream_flow)


@pytest.mark.parametrize(("reason", "token"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_id_token_signs_nobody_in(
    city: ProvinceCity, reason: str, token: Callable[[Claims], Any]
) -> None:
    tampered(city, token)
    nobody_came(city, city.through("shenjiahe"), reason)


def test_the_untampered_one_does(city: ProvinceCity) -> None:
    tampered(city, signed)
    assert city.through("shenjiahe").status_code == 200


def test_a_state_counts_once(city: ProvinceCity) -> None:
    browser = city.anyone()
    back = city.come_back(city.begin(browser), "shenjiahe")
    assert city.answer(browser, back).status_code == 200
    assert city.answer(browser, back).get_json()["reason"] == "state"
    assert city.acts[-1] == ("upstream:state", "unknown")


def test_a_foreign_browser_signs_nobody_in_and_uses_the_state_up(city: ProvinceCity) -> None:
    back = city.come_back(city.begin(city.anyone()), "shenjiahe")
    nobody_came(city, city.answer(city.anyone(), back, "another browser's secret"), "browser")
    assert city.answer(city.anyone(), back).get_json()["reason"] == "state"


@pytest.mark.parametrize("state", ["", "made-up", "x" * 2000])
def test_a_state_nobody_has_begun_signs_nobody_in(city: ProvinceCity, state: str) -> None:
    nobody_came(city, city.answer(city.anyone(), {"state": state, "code": "x"}), "state")


def test_ten_minutes_later_it_is_over(city: ProvinceCity) -> None:
    browser = city.anyone()
    back = city.come_back(city.begin(browser), "shenjiahe")
    city.set(orm.upstream_flow, begun_at=city.now - timedelta(minutes=11))
    nobody_came(city, city.answer(browser, back), "state")
    city.begin(browser)
    city.set(orm.upstream_flow, begun_at=city.now - timedelta(minutes=11))
    city.begin(browser)
    assert len(city.rows(orm.upstream_flow)) == 1


def test_who_says_no_there_is_not_signed_in(city: ProvinceCity) -> None:
    begun = city.begin(city.anyone())
    back = {"state": begun["state"], "error": "access_denied", "iss": ISSUER}
    nobody_came(city, city.answer(city.anyone(), back), "denied")


def test_an_answer_of_another_provider_is_not_taken(city: ProvinceCity) -> None:
    for issuer in ("https://evil.example", ""):
        browser = city.anyone()
        back = city.come_back(city.begin(browser), "shenjiahe") | {"iss": issuer}
        nobody_came(city, city.answer(browser, back), "issuer")
    assert "/token" not in city.line.called


def test_a_code_the_province_does_not_know_signs_nobody_in(city: ProvinceCity) -> None:
    browser = city.anyone()
    back = city.come_back(city.begin(browser), "shenjiahe") | {"code": "another"}
    nobody_came(city, city.answer(browser, back), "code")


def test_a_code_of_another_sign_in_does_not_fit_the_verifier(city: ProvinceCity) -> None:
    victim, thief = city.anyone(), city.anyone()
    stolen = city.come_back(city.begin(victim), "shenjiahe")["code"]
    back = city.come_back(city.begin(thief), "chenchu") | {"code": stolen}
    assert city.answer(thief, back).get_json()["reason"] == "code" and not city.rows(orm.session)


def test_user_info_of_somebody_else_is_not_taken(city: ProvinceCity) -> None:
    city.tamper("/userinfo", lambda said: said | {"sub": "js-liyuantu"})
    nobody_came(city, city.through("shenjiahe"), "subject_differs")


def test_user_info_is_asked_only_for_what_the_id_token_lacks(city: ProvinceCity) -> None:
    tampered(city, lambda c: signed(c | {"id_card_number": "329982199504183021"}))
    assert city.through("shenjiahe").status_code == 200
    assert "/userinfo" not in city.line.called


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"id_card_number": "329982199504183022"}, "number"),
        ({"id_card_number": ""}, "claims"),
        ({"id_card_number": 7}, "claims"),
    ],
)
def test_a_number_that_cant_be_signs_nobody_in(city: ProvinceCity, said: Claims, reason: str) -> None:
    city.tamper("/userinfo", lambda found: found | said)
    nobody_came(city, city.through("shenjiahe"), reason)


def test_an_assurance_that_isnt_in_the_settings_counts_as_none(city: ProvinceCity) -> None:
    tampered(city, lambda c: signed(c | {"assurance": "certainly"}))
    account = city.account(city.through("liyuantu").get_json()["account"]["account_id"])
    assert (account.level, account.id_number) == (0, None)


def test_a_new_key_of_the_province_is_learnt_and_not_asked_for_on_every_forgery(city: ProvinceCity) -> None:
    assert city.through("shenjiahe").status_code == 200
    city.province.rotate()
    later = time.time() + 10
    city.client.clock = lambda: later
    assert city.through("shenjiahe").status_code == 200
    asked = city.line.called.count("/jwks.json")
    assert asked == 2
    city.tamper("/token", lambda said: said | {"id_token": signed({}, OTHER, kid="made-up")})
    for _ in range(3):
        assert city.through("shenjiahe").get_json()["reason"] == "key"
    assert city.line.called.count("/jwks.json") == asked


def test_where_a_sign_in_is_demanded_anew_an_old_one_there_is_not_enough(city: ProvinceCity) -> None:
    browser = city.anyone()
    begun = city.begin(browser, fresh=True)
    assert "prompt=login" in begun["location"] and "max_age=0" in begun["location"]
    assert city.answer(browser, city.come_back(begun, "shenjiahe")).status_code == 200
    tampered(city, lambda c: signed(c | {"auth_time": time.time() - 3600}))
    assert city.through("shenjiahe", fresh=True).get_json()["reason"] == "not_fresh"


def fails(error: Exception) -> Callable[..., Any]:
    def change(path: str, status: int, body: bytes) -> Any:
        raise error

    return change


AWAY: dict[str, Callable[[str, int, bytes], Any]] = {
    "down": fails(requests.ConnectionError()),
    "slow": fails(requests.ReadTimeout()),
    "an error": lambda path, status, body: (502, body),
    "a page": lambda path, status, body: (200, b"<html>busy</html>"),
    "a list": lambda path, status, body: (200, b"[]"),
    "elsewhere": lambda path, status, body: (302, b""),
    "too much": lambda path, status, body: (200, b" " * (calls.LARGEST + 1)),
    "nested": lambda path, status, body: (200, b"[" * 100_000),
    "keys": lambda path, status, body: (200, b'{"keys": 7}') if path == "/jwks.json" else (status, body),
}


@pytest.mark.parametrize("change", AWAY.values(), ids=AWAY.keys())
def test_a_province_that_is_away_is_told_plainly_and_signing_in_here_goes_on(
    city: ProvinceCity, change: Callable[[str, int, bytes], Any]
) -> None:
    browser = city.anyone()
    back = city.come_back(city.begin(browser), "shenjiahe")
    city.client._metadata = None
    city.line.change = change
    before = outcome("away")
    answer = city.answer(browser, back)
    assert refused(answer) == (503, "upstream-away") and "密码" in answer.get_json()["detail"]
    assert city.acts[-1] == ("upstream:away", "unknown") and outcome("away") == before + 1
    assert not city.rows(orm.session)
    assert sign_in(browser, "shen").status_code == 200


def outcome(name: str) -> float:
    found: float = metrics.UPSTREAM_SIGN_INS.labels("province", name)._value.get()
    return found


def test_a_province_that_is_away_at_the_beginning_is_told_too(city: ProvinceCity) -> None:
    city.line.change = fails(requests.ConnectionError())
    answer = post(city.anyone(), "/upstreams/province/sign-ins", {"browser": BROWSER})
    assert refused(answer) == (503, "upstream-away") and city.acts[-1][0] == "upstream:away"


@pytest.mark.parametrize(
    "said", [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}]
)
def test_a_discovery_that_leads_elsewhere_is_not_followed(city: ProvinceCity, said: Claims) -> None:
    city.tamper("/.well-known/openid-configuration", lambda found: found | said)
    answer = post(city.anyone(), "/upstreams/province/sign-ins", {"browser": BROWSER})
    assert refused(answer) == (503, "upstream-away")


def test_a_slow_trickle_ends_in_time(monkeypatch: pytest.MonkeyPatch, city: ProvinceCity) -> None:
    city.begin(city.anyone())
    monkeypatch.setattr(calls, "WITHIN_S", -1.0)
    city.client._metadata = None
    answer = post(city.anyone(), "/upstreams/province/sign-ins", {"browser": BROWSER})
    assert refused(answer) == (503, "upstream-away")


def test_whoever_sends_many_wrong_answers_waits(city: ProvinceCity) -> None:
    for _ in range(20):
        city.answer(city.anyone(), {"state": "made-up", "code": "x"})
    waiting = city.answer(city.anyone(), {"state": "made-up", "code": "x"})
    assert waiting.status_code == 429 and waiting.headers["Retry-After"]


def test_no_transaction_is_open_while_the_province_is_asked(city: ProvinceCity) -> None:
    """On SQLite a writer holds the one connection: another one would wait for it."""
    writes: list[int] = []

    def change(path: str, status: int, body: bytes) -> tuple[int, bytes]:
        with city.database.transaction() as uow:
            handlers.note_refusal("province", "code", uow)
        writes.append(1)
        return status, body

    city.line.change = change
    assert city.through("shenjiahe").status_code == 200
    assert len(writes) == 4


def test_every_name_of_a_refusal_fits_the_audit() -> None:

    assert all(len(f"upstream:{reason}") <= orm.audit.c.act.type.length for reason in REFUSALS)


def test_a_province_that_did_not_answer_is_left_alone_for_a_moment(city: ProvinceCity) -> None:
    city.line.change = fails(requests.ConnectionError())
    begin = {"browser": BROWSER}
    for _ in range(3):
        assert post(city.anyone(), "/upstreams/province/sign-ins", begin).status_code == 503
    assert len(city.line.called) == 1
    later = time.time() + 6
    city.client.clock = lambda: later
    assert post(city.anyone(), "/upstreams/province/sign-ins", begin).status_code == 503
    assert len(city.line.called) == 2


def test_whoever_begins_sixty_sign_ins_and_comes_back_from_none_waits(city: ProvinceCity) -> None:
    for _ in range(60):
        city.begin(city.anyone())
    answer = post(city.anyone(), "/upstreams/province/sign-ins", {"browser": BROWSER})
    assert answer.status_code == 429 and answer.headers["Retry-After"]
