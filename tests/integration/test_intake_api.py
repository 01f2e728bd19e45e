"""Intake over HTTP, on SQLite and on PostgreSQL: filing, and who may do what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis import tables
from chassis.database import Database
from chassis.fakes.web import client
from contracts import approval, intake
from contracts.catalog import ProcedureClosed
from services.intake.numbers import query_code
from tests.unit.intake.helpers import FORM, procedure
from tests.unit.intake.office import BASE, Office, in_approval, published, raw


@pytest.fixture
def office(intake_database: Database) -> Office:
    return Office(intake_database)


# filing


def test_a_filing_gets_a_number_a_query_code_and_is_accepted_at_once(office: Office) -> None:
    answer = office.applicant.post(f"{BASE}/applications", json={"procedure": "open-shop", "form": FORM})
    receipt = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{BASE}/applications/{receipt['application_no']}"
    assert receipt["query_code"] == query_code(office.database.config.master_key, receipt["application_no"])
    assert (receipt["status"], receipt["version"]) == ("accepted", 1)
    assert receipt["title"] == {"zh": "开店", "en": "Opening a shop"}
    assert [type(e) for e in office.said()] == [
        intake.ApplicationSubmitted,
        intake.ApplicationAccepted,
        intake.ApplicationStatusChanged,
    ]
    seen = office.look(receipt["application_no"])
    assert (seen["status"], seen["answered"], seen["required"]) == ("accepted", 0, 3)
    assert seen["next"]["who"]["zh"] == "市场监管局、消防救援大队、公安局"


def test_numbers_are_unique_and_go_on_from_block_to_block(office: Office) -> None:
    numbers = {office.file() for _ in range(105)}
    assert len(numbers) == 105
    assert max(int(n[10:16]) for n in numbers) > 100


def test_the_same_key_files_once_and_another_body_under_it_is_refused(office: Office) -> None:
    def post(form: dict[str, Any]) -> Any:
        return office.applicant.post(
            f"{BASE}/applications",
            json={"procedure": "open-shop", "form": form},
            headers={"Idempotency-Key": "k-1"},
        )

    first, second, other = post(FORM), post(FORM), post(FORM | {"area": 100})
    assert first.get_json() == second.get_json()
    assert (second.status_code, other.status_code) == (201, 422)
    assert office.count() == 1


def test_every_wrong_field_is_named_with_a_sentence_and_nothing_is_stored(office: Office) -> None:
    wrong = {"area": "很大", "owner_id": "329982199504183022", "has_sign": "是", "colour": "红"}
    answer = office.applicant.post(
        f"{BASE}/applications",
        json={"procedure": "open-shop", "form": wrong},
        headers={"Idempotency-Key": "k-1"},
    )
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (422, "invalid-form")
    assert [(e["field"], e["zh"]) for e in problem["errors"]] == [
        ("form.shop_name", "请填写店名"),
        ("form.area", "面积要填数字"),
        ("form.has_sign", "要设置店招要选是或否"),
        ("form.owner_id", "身份证号最后一位对不上,请看看是不是抄错了一位"),
        ("form.colour", "表中没有“colour”这一项"),
    ]
    assert problem["errors"][0]["en"] == "Please fill in: Shop name"
    assert office.count() == office.count(tables.idempotency) == 0
    assert office.said() == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"procedure", "form"}),
        ({"procedure": "open-shop", "form": [], "extra": 1}, {"form", "extra"}),
        ({"procedure": "", "form": {}, "channel": "window"}, {"procedure", "channel"}),
    ],
)
def test_a_request_of_the_wrong_shape_names_every_field(
    office: Office, body: dict[str, Any], fields: set[str]
) -> None:
    answer = office.applicant.post(f"{BASE}/applications", json=body)
    assert answer.status_code == 422
    assert {e["field"] for e in answer.get_json()["errors"]} == fields


def test_an_oversized_form_is_refused(office: Office) -> None:
    form = FORM | {"shop_name": "店" * 400_000}
    answer = office.applicant.post(f"{BASE}/applications", json={"procedure": "open-shop", "form": form})
    assert answer.status_code == 413


def test_an_unknown_item_is_not_found(office: Office) -> None:
    answer = office.applicant.post(f"{BASE}/applications", json={"procedure": "no-such", "form": {}})
    assert (answer.status_code, answer.get_json()["type"]) == (404, "unknown-procedure")


def test_a_closed_item_takes_no_filing_until_a_new_version_opens_it(office: Office) -> None:
    number = office.file()
    closed = ProcedureClosed(code="open-shop", version=1, closed_at=datetime.now(UTC))
    office.catalogue(closed, first=2)
    answer = office.applicant.post(f"{BASE}/applications", json={"procedure": "open-shop", "form": FORM})
    assert (answer.status_code, answer.get_json()["type"]) == (409, "not-open-for-filing")
    office.catalogue(published(procedure(version=2)), first=3)
    assert office.look(office.file())["version"] == 2
    assert office.look(number)["version"] == 1


def test_a_closing_that_arrives_before_what_it_closes_still_closes_it(office: Office) -> None:
    closed = ProcedureClosed(code="late", version=3, closed_at=datetime.now(UTC))
    office.catalogue(closed, first=9)
    filing = {"procedure": "late", "form": FORM}
    assert office.applicant.post(f"{BASE}/applications", json=filing).status_code == 404
    office.catalogue(published(procedure(code="late", version=3)), first=8)
    assert office.applicant.post(f"{BASE}/applications", json=filing).status_code == 409


def test_an_item_is_only_for_the_accounts_it_is_meant_for(office: Office) -> None:
    office.catalogue(published(procedure(code="for-firms", audience=("firm",))))
    filing = {"procedure": "for-firms", "form": FORM}
    assert office.applicant.post(f"{BASE}/applications", json=filing).status_code == 403
    firm = office.person("acc-f", kind="firm")
    assert firm.post(f"{BASE}/applications", json=filing).status_code == 201


def test_personal_data_lies_sealed_and_stands_in_no_event(office: Office) -> None:
    number = office.file("desk-shop")
    office.staff("acceptance_clerk", "SJ").post(
        f"{BASE}/applications/{number}/return",
        json={"reasons": [{"field": "area", "reason": "请沈佳禾补正"}]},
    )
    for table in ("application", "acceptance_act", "outbox", "reading"):
        lies = raw(office.database, table)
        assert "禾记" not in lies and "329982199504183021" not in lies and "沈佳禾" not in lies
    form = office.applicant.get(f"{BASE}/applications/{number}/form").get_json()
    assert form["form"] == FORM


def test_the_interface_is_described(office: Office) -> None:
    answer = client(office.app).get(f"{BASE}/openapi.json")
    paths = answer.get_json()["paths"]
    assert f"{BASE}/applications/{{number}}/withdraw" in paths or "/applications/{number}/withdraw" in str(
        paths
    )


def test_a_departments_system_files_nothing(office: Office) -> None:
    machine = office.staff("department_system", "SJ")
    answer = machine.post(f"{BASE}/applications", json={"procedure": "open-shop", "form": FORM})
    assert answer.status_code == 403


# who may


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("post", "/applications", "officer"),
        ("get", "/applications", "officer"),
        ("get", "/acceptance", "officer"),
        ("post", "/applications/{no}/resubmit", "acceptance_clerk"),
        ("post", "/applications/{no}/corrections", "acceptance_clerk"),
        ("post", "/applications/{no}/withdraw", "acceptance_clerk"),
        ("post", "/applications/{no}/accept", "officer"),
        ("post", "/applications/{no}/return", "officer"),
        ("post", "/applications/{no}/refuse", "officer"),
        ("get", "/applications/{no}/form", "officer"),
        ("get", "/applications/{no}", "supervisor"),
        ("get", "/dossiers/{no}-01", "acceptance_clerk"),
        ("get", "/dossiers?branches={no}-01", "acceptance_clerk"),
    ],
)
def test_without_a_token_with_an_old_one_or_in_another_role_nobody_gets_in(
    office: Office, method: str, path: str, role: str
) -> None:
    number = office.file("desk-shop")
    before = office.row(number).revision
    address = BASE + path.format(no=number)
    body = {"json": {}} if method == "post" else {}
    expired = office.mint.token("acc-1", lives=-700)
    for who, status in (
        (client(office.app), 401),
        (client(office.app, expired), 401),
        (client(office.app, "not.a.token"), 401),
        (office.staff(role, "SJ"), 403),
    ):
        assert getattr(who, method)(address, **body).status_code == status
    assert office.row(number).revision == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "", None),
        ("get", "/form", None),
        ("post", "/withdraw", {}),
        ("post", "/resubmit", {"form": FORM}),
        ("post", "/corrections", {"branch_no": "{no}-01", "changes": {"area": 1}}),
    ],
)
def test_another_persons_application_is_not_there(office: Office, method: str, path: str, body: Any) -> None:
    number = office.file()
    if body and "branch_no" in body:
        body = {**body, "branch_no": f"{number}-01"}
    stranger = office.person("acc-2")
    for no in (number, "SJ20260302000001X"):
        answer = stranger.open(f"{BASE}/applications/{no}{path}", method=method.upper(), json=body)
        assert (answer.status_code, answer.get_json()["type"]) == (404, "not-found")
    assert office.row(number).status == "accepted"


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("accept", {}),
        ("return", {"reasons": [{"field": "area", "reason": "请写明"}]}),
        ("refuse", {"ground": "no_licence_needed", "reason": "不需要许可"}),
    ],
)
def test_another_departments_desk_finds_nothing(office: Office, act: str, body: Any) -> None:
    number = office.file("desk-shop")
    foreign = office.staff("acceptance_clerk", "CG")
    assert foreign.post(f"{BASE}/applications/{number}/{act}", json=body).status_code == 404
    assert foreign.get(f"{BASE}/applications/{number}/form").status_code == 404
    assert foreign.get(f"{BASE}/acceptance").get_json()["items"] == []
    assert office.row(number).status == "awaiting_acceptance"


def test_departments_that_take_part_see_the_application(office: Office) -> None:
    number, told = in_approval(office)
    assert office.look(number, office.staff("officer", "XF"))["status"] == "in_approval"
    assert office.look(number, office.staff("department_system", "GA"))["branches"]
    foreign = office.staff("officer", "CG").get(f"{BASE}/applications/{number}")
    assert foreign.status_code == 404
    told.branch(approval.BranchOpened, "fire", department="CG")
    office.say(told.story[-1:])
    assert office.look(number, office.staff("officer", "CG"))
    assert office.staff("officer", "XF").get(f"{BASE}/applications/{number}").status_code == 404
