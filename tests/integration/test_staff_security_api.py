"""One's own security: password, second factor, sessions; and how fast an ended session ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from chassis.fakes.database import events_of
from chassis.fakes.web import Mint, client
from contracts.identity import SecurityChanged, SessionRevoked
from services.identity import orm
from services.identity.web import create_app
from tests.integration.identity_office import (
    BASE,
    PASSWORD,
    Office,
    bearer,
    fields,
    office_in,
    post,
    refused,
    sign_in,
)

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/149.0 Safari/537.36"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with office_in(tmp_path) as made:
        yield made


def security(who: FlaskClient) -> Any:
    return who.get(f"{BASE}/me/security").get_json()


ENDPOINTS = [
    ("GET", "/me/security"),
    ("POST", "/me/password"),
    ("POST", "/me/second-factor"),
    ("POST", "/me/second-factor/confirm"),
    ("POST", "/me/second-factor/remove"),
    ("POST", "/me/second-factor/recovery-codes"),
    ("GET", "/me/sessions"),
    ("DELETE", "/me/sessions/x"),
    ("POST", "/me/sessions/end-others"),
    ("GET", "/units"),
    ("GET", "/staff"),
    ("POST", "/staff"),
    ("GET", "/staff/x"),
    ("PUT", "/staff/x"),
    ("PUT", "/staff/x/suspension"),
    ("DELETE", "/staff/x/suspension"),
    ("POST", "/staff/x/initial-password"),
    ("DELETE", "/staff/x/second-factor"),
    ("GET", "/sign-ins"),
    ("GET", "/audit"),
]


def test_nothing_is_open_without_a_token_or_with_an_expired_one(office: Office) -> None:
    mint = Mint()
    mint.install(office.database)
    expired = mint.token("a", kind="staff", roles=["platform_admin"], issued_at=time.time() - 700)
    for method, path in ENDPOINTS:
        for token in (None, expired, "not.a.token"):
            answer = client(office.app, token).open(BASE + path, method=method)
            assert refused(answer) == (401, "not-signed-in"), (method, path)


def test_changing_the_password_asks_the_old_one_and_ends_the_other_sessions(office: Office) -> None:
    office.open("shen")
    here, there = office.signed_in("shen"), office.signed_in("shen")

    def change(old: str, new: str) -> Any:
        return post(here, "/me/password", {"password": old, "new_password": new})

    assert fields(change("guess", "my own long sentence")) == {"password"}
    for bad in ("short", PASSWORD, "SHEN-2026-2026", "P@ssw0rd2026"):
        assert fields(change(PASSWORD, bad)) == {"new_password"}
    assert change(PASSWORD, "my own long sentence").status_code == 204
    (ended,) = (e.event for e in events_of(office.database, SessionRevoked))
    office.hear()
    fresh = create_app(office.database.config, database=office.database)
    assert ended.account_id == office.ids["shen"]
    for who, status in ((here, 200), (there, 401)):
        token = who.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        assert client(fresh, token).get(f"{BASE}/me").status_code == status
    assert sign_in(office.anyone(), "shen").status_code == 401
    assert sign_in(office.anyone(), "shen", "my own long sentence").status_code == 200


def test_guessing_the_old_password_in_a_stolen_session_is_stopped(office: Office) -> None:
    office.open("shen")
    thief, owner = office.signed_in("shen"), office.signed_in("shen")
    body = {"password": "guess", "new_password": "my own long sentence"}
    for _ in range(5):
        assert fields(post(thief, "/me/password", body)) == {"password"}
    assert post(thief, "/me/password", body | {"password": PASSWORD}).status_code == 429
    assert post(owner, "/me/password", body | {"password": PASSWORD}).status_code == 204


def test_a_second_factor_is_taken_up_replaced_and_given_up(office: Office) -> None:
    office.open("shen")
    here = office.signed_in("shen")
    assert security(here) == {
        "second_factor_since": None,
        "second_factor_demanded": False,
        "recovery_codes_left": 0,
        "has_password": True,
        "login": "shen",
    }
    assert fields(post(here, "/me/second-factor", {"password": "guess"})) == {"password"}
    assert refused(post(here, "/me/second-factor/confirm", {"code": "123456"})) == (409, "no-enrolment")
    for path in ("remove", "recovery-codes"):
        answer = post(here, f"/me/second-factor/{path}", {"code": "123456"})
        assert refused(answer) == (409, "no-second-factor")
    first = post(here, "/me/second-factor", {"password": PASSWORD}).get_json()
    assert fields(post(here, "/me/second-factor/confirm", {"code": "12"})) == {"code"}
    other_session = office.signed_in("shen")
    code = office.code(first["secret"])
    assert refused(post(other_session, "/me/second-factor/confirm", {"code": code})) == (409, "no-enrolment")
    confirmed = post(here, "/me/second-factor/confirm", {"code": code})
    codes = confirmed.get_json()["recovery_codes"]
    assert (security(here)["recovery_codes_left"], len(codes)) == (10, 10)

    assert fields(post(here, "/me/second-factor", {"password": PASSWORD})) == {"code"}
    second = post(here, "/me/second-factor", {"password": PASSWORD, "code": codes[0]}).get_json()
    assert second["secret"] != first["secret"]
    fresh = post(here, "/me/second-factor/confirm", {"code": office.code(second["secret"])}).get_json()
    assert fields(post(here, "/me/second-factor/remove", {"code": office.code(first["secret"])})) == {"code"}
    assert fields(post(here, "/me/second-factor/recovery-codes", {"code": codes[1]})) == {"code"}
    newest = post(here, "/me/second-factor/recovery-codes", {"code": fresh["recovery_codes"][0]}).get_json()
    assert fields(post(here, "/me/second-factor/remove", {"code": fresh["recovery_codes"][1]})) == {"code"}
    assert post(here, "/me/second-factor/remove", {"code": newest["recovery_codes"][0]}).status_code == 204
    assert sign_in(office.anyone(), "shen").status_code == 200
    told = [e.event.change for e in events_of(office.database, SecurityChanged)]
    assert told[-1] == "new_device"
    assert told.count("second_factor_added") == 2
    assert "second_factor_removed" in told


def test_whose_duties_demand_it_keeps_the_second_factor(office: Office) -> None:
    office.open("head", "approver")
    secret, _ = office.enrol("head")
    browser = office.anyone()
    challenge = sign_in(browser, "head").get_json()["challenge"]
    answer = post(browser, "/tokens/second-factor", {"challenge": challenge, "code": office.code(secret)})
    here = bearer(browser, answer)
    assert security(here)["second_factor_demanded"] is True
    removed = post(here, "/me/second-factor/remove", {"code": office.code(secret, 1)})
    assert refused(removed) == (409, "second-factor-demanded")


def test_sessions_are_listed_with_device_and_half_an_address(office: Office) -> None:
    office.open("shen")
    there = office.anyone()
    sign_in(there, "shen", User_Agent=CHROME, X_Forwarded_For="203.0.113.7")
    here = office.signed_in("shen")
    mine, other = here.get(f"{BASE}/me/sessions").get_json()["items"]
    assert (mine["is_this_one"], other["is_this_one"]) == (True, False)
    assert (other["device"], other["address"]) == ("chrome/windows", "203.0.113.*")
    stored = str([tuple(row) for row in office.rows(orm.session)])
    assert "Mozilla" not in stored
    assert "203.0.113.7" not in stored


def test_one_session_or_all_others_are_signed_out_and_nobody_elses(office: Office) -> None:
    office.open("shen")
    office.open("mallory")
    here, there, elsewhere = (office.signed_in("shen") for _ in range(3))
    ids = {
        name: next(
            s["session_id"] for s in who.get(f"{BASE}/me/sessions").get_json()["items"] if s["is_this_one"]
        )
        for name, who in (("there", there), ("elsewhere", elsewhere))
    }
    stranger = office.signed_in("mallory")
    assert refused(stranger.delete(f"{BASE}/me/sessions/{ids['there']}")) == (404, "not-found")
    assert here.delete(f"{BASE}/me/sessions/{ids['there']}").status_code == 204
    assert refused(here.delete(f"{BASE}/me/sessions/{ids['there']}")) == (404, "not-found")
    assert len(here.get(f"{BASE}/me/sessions").get_json()["items"]) == 2
    assert post(here, "/me/sessions/end-others").get_json() == {"ended": 1}
    assert post(here, "/me/sessions/end-others").get_json() == {"ended": 0}
    ended = {e.event.session_id for e in events_of(office.database, SessionRevoked)}
    assert ended == set(ids.values())
    assert stranger.get(f"{BASE}/me").status_code == 200


def test_a_signed_out_session_can_not_be_renewed(office: Office) -> None:
    office.open("shen")
    there = office.anyone()
    tokens = sign_in(there, "shen").get_json()
    here = office.signed_in("shen")
    post(here, "/me/sessions/end-others")
    again = post(there, "/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    assert refused(again) == (401, "session-over")
