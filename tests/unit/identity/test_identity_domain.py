from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from stdnum.iso7064 import mod_11_2

from chassis.peers import client_address
from services.identity import domain, numbers, passwords

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def account(**changes: object) -> domain.Account:
    values: dict[str, object] = {
        "account_id": "a1",
        "login": "shenjiahe",
        "kind": "person",
        "display_name": "沈佳禾",
        "password_hash": "",
        "created_at": NOW,
    }
    return domain.Account(**(values | changes))  # type: ignore[arg-type]


def check(**changes: object) -> domain.Fields:
    values: dict[str, object] = {
        "login": "somebody",
        "display_name": "某人",
        "kind": "staff",
        "roles": ["officer"],
        "department": "SJ",
        "id_number": None,
        "credit_code": None,
    }
    return domain.check_new(**(values | changes))  # type: ignore[arg-type]


def test_an_account_that_is_right_has_no_wrong_field() -> None:
    assert check() == {}
    assert check(kind="machine", roles=["department_system"]) == {}
    assert check(kind="firm", roles=[], department=None, credit_code="91329982MA9A000299") == {}
    assert check(kind="person", roles=[], department=None) == {}


def test_every_wrong_field_is_named_at_once() -> None:
    wrong = check(
        login="No!", display_name=" ", kind="firm", roles=["officer"], department="SJ", id_number="1"
    )
    assert wrong == {
        "login": "login",
        "display_name": "name",
        "roles": "unknown_role",
        "department": "not_for_kind",
        "id_number": "not_for_kind",
        "credit_code": "needed",
    }


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"department": None}, {"department": "needed"}),
        ({"department": "sj"}, {"department": "unit"}),
        ({"roles": ["king"]}, {"roles": "unknown_role"}),
        ({"roles": ["department_system"]}, {"roles": "unknown_role"}),
        ({"roles": ["platform_admin", "auditor"]}, {"roles": "apart"}),
        ({"credit_code": "91329982MA9A000299"}, {"credit_code": "not_for_kind"}),
    ],
)
def test_staff_has_a_department_and_roles_that_go_together(
    changes: dict[str, object], wrong: domain.Fields
) -> None:
    assert check(**changes) == wrong


def test_a_refresh_token_is_good_for_one_renewal() -> None:
    session = account().sign_in("s1", "first", NOW)
    assert session.renew("first", "second", NOW)
    assert session.renew("second", "third", NOW)
    assert not session.renew("second", "stolen", NOW)
    assert session.ended_at == NOW
    assert not session.renew("third", "fourth", NOW)


def test_a_session_ends_by_itself_after_twelve_hours() -> None:
    session = account().sign_in("s1", "first", NOW)
    assert session.renew("first", "second", NOW + domain.SESSION_LIVES)
    assert not session.renew("second", "third", NOW + domain.SESSION_LIVES + INSTANT)


def test_signing_out_covers_a_token_issued_a_moment_later_and_spares_the_next_sign_in() -> None:
    somebody = account()
    revoked = somebody.sign_out_everywhere(NOW + INSTANT, NOW)
    assert revoked.not_before == NOW + 2 * INSTANT
    assert somebody.sign_in("s2", "x", NOW).started_at > revoked.not_before


@pytest.mark.parametrize("number", ["329982199504183021", "329982194403070041"])
def test_an_id_number_has_the_right_check_digit(number: str) -> None:
    assert numbers.is_id_number(number)
    assert not numbers.is_id_number(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize(
    "number", ["", "32998219950418302", "329982199502303028", "abc", "٣29982199504183021"]
)
def test_what_is_no_id_number_is_refused(number: str) -> None:
    assert not numbers.is_id_number(number)


def test_a_day_that_never_was_is_no_birthday_even_with_the_right_check_digit() -> None:
    body = "32998219950230302"
    assert not numbers.is_id_number(body + mod_11_2.calc_check_digit(body))


def test_a_small_x_spaces_and_full_width_digits_are_understood() -> None:
    body = next(b for n in range(100, 999) if mod_11_2.calc_check_digit(b := f"32998219950418{n}") == "X")
    assert numbers.is_id_number(f"{body[:6]} {body[6:14]} {body[14:]}x")
    assert numbers.normalised("３２９９８２x") == "329982X"


def test_credit_codes_are_judged_by_their_check_character() -> None:
    assert numbers.is_credit_code("91329982MA9A000299")
    assert numbers.is_credit_code("91329982ma9a000299")
    assert not numbers.is_credit_code("91329982MA9A000298")
    assert not numbers.is_credit_code("91329982-MA9A000299")
    assert not numbers.is_credit_code("沈")


def test_the_blind_index_depends_on_the_key() -> None:
    one, other = (numbers.blind_index(bytes([n]) * 32, "329982199504183021") for n in (1, 2))
    assert one != other and "3299" not in one


@pytest.mark.usefixtures("real_passwords")
def test_a_password_matches_its_own_hash_only() -> None:
    made = passwords.hashed("correct horse")
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(made, "correct horse")
    assert not passwords.matches(made, "wrong horse")
    assert not passwords.matches(None, "correct horse")
    assert not passwords.matches("no hash", "correct horse")


@pytest.mark.usefixtures("real_passwords")
def test_an_unknown_login_costs_a_whole_argon2_check() -> None:
    from argon2 import extract_parameters

    assert extract_parameters(passwords._NOBODYS) == extract_parameters(passwords.hashed("x"))
    with pytest.raises(Exception, match="does not match"):
        passwords._hasher.verify(passwords._NOBODYS, "x")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("8.8.4.4", "", "8.8.4.4"),
        ("8.8.4.4", "9.9.9.9", "8.8.4.4"),
        ("10.1.2.3", "9.9.9.9", "9.9.9.9"),
        ("127.0.0.1", "made up, 9.9.9.9", "9.9.9.9"),
        ("127.0.0.1", "9.9.9.9, made up", "127.0.0.1"),
        ("127.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("127.0.0.1", "::ffff:9.9.9.9", "9.9.9.9"),
        ("", "9.9.9.9", ""),
    ],
)
def test_only_a_peer_of_our_own_says_for_whom_it_asks(peer: str, forwarded: str, address: str) -> None:
    assert client_address(peer, forwarded) == address
