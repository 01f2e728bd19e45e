"""Signing in by steps: codes, recovery codes, passwords of one's own; and who waits for whose guesses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from chassis.fakes.database import events_of
from chassis.tables import attempt
from contracts.identity import SecurityChanged
from services.identity import handlers, orm
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


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with office_in(tmp_path) as made:
        yield made


def step(answer: Any, kind: str) -> str:
    """The challenge of the step that is asked for."""
    assert refused(answer) == (401, kind), answer.text
    return str(answer.get_json()["challenge"])


def show(who: FlaskClient, challenge: str, code: str, **headers: str) -> Any:
    return post(who, "/tokens/second-factor", {"challenge": challenge, "code": code}, **headers)


def changes(office: Office) -> list[str]:
    return [e.event.change for e in events_of(office.database, SecurityChanged)]


def test_a_second_factor_is_asked_after_the_password_and_lets_in_once(office: Office) -> None:
    office.open("shen")
    secret, _ = office.enrol("shen")
    browser = office.anyone()
    asked = sign_in(browser, "shen")
    assert asked.get_json()["enrolled"] is True
    challenge = step(asked, "second-factor-needed")
    code = office.code(secret)
    assert fields(show(browser, challenge, "000000" if code != "000000" else "111111")) == {"code"}
    answer = show(browser, challenge, f" {code[:3]} {code[3:]} ")
    assert answer.status_code == 200
    assert bearer(browser, answer).get(f"{BASE}/me").status_code == 200
    assert refused(show(browser, challenge, code)) == (401, "sign-in-over")
    again = step(sign_in(browser, "shen"), "second-factor-needed")
    assert fields(show(browser, again, code)) == {"code"}
    assert show(browser, again, office.code(secret, 1)).status_code == 200
    assert [r.outcome for r in office.rows(orm.sign_in)] == [
        "wrong_code",
        "signed_in",
        "wrong_code",
        "signed_in",
    ]


def test_a_code_of_two_steps_ago_or_ahead_counts_for_nothing(office: Office) -> None:
    office.open("shen")
    secret, _ = office.enrol("shen")
    for offset in (-2, 3):  # a step may begin meanwhile
        challenge = step(sign_in(office.anyone(), "shen"), "second-factor-needed")
        assert fields(show(office.anyone(), challenge, office.code(secret, offset))) == {"code"}


def test_a_recovery_code_stands_in_once_and_its_holder_is_told(office: Office) -> None:
    office.open("shen")
    _, codes = office.enrol("shen")
    assert len(set(codes)) == 10
    for expected in (200, 422):
        challenge = step(sign_in(office.anyone(), "shen"), "second-factor-needed")
        answer = show(office.anyone(), challenge, codes[0].lower().replace("-", " "))
        assert answer.status_code == expected
    assert changes(office) == ["second_factor_added", "recovery_code_used"]
    stored = [row.code_hash for row in office.rows(orm.recovery_code)]
    assert not {c.replace("-", "") for c in codes} & set(stored)
    assert secret_is_sealed(office)


def secret_is_sealed(office: Office) -> bool:
    with office.database.reader.connect() as connection:
        raw = connection.exec_driver_sql("SELECT secret FROM second_factor").scalar_one()
    return isinstance(raw, bytes) and raw[:1] == b"\x01"


def test_a_challenge_ends_after_five_minutes_and_after_five_wrong_codes(office: Office) -> None:
    office.open("shen")
    secret, _ = office.enrol("shen")
    old = step(sign_in(office.anyone(), "shen"), "second-factor-needed")
    office.set(orm.challenge, expires_at=office.now)
    assert refused(show(office.anyone(), old, office.code(secret))) == (401, "sign-in-over")
    tried = step(sign_in(office.anyone(), "shen"), "second-factor-needed")
    for _ in range(5):
        assert fields(show(office.anyone(), tried, "12345")) == {"code"}
    assert refused(show(office.anyone(), tried, office.code(secret))) == (401, "sign-in-over")
    assert refused(show(office.anyone(), "not-a-challenge", "123456")) == (401, "sign-in-over")


def test_a_sign_in_on_its_way_ends_with_the_password_it_began_with(office: Office) -> None:
    office.open("shen")
    secret, _ = office.enrol("shen")
    begun = step(sign_in(office.anyone(), "shen"), "second-factor-needed")
    with office.database.transaction() as uow:
        handlers.change_password(office.ids["shen"], "-", None, uow)
    assert refused(show(office.anyone(), begun, office.code(secret))) == (401, "sign-in-over")


def test_one_code_shown_many_times_at_once_lets_in_once(office: Office) -> None:
    office.open("shen")
    secret, codes = office.enrol("shen")

    def at_once(code: str) -> list[int]:
        challenges = [step(sign_in(office.anyone(), "shen"), "second-factor-needed") for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(lambda challenge: show(office.anyone(), challenge, code), challenges)
            return sorted(answer.status_code for answer in answers)

    for code in (office.code(secret), codes[0]):
        counted = at_once(code)
        assert counted.count(200) == 1
        assert set(counted) <= {200, 401, 422}


def test_roles_that_demand_it_take_a_second_factor_up_on_the_way_in(office: Office) -> None:
    office.open("head", "approver")
    browser = office.anyone()
    asked = sign_in(browser, "head")
    assert asked.get_json()["enrolled"] is False
    challenge = step(asked, "second-factor-needed")
    enrolment = {"challenge": challenge}
    first = post(browser, "/tokens/second-factor/enrolment", enrolment).get_json()
    again = post(browser, "/tokens/second-factor/enrolment", enrolment).get_json()
    assert first == again
    assert first["uri"].startswith("otpauth://totp/")
    other = step(sign_in(office.anyone(), "head"), "second-factor-needed")
    unseen = show(browser, other, office.code(first["secret"]))
    assert refused(unseen) == (409, "no-enrolment")
    theirs = post(browser, "/tokens/second-factor/enrolment", {"challenge": other}).get_json()
    assert theirs["secret"] != first["secret"]
    assert fields(show(browser, challenge, "abc")) == {"code"}
    answer = show(browser, challenge, office.code(first["secret"]))
    assert answer.status_code == 200
    assert len(answer.get_json()["recovery_codes"]) == 10
    later = step(sign_in(browser, "head"), "second-factor-needed")
    assert refused(post(browser, "/tokens/second-factor/enrolment", {"challenge": later})) == (
        401,
        "sign-in-over",
    )


def test_who_needs_it_is_the_citys_to_say(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.open("head", "approver")
    office.open("officer", "officer")
    assert sign_in(office.anyone(), "officer").status_code == 200
    monkeypatch.setenv("ONEWINDOW_SECOND_FACTOR_ROLES", "officer, auditor")
    step(sign_in(office.anyone(), "officer"), "second-factor-needed")
    assert sign_in(office.anyone(), "head").status_code == 200
    monkeypatch.setenv("ONEWINDOW_SECOND_FACTOR_ROLES", "none")
    assert sign_in(office.anyone(), "officer").status_code == 200


def test_an_initial_password_has_to_be_changed_before_anything_else(office: Office) -> None:
    office.open("new", "officer", has_initial_password=True)
    browser = office.anyone()
    challenge = step(sign_in(browser, "new"), "new-password-needed")

    def choose(password: str) -> Any:
        return post(browser, "/tokens/new-password", {"challenge": challenge, "password": password})

    for bad in ("short", PASSWORD, "new.12345678", "aaaaaaaaaaaa"):
        assert fields(choose(bad)) == {"password"}
    assert choose("my own long sentence").status_code == 200
    assert refused(choose("another long sentence")) == (401, "sign-in-over")
    assert sign_in(office.anyone(), "new").status_code == 401
    assert sign_in(office.anyone(), "new", "my own long sentence").status_code == 200
    assert "password_changed" in changes(office)


def test_an_initial_password_comes_before_a_new_and_after_a_known_second_factor(office: Office) -> None:
    office.open("fresh", "approver", has_initial_password=True)
    browser = office.anyone()
    challenge = step(sign_in(browser, "fresh"), "new-password-needed")
    assert refused(show(browser, challenge, "123456")) == (401, "sign-in-over")
    body = {"challenge": challenge, "password": "my own long sentence"}
    following = post(browser, "/tokens/new-password", body)
    assert following.get_json()["enrolled"] is False
    to_enrol = step(following, "second-factor-needed")
    scan = post(browser, "/tokens/second-factor/enrolment", {"challenge": to_enrol}).get_json()
    assert show(browser, to_enrol, office.code(scan["secret"])).status_code == 200
    office.set(orm.account, has_initial_password=True)
    first = step(sign_in(browser, "fresh", "my own long sentence"), "second-factor-needed")
    second = step(show(browser, first, office.code(scan["secret"], 1)), "new-password-needed")
    body = {"challenge": second, "password": "quite another sentence"}
    assert post(browser, "/tokens/new-password", body).status_code == 200


def test_a_suspended_account_is_told_so_after_its_password_alone(office: Office) -> None:
    office.open("gone", "officer")
    office.set(orm.account, suspended_at=office.now)
    assert refused(sign_in(office.anyone(), "gone")) == (403, "account-suspended")
    assert refused(sign_in(office.anyone(), "gone", "guess")) == (401, "wrong-credentials")


NAT = {"X_Forwarded_For": "203.0.113.7"}


def test_a_known_device_is_not_locked_out_by_others_at_its_address(office: Office) -> None:
    office.open("shen")
    office.open("mallory")
    known, attacker = office.anyone(), office.anyone()
    assert sign_in(known, "shen", **NAT).status_code == 200
    assert sign_in(attacker, "mallory", **NAT).status_code == 200
    for _ in range(10):
        assert sign_in(attacker, "shen", "guess", **NAT).status_code == 401
    assert refused(sign_in(attacker, "shen", **NAT)) == (429, "too-many-tries")
    assert sign_in(known, "shen", **NAT).status_code == 200
    for _ in range(10):
        assert sign_in(known, "shen", "guess", **NAT).status_code == 401
    assert sign_in(known, "shen", **NAT).status_code == 429


def test_a_device_cookie_that_is_not_ours_is_no_known_device(office: Office) -> None:
    office.open("shen")
    for forged in ("", "x" * 2000, "AAAA", "%%%"):
        browser = office.anyone()
        browser.set_cookie("onewindow_device", forged)
        assert sign_in(browser, "shen", "guess", **NAT).status_code == 401


def test_trying_many_logins_from_one_address_makes_it_wait_and_nobody_else(office: Office) -> None:
    office.open("shen")
    known = office.anyone()
    assert sign_in(known, "shen", **NAT).status_code == 200
    key = "sprayed:"
    for number in range(3):
        assert sign_in(office.anyone(), f"somebody{number}", "guess", **NAT).status_code == 401
    with office.database.transaction() as uow:
        uow.session.execute(update(attempt).where(attempt.c.key.startswith(key)).values(count=99))
    assert sign_in(office.anyone(), "one-more", "guess", **NAT).status_code == 401
    for login in ("shen", "yet-another"):
        waits = sign_in(office.anyone(), login, **NAT)
        assert refused(waits) == (429, "too-many-tries")
        assert 0 < int(waits.headers["Retry-After"]) <= 6
    assert sign_in(known, "shen", **NAT).status_code == 200
    assert sign_in(office.anyone(), "shen", X_Forwarded_For="198.51.100.9").status_code == 200


@pytest.mark.parametrize("guess", ["123456", "ABCDE-FGHJK"], ids=["code", "recovery code"])
def test_guessed_codes_cost_time_wherever_they_come_from_but_not_the_owners_device(
    office: Office, guess: str
) -> None:
    office.open("shen")
    secret, _ = office.enrol("shen")
    known = office.anyone()
    challenge = step(sign_in(known, "shen"), "second-factor-needed")
    assert show(known, challenge, office.code(secret)).status_code == 200
    for number in range(10):
        address = {"X_Forwarded_For": f"203.0.113.{number}"}
        challenge = step(sign_in(office.anyone(), "shen", **address), "second-factor-needed")
        assert fields(show(office.anyone(), challenge, guess, **address)) == {"code"}
    challenge = step(sign_in(office.anyone(), "shen", **NAT), "second-factor-needed")
    waits = show(office.anyone(), challenge, office.code(secret, 1), **NAT)
    assert refused(waits) == (429, "too-many-tries")
    challenge = step(sign_in(known, "shen"), "second-factor-needed")
    assert show(known, challenge, office.code(secret, 1)).status_code == 200


def test_a_sign_in_on_another_device_is_told_to_the_holder(office: Office) -> None:
    office.open("shen")
    known = office.anyone()
    for _ in range(2):
        assert sign_in(known, "shen").status_code == 200
    assert changes(office) == []
    assert sign_in(office.anyone(), "shen").status_code == 200
    assert changes(office) == ["new_device"]


def test_every_wrong_field_of_a_step_is_named(office: Office) -> None:
    assert fields(post(office.anyone(), "/tokens/second-factor", {"kode": "1"})) == {
        "challenge",
        "code",
        "kode",
    }
    assert fields(post(office.anyone(), "/tokens/new-password", {})) == {"challenge", "password"}
    assert fields(post(office.anyone(), "/tokens/second-factor/enrolment", {"challenge": 5})) == {"challenge"}
