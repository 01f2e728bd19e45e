"""The rules of second factors, steps, passwords, devices and the tree, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import domain, passwords
from services.identity.devices import Device, DeviceSeal
from services.identity.domain import SecondFactor, Unit, second_factor
from services.identity.problems import REASONS
from services.identity.settings import Settings

NOW = datetime(2026, 11, 24, 8, 0, 15, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = timedelta(seconds=30)


def factor() -> SecondFactor:
    return SecondFactor(account_id="a", secret=SECRET, since=NOW)


def code(steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(NOW + steps * STEP)


def account(**changes: object) -> domain.Account:
    values: dict[str, object] = {
        "account_id": "a",
        "login": "luming",
        "kind": "staff",
        "display_name": "陆明远",
        "password_hash": "-",
        "roles": ["approver"],
        "department": "SJ",
        "created_at": NOW,
    }
    return domain.Account(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_codes_count_one_step_around_now(steps: int, counts: bool) -> None:
    assert factor().accept(code(steps), NOW) is counts


def test_a_code_counts_once_and_takes_all_older_ones_with_it() -> None:
    mine = factor()
    assert mine.accept(code(0), NOW)
    assert not mine.accept(code(0), NOW)
    assert not mine.accept(code(-1), NOW)
    assert mine.accept(code(1), NOW)
    assert not mine.accept(code(0), NOW + STEP)


@pytest.mark.parametrize("wrong", ["", "12345", "1234567", "abcdef", "１２３４５６", "null\0\0", "-12345"])
def test_what_is_no_code_is_refused(wrong: str) -> None:
    assert not factor().accept(wrong, NOW)


@given(st.text(max_size=40))
def test_no_text_whatever_breaks_the_check(text: str) -> None:
    normal = domain.normalised_code(text)
    assert not (domain.is_recovery_code(normal) and domain.matching_step(SECRET, normal, NOW))


def test_codes_are_taken_as_people_type_them() -> None:
    assert domain.normalised_code(" １２3 456 ") == "123456"
    assert domain.is_recovery_code(domain.normalised_code("abcde-fghjk"))
    assert not domain.is_recovery_code(domain.normalised_code("abcde-fghij"))
    assert domain.written_code("ABCDEFGHJK") == "ABCDE-FGHJK"


@pytest.mark.parametrize(
    ("enrolled", "required", "initial", "passed", "step"),
    [
        (False, False, False, [], None),
        (False, False, True, [], "new_password"),
        (False, True, False, [], "enrol"),
        (False, True, True, [], "new_password"),
        (True, False, False, [], "second_factor"),
        (True, True, True, [], "second_factor"),
        (True, True, True, ["second_factor"], "new_password"),
        (True, True, False, ["second_factor"], None),
    ],
)
def test_steps_come_in_an_order_that_gives_nothing_away(
    enrolled: bool, required: bool, initial: bool, passed: list[str], step: str | None
) -> None:
    one = account(has_initial_password=initial)
    assert domain.next_step(one, enrolled=enrolled, required=required, passed=passed) == step


def test_a_second_factor_is_for_staff_with_these_roles_outside_demonstrations() -> None:
    roles = domain.SECOND_FACTOR_ROLES
    assert domain.needs_second_factor(account(), roles)
    assert not domain.needs_second_factor(account(roles=["officer"]), roles)
    assert not domain.needs_second_factor(account(is_demonstration=True), roles)
    assert not domain.needs_second_factor(account(kind="machine"), roles)
    assert not domain.needs_second_factor(account(), [])


def test_challenges_and_enrolments_end() -> None:
    challenge = domain.Challenge(key="k", account_id="a", passed=[], expires_at=NOW + STEP)
    assert challenge.is_open(NOW)
    assert not challenge.is_open(NOW + STEP)
    challenge.tries = second_factor.CHALLENGE_TRIES
    assert not challenge.is_open(NOW)
    begun = domain.Enrolment(holder="h", account_id="a", secret=SECRET, begun_at=NOW)
    assert begun.is_open(NOW)
    assert not begun.is_open(NOW + second_factor.ENROLMENT_LIVES)


def test_the_second_factor_is_a_citys_to_set_and_a_slip_is_told() -> None:
    assert Settings.from_env({}).second_factor_roles == set(domain.SECOND_FACTOR_ROLES)
    assert Settings.from_env({"ONEWINDOW_SECOND_FACTOR_ROLES": " "}) == Settings()
    assert Settings.from_env({"ONEWINDOW_SECOND_FACTOR_ROLES": "none"}).second_factor_roles == set()
    said = {"ONEWINDOW_SECOND_FACTOR_ROLES": "officer, approver"}
    assert Settings.from_env(said).second_factor_roles == {"officer", "approver"}
    with pytest.raises(ValueError, match="aprover"):
        Settings.from_env({"ONEWINDOW_SECOND_FACTOR_ROLES": "officer,aprover"})


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("ninechars", "short"),
        ("luming-luming", "is_login"),
        ("GNIMUL2026!", "is_login"),
        ("luming1234", "is_login"),
        ("abababababab", "repeat"),
        ("陆明陆明20261124", "is_name"),
        ("password123", "common"),
        ("P@ssw0rd2026", "common"),
        ("iloveyou1234", "common"),
        ("qwertyuiop", "common"),
        ("ghjkl;asdfgh", "keyboard"),
        ("demodemodemo", "repeat"),
        ("窗口窗口窗口窗口窗口", "repeat"),
        ("bcdefghijklm", "sequence"),
        ("2026-11-24", "date"),
        ("窗口受理和办理要一样", None),
        ("luming likes rivers", None),
    ],
)
def test_what_a_password_has_to_be(password: str, reason: str | None) -> None:
    assert passwords.wrong(password, "luming", "陆明") == reason
    assert reason is None or reason in REASONS


@pytest.mark.parametrize(
    ("browser", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/149.0 Safari/537.36 Edg/149.0", "edge/windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604.1", "safari/iphone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/149.0 MicroMessenger/8.0", "wechat/android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Firefox/140.0", "firefox/mac"),
        ("python-requests/2.34", "other/other"),
        ("", "other/other"),
    ],
)
def test_of_a_browser_only_the_family_is_kept(browser: str, device: str) -> None:
    assert domain.Origin.of(browser, "").device == device


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("203.0.113.7", "203.0.113.*"),
        ("2001:db8:1:2::/64", "2001:db8:1:*"),
        ("2001:db8::5", "2001:db8:0:*"),
        ("nowhere", ""),
        ("", ""),
    ],
)
def test_the_end_of_an_address_is_hidden(address: str, masked: str) -> None:
    assert domain.masked_address(address) == masked


def test_a_device_knows_the_last_five_who_signed_in_there() -> None:
    seal = DeviceSeal(b"k" * 32)
    device = Device()
    for name in "abcdefa":
        device = seal.read(seal.write(device.with_account(name * 32)))
    assert device.accounts == tuple(name * 32 for name in "cdefa")
    assert device.device_id
    assert DeviceSeal(b"x" * 32).read(seal.write(device)) == Device()


def test_the_tree_stands_departments_first_and_below_what_is_known() -> None:
    def unit(code: str, kind: str, parent: str | None = None) -> Unit:
        return Unit(code, {}, kind, parent)

    units = [
        unit("329982100200", "village", "329982100"),
        unit("329982100", "town", "329982"),
        unit("SJ", "department"),
        unit("329982", "city"),
        unit("777777001001", "village", "777777001"),
        unit("GA", "department"),
    ]
    assert [(depth, u.code) for depth, u in domain.in_order(units)] == [
        (0, "GA"),
        (0, "SJ"),
        (0, "329982"),
        (1, "329982100"),
        (2, "329982100200"),
        (0, "777777001001"),
    ]
    assert domain.subtree("329982", units) == {"329982", "329982100", "329982100200"}
    assert domain.subtree("SJ", units) == {"SJ"}


@pytest.mark.parametrize(
    ("code", "is_unit"),
    [("SJ", True), ("329982", True), ("329982100", True), ("329982100200", True)]
    + [(c, False) for c in ("sj", "S", "32998", "3299821", "3299821002001", "SJ1", "")],
)
def test_staff_belong_to_a_department_or_a_place(code: str, is_unit: bool) -> None:
    assert domain.is_unit(code) is is_unit
