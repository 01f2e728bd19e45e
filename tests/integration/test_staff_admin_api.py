"""Administering staff: who may do what to whom, and that it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.fakes.database import deliver, envelope, events_of
from contracts.catalog import DepartmentPublished, PlacePublished
from contracts.identity import StaffChanged, TokensRevoked
from contracts.procedure import Text
from services.identity import handlers, orm
from tests.integration.identity_office import (
    BASE,
    PASSWORD,
    Office,
    fields,
    office_in,
    post,
    refused,
    sign_in,
)

ADMINISTRATOR, SECURITY, AUDITOR = "platform_admin", "security_admin", "auditor"
IT = "department_it"
NEW = {"login": "xu-keqin", "display_name": "许克勤", "department": "SJ", "roles": ["officer"]}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with office_in(tmp_path) as made:
        yield made


def published(office: Office) -> None:
    """The catalogue tells two departments, a town and its village."""
    said: list[Any] = [DepartmentPublished(code=code, name=Text(zh=code, en=code)) for code in ("SJ", "GA")]
    places = (
        ("329982", None, "city"),
        ("329982100", "329982", "town"),
        ("329982100200", "329982100", "village"),
    )
    said += [PlacePublished(code=c, name=Text(zh=c, en=c), kind=k, parent=p) for c, p, k in places]
    envelopes = [envelope(event, sequence=1, time=office.now) for event in said]
    deliver(office.database, handlers.keep_units, envelopes, subscription="identity.units")


def put(who: Any, path: str, body: Any = None, mark: str | None = None) -> Any:
    return who.put(BASE + path, json=body, headers={"If-Match": mark} if mark else {})


def change(who: Any, account_id: str, **changes: Any) -> Any:
    seen = who.get(f"{BASE}/staff/{account_id}")
    body = {name: seen.get_json()[name] for name in ("department", "roles")} | changes
    return put(who, f"/staff/{account_id}", body, seen.headers["ETag"])


def acts(office: Office) -> list[tuple[str, str]]:
    return [(row.act, row.subject) for row in office.rows(orm.audit)]


ALLOWED = [
    ("GET", "/units", {ADMINISTRATOR, SECURITY, AUDITOR, IT, "officer"}),
    ("GET", "/staff", {ADMINISTRATOR, SECURITY, IT}),
    ("POST", "/staff", {ADMINISTRATOR}),
    ("GET", "/staff/x", {ADMINISTRATOR, SECURITY, IT}),
    ("PUT", "/staff/x", {ADMINISTRATOR}),
    ("PUT", "/staff/x/suspension", {ADMINISTRATOR}),
    ("DELETE", "/staff/x/suspension", {ADMINISTRATOR}),
    ("POST", "/staff/x/initial-password", {ADMINISTRATOR}),
    ("DELETE", "/staff/x/second-factor", {SECURITY}),
    ("GET", "/sign-ins", {SECURITY}),
    ("GET", "/audit", {AUDITOR}),
]


def test_each_act_is_for_its_roles_alone(office: Office) -> None:
    roles = (ADMINISTRATOR, SECURITY, AUDITOR, IT, "officer")
    people = {role: office.as_(role.replace("_", "-"), role) for role in roles}
    people["person"] = office.as_("somebody")
    for method, path, allowed in ALLOWED:
        for role, who in people.items():
            answer = who.open(BASE + path, method=method, json={} if method in ("POST", "PUT") else None)
            assert (answer.status_code == 403) is (role not in allowed), (method, path, role, answer.text)


def test_a_units_it_sees_the_staff_of_the_unit_and_of_what_lies_below(office: Office) -> None:
    published(office)
    town, village, city = "329982100", "329982100200", "329982"
    for login, unit in (("in-town", town), ("in-village", village), ("in-city", city), ("in-sj", "SJ")):
        office.open(login, "officer", department=unit)
    office.open("it-town", IT, department=town, is_demonstration=True)
    office.open("it-village", IT, department=village, is_demonstration=True)

    def seen(who: Any, unit: str = "") -> list[str]:
        found = who.get(f"{BASE}/staff" + (f"?department={unit}" if unit else "")).get_json()["items"]
        return [m["login"] for m in found]

    of_town, of_village = office.signed_in("it-town"), office.signed_in("it-village")
    assert seen(of_town) == ["in-town", "in-village", "it-town", "it-village"]
    assert seen(of_town, village) == seen(of_village) == ["in-village", "it-village"]
    assert seen(of_town, city) == seen(of_town), "of what is asked for, what is below one's own"
    assert seen(of_village, town) == seen(of_village)
    assert seen(of_town, "SJ") == seen(of_town, "no-such") == []
    for login, status in (("in-town", 200), ("in-village", 200), ("in-city", 404), ("in-sj", 404)):
        assert of_town.get(f"{BASE}/staff/{office.ids[login]}").status_code == status
    assert of_village.get(f"{BASE}/staff/{office.ids['in-town']}").status_code == 404
    assert ("read_staff", office.ids["in-city"]) not in acts(office)


def test_an_account_is_opened_with_an_initial_password_shown_once(office: Office) -> None:
    admin = office.as_("admin", ADMINISTRATOR)
    answer = post(admin, "/staff", NEW)
    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    assert made["has_initial_password"] is True
    asked = sign_in(office.anyone(), "xu-keqin", made["initial_password"])
    assert refused(asked) == (401, "new-password-needed")
    seen = admin.get(f"{BASE}/staff/{made['account_id']}").get_json()
    assert "initial_password" not in seen
    assert acts(office)[0] == ("open_account", made["account_id"])
    given = post(admin, "/staff", NEW | {"login": "given", "password": PASSWORD}).get_json()
    assert "initial_password" not in given
    assert refused(sign_in(office.anyone(), "given")) == (401, "new-password-needed")


def test_every_wrong_field_of_a_new_account_is_named(office: Office) -> None:
    published(office)
    admin = office.as_("admin", ADMINISTRATOR)
    wrong = {"login": "!", "display_name": "x", "department": "sj", "roles": ["king"], "password": "short"}
    assert fields(post(admin, "/staff", wrong)) == {*wrong, "roles.0"} - {"roles"}
    assert fields(post(admin, "/staff", NEW | {"roles": []})) == {"roles"}
    assert fields(post(admin, "/staff", NEW | {"roles": [ADMINISTRATOR, AUDITOR]})) == {"roles"}
    assert fields(post(admin, "/staff", NEW | {"department": "XX"})) == {"department"}
    assert post(admin, "/staff", NEW | {"department": "329982100200"}).status_code == 201


def test_staff_is_listed_by_a_node_and_what_is_below_it(office: Office) -> None:
    published(office)
    admin = office.as_("admin", ADMINISTRATOR)
    office.open("village", "helper", department="329982100200")
    office.open("town", "helper", department="329982100")
    found = {
        unit: [s["login"] for s in admin.get(f"{BASE}/staff?department={unit}").get_json()["items"]]
        for unit in ("329982", "329982100200", "SJ", "XX")
    }
    assert found == {"329982": ["town", "village"], "329982100200": ["village"], "SJ": ["admin"], "XX": []}
    tree = admin.get(f"{BASE}/units").get_json()["items"]
    assert [(u["code"], u["depth"]) for u in tree] == [
        ("GA", 0),
        ("SJ", 0),
        ("329982", 0),
        ("329982100", 1),
        ("329982100200", 2),
    ]
    assert ("list_staff", "SJ") in acts(office)


def test_a_list_of_staff_goes_on_by_its_cursor(office: Office) -> None:
    admin = office.as_("admin", ADMINISTRATOR)
    for number in range(55):
        office.open(f"member{number:02}", "officer")
    first = admin.get(f"{BASE}/staff").get_json()
    rest = admin.get(f"{BASE}/staff?cursor={first['next']}").get_json()
    logins = [s["login"] for s in (*first["items"], *rest["items"])]
    assert (len(first["items"]), len(logins), rest["next"]) == (50, 56, None)
    assert logins == sorted(set(logins))


def test_other_roles_revoke_what_was_issued_and_are_written_down(office: Office) -> None:
    admin = office.as_("admin", ADMINISTRATOR)
    officer = office.open("officer", "officer")
    office.signed_in("officer")
    answer = change(admin, officer, roles=["reviewer", "officer"])
    assert (answer.status_code, answer.get_json()["roles"]) == (200, ["officer", "reviewer"])
    (told,) = (e.event for e in events_of(office.database, StaffChanged))
    assert (told.roles, told.is_suspended) == (("officer", "reviewer"), False)
    assert [e.event.account_id for e in events_of(office.database, TokensRevoked)] == [officer]
    assert ("change_roles", officer) in acts(office)
    assert ("change_department", officer) not in acts(office)
    assert change(admin, officer).status_code == 200
    assert len(events_of(office.database, StaffChanged)) == 1
    assert fields(change(admin, officer, roles=[SECURITY, AUDITOR])) == {"roles"}


def test_two_administrators_do_not_overwrite_each_other(office: Office) -> None:
    admin = office.as_("admin", ADMINISTRATOR)
    officer = office.open("officer", "officer")
    seen = admin.get(f"{BASE}/staff/{officer}").headers["ETag"]
    body = {"department": "SJ", "roles": ["reviewer"]}
    assert put(admin, f"/staff/{officer}", body).status_code == 428
    assert put(admin, f"/staff/{officer}", body, seen).status_code == 200
    assert put(admin, f"/staff/{officer}", body | {"roles": ["helper"]}, seen).status_code == 412


def test_nobody_administers_their_own_account_or_a_citizens(office: Office) -> None:
    admin, security = office.as_("admin", ADMINISTRATOR), office.as_("security", SECURITY)
    office.enrol("security")
    own = office.ids["admin"]
    answers = [
        change(admin, own, roles=["officer"]),
        put(admin, f"/staff/{own}/suspension"),
        admin.delete(f"{BASE}/staff/{own}/suspension"),
        post(admin, f"/staff/{own}/initial-password"),
        security.delete(f"{BASE}/staff/{office.ids['security']}/second-factor"),
    ]
    assert {refused(a) for a in answers} == {(403, "own-account")}
    citizen = office.open("citizen")
    for account_id in (citizen, "nobody"):
        assert admin.get(f"{BASE}/staff/{account_id}").status_code == 404
        assert put(admin, f"/staff/{account_id}/suspension").status_code == 404
        assert post(admin, f"/staff/{account_id}/initial-password").status_code == 404
        assert security.delete(f"{BASE}/staff/{account_id}/second-factor").status_code == 404


def test_who_is_suspended_is_out_until_resumed(office: Office) -> None:
    admin = office.as_("admin", ADMINISTRATOR)
    officer = office.open("officer", "officer")
    office.signed_in("officer")
    for _ in range(2):
        assert put(admin, f"/staff/{officer}/suspension").status_code == 204
    assert refused(sign_in(office.anyone(), "officer")) == (403, "account-suspended")
    assert admin.delete(f"{BASE}/staff/{officer}/suspension").status_code == 204
    assert sign_in(office.anyone(), "officer").status_code == 200
    told = [e.event.is_suspended for e in events_of(office.database, StaffChanged)]
    assert told == [True, False]
    assert [a for a, s in acts(office) if s == officer] == ["suspend", "resume"]


def test_a_password_and_a_second_factor_are_reset_by_two_different_hands(office: Office) -> None:
    admin, security = office.as_("admin", ADMINISTRATOR), office.as_("security", SECURITY)
    head = office.open("head", "approver")
    assert refused(security.delete(f"{BASE}/staff/{head}/second-factor")) == (409, "no-second-factor")
    office.enrol("head")
    password = post(admin, f"/staff/{head}/initial-password").get_json()["initial_password"]
    assert refused(sign_in(office.anyone(), "head")) == (401, "wrong-credentials")
    assert sign_in(office.anyone(), "head", password).get_json()["enrolled"] is True
    assert refused(admin.delete(f"{BASE}/staff/{head}/second-factor")) == (403, "not-allowed")
    assert security.delete(f"{BASE}/staff/{head}/second-factor").status_code == 204
    assert refused(sign_in(office.anyone(), "head", password)) == (401, "new-password-needed")
    assert [a for a, s in acts(office) if s == head] == ["reset_password", "reset_second_factor"]


def test_the_security_administrator_sees_sign_ins_and_the_auditor_what_was_done(office: Office) -> None:
    admin, security = office.as_("admin", ADMINISTRATOR), office.as_("security", SECURITY)
    auditor = office.as_("auditor", AUDITOR)
    officer = office.open("officer", "officer")
    sign_in(office.anyone(), "officer", "guess", X_Forwarded_For="203.0.113.7")
    lines = security.get(f"{BASE}/sign-ins?account={officer}").get_json()["items"]
    assert [(line["outcome"], line["address"], line["name"]) for line in lines] == [
        ("wrong_password", "203.0.113.*", "某officer")
    ]
    put(admin, f"/staff/{officer}/suspension")
    found = auditor.get(f"{BASE}/audit?act=suspend").get_json()["items"]
    assert [(line["actor"], line["subject"], line["subject_name"]) for line in found] == [
        (office.ids["admin"], officer, "某officer")
    ]
    assert auditor.get(f"{BASE}/audit?actor=nobody").get_json() == {"items": [], "next": None}
    assert fields(auditor.get(f"{BASE}/audit?cursor=x")) == {"cursor"}


def test_the_audit_goes_on_by_its_cursor(office: Office) -> None:
    admin, auditor = office.as_("admin", ADMINISTRATOR), office.as_("auditor", AUDITOR)
    for _ in range(55):
        admin.get(f"{BASE}/staff?department=SJ")
    first = auditor.get(f"{BASE}/audit?act=list_staff").get_json()
    rest = auditor.get(f"{BASE}/audit?act=list_staff&cursor={first['next']}").get_json()
    ids = [line["id"] for line in (*first["items"], *rest["items"])]
    assert (len(first["items"]), len(ids), rest["next"]) == (50, 55, None)
    assert ids == sorted(ids, reverse=True)
