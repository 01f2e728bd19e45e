"""Intake over HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import migrate, tables, timerows
from chassis.database import Database
from chassis.fakes.database import scratch_config
from chassis.fakes.web import client
from contracts import approval, intake
from contracts.catalog import ProcedureClosed
from services.intake import handlers, orm
from services.intake.numbers import query_code
from tests.unit.intake.helpers import FORM, Approval, procedure
from tests.unit.intake.office import BASE, Office, published, raw, year

AGES_AGO = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    changes: dict[str, Any] = {}
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        changes["database_url"] = server.create_database(f"{tmp_path.parent.name}_{tmp_path.name}"[-60:])
    database = Database(scratch_config("intake", tmp_path, **changes))
    migrate.upgrade(database)
    yield Office(database)
    database.close()


def in_approval(office: Office, *keys: str, **form: Any) -> tuple[str, Approval]:
    number = office.file(**form)
    told = Approval(keys or ("food", "fire", "seal"), number, datetime.now(UTC))
    told.open_case()
    office.say(told.story)
    return number, told


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


# the desk


def test_the_desk_accepts_and_the_date_is_taken_back(office: Office) -> None:
    number = office.file("desk-shop")
    seen = office.look(number)
    assert (seen["status"], seen["next"]["who"]["zh"]) == ("awaiting_acceptance", "市场监管局")
    assert seen["next"]["due"] == seen["acceptance_due"] is not None
    clerk = office.staff("acceptance_clerk", "SJ")
    assert [a["application_no"] for a in clerk.get(f"{BASE}/acceptance").get_json()["items"]] == [number]
    answer = clerk.post(f"{BASE}/applications/{number}/accept")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "accepted")
    assert office.count(tables.time_row) == 0
    again = clerk.post(f"{BASE}/applications/{number}/accept")
    assert again.status_code == 409
    assert again.get_json()["state"] == "accepted" and again.get_json()["move"] == "accept"
    assert office.count(orm.acceptance_act) == 1


def test_everything_missing_is_told_at_once_and_put_right_in_one_go(office: Office) -> None:
    number = office.file("desk-shop")
    clerk = office.staff("acceptance_clerk", "SJ")
    reasons = [{"field": "area", "reason": "面积与图纸不符"}, {"field": "m12", "reason": "缺第 3 页"}]
    clerk.post(f"{BASE}/applications/{number}/return", json={"reasons": reasons})
    seen = office.look(number)
    assert seen["returned"] == {"round": 1, "reasons": reasons}
    assert (seen["status"], seen["acceptance_due"]) == ("returned", None)
    assert seen["next"]["who"] == {"zh": "您", "en": "You"}
    wrong = office.applicant.post(f"{BASE}/applications/{number}/resubmit", json={"form": {"area": -1}})
    assert {e["field"] for e in wrong.get_json()["errors"]} == {"form.shop_name", "form.area"}
    answer = office.applicant.post(
        f"{BASE}/applications/{number}/resubmit", json={"form": FORM | {"area": 200}}
    )
    assert (answer.status_code, answer.get_json()["status"]) == (202, "awaiting_acceptance")
    assert answer.get_json()["returned"] is None
    clerk.post(f"{BASE}/applications/{number}/accept")
    accepted = office.said(intake.ApplicationAccepted)[0]
    assert isinstance(accepted, intake.ApplicationAccepted)
    assert (accepted.branches, accepted.by) == (("food", "seal"), "desk")


def test_a_reason_must_name_something_the_item_asks_for(office: Office) -> None:
    number = office.file("desk-shop")
    answer = office.staff("acceptance_clerk", "SJ").post(
        f"{BASE}/applications/{number}/return",
        json={"reasons": [{"field": "area", "reason": "请写明"}, {"field": "moon", "reason": "请写明"}]},
    )
    assert answer.status_code == 422
    assert [e["field"] for e in answer.get_json()["errors"]] == ["reasons.1.field"]
    assert office.row(number).status == "awaiting_acceptance"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ground": "not_competent", "reason": "不归我们管"}, "competent_department"),
        ({"ground": "not_competent", "reason": "x", "competent_department": "SJ"}, "competent_department"),
        ({"ground": "not_competent", "reason": "x", "competent_department": "QQ"}, "competent_department"),
        ({"ground": "incomplete", "reason": "x", "competent_department": "CG"}, "competent_department"),
        ({"ground": "whim", "reason": "x"}, "ground"),
        ({"ground": "incomplete"}, "reason"),
    ],
)
def test_a_refusal_says_why_and_whose_matter_it_is(office: Office, body: Any, field: str) -> None:
    number = office.file("desk-shop")
    answer = office.staff("acceptance_clerk", "SJ").post(f"{BASE}/applications/{number}/refuse", json=body)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.get_json()["errors"]] == [field]
    assert office.row(number).status == "awaiting_acceptance"


def test_a_refusal_is_shown_with_its_reason(office: Office) -> None:
    number = office.file("desk-shop")
    body = {"ground": "not_competent", "reason": "请向城管局申请", "competent_department": "CG"}
    answer = office.staff("acceptance_clerk", "SJ").post(f"{BASE}/applications/{number}/refuse", json=body)
    assert answer.get_json()["status"] == "not_accepted"
    shown = office.look(number)["not_accepted"]
    assert shown == body | {"competent_department_name": {"zh": "城管局", "en": "CG"}}
    assert office.look(number)["next"] is None


def test_what_the_desk_left_unanswered_is_accepted_as_of_receipt(office: Office) -> None:
    number, other = office.file("desk-shop"), office.file("desk-shop")
    office.set_back(number, acceptance_due=AGES_AGO + timedelta(days=7), received_at=AGES_AGO)
    with office.database.transaction() as uow:
        uow.schedule(handlers.SILENCE, number, AGES_AGO)
    timerows.sweep(office.database, handlers.SILENCE, handlers.accept_by_silence)
    seen = office.look(number)
    assert (seen["status"], seen["accepted_by"]) == ("accepted", "silence")
    assert datetime.fromisoformat(seen["accepted_at"]) == AGES_AGO
    assert office.row(other).status == "awaiting_acceptance"
    assert timerows.sweep(office.database, handlers.SILENCE, handlers.accept_by_silence) == 0


def test_a_date_that_falls_due_after_the_answer_does_nothing(office: Office) -> None:
    number = office.file("desk-shop")
    office.staff("acceptance_clerk", "SJ").post(f"{BASE}/applications/{number}/accept")
    before = office.row(number).revision
    with office.database.transaction() as uow:
        uow.now += timedelta(days=60)
        handlers.accept_by_silence([number], uow)
    assert office.row(number).revision == before


def test_a_new_holiday_moves_the_desks_date(office: Office) -> None:
    number = office.file("desk-shop")
    due = office.row(number).acceptance_due
    assert due is not None
    office.catalogue(year(due.year, [due.astimezone(UTC).date()]))
    moved = office.row(number).acceptance_due
    assert moved is not None and moved > due
    with office.database.read() as session:
        assert session.execute(tables.time_row.select()).one().due_at == moved
    office.catalogue(year(due.year), first=1)
    assert office.row(number).acceptance_due == moved
    office.catalogue(year(due.year), first=2)
    assert office.row(number).acceptance_due == due


# withdrawal and correction


def test_before_acceptance_a_withdrawal_ends_it_at_once_and_after_it_waits_for_approval(
    office: Office,
) -> None:
    waiting, running = office.file("desk-shop"), office.file()
    answer = office.applicant.post(f"{BASE}/applications/{waiting}/withdraw")
    assert (answer.status_code, answer.get_json()["status"]) == (202, "withdrawn")
    assert office.count(tables.time_row) == 0
    answer = office.applicant.post(f"{BASE}/applications/{running}/withdraw")
    assert (answer.status_code, answer.get_json()["status"]) == (202, "accepted")
    assert answer.get_json()["withdrawal"]["state"] == "pending"
    requested = office.said(intake.WithdrawalRequested)
    assert [e.subject for e in requested] == [running]
    told = Approval(["food"], running)
    told.open_case()
    told.terminate()
    told.answer("food")
    office.say(told.story)
    seen = office.look(running)
    assert (seen["status"], seen["withdrawal"]["state"]) == ("withdrawn", "withdrawn")
    assert seen["branches"][0]["status"] == "answered"
    assert office.last_state().status == "withdrawn"


def test_a_decision_that_came_before_the_withdrawal_stands_and_is_said(office: Office) -> None:
    number, told = in_approval(office, "food")
    office.applicant.post(f"{BASE}/applications/{number}/withdraw")
    told.answer("food")
    told.decide()
    office.say(told.story)
    seen = office.look(number)
    assert (seen["status"], seen["outcome"]) == ("decided", "granted")
    assert seen["withdrawal"]["state"] == "too_late"
    assert seen["withdrawal_requested_at"]
    again = office.applicant.post(f"{BASE}/applications/{number}/withdraw")
    assert (again.status_code, again.get_json()["state"]) == (409, "decided")


def test_a_correction_changes_the_form_and_tells_the_department_what_changed(office: Office) -> None:
    number, told = in_approval(office)
    told.suspend("food", 1)
    office.say(told.story)
    seen = office.look(number)
    assert seen["branches"][0]["correction_request"] == 1
    assert seen["next"]["who"]["zh"] == "您"
    path = f"{BASE}/applications/{number}/corrections"
    body = {"branch_no": f"{number}-01", "changes": {"shop_name": "禾记小馆"}, "note": "店名改了"}
    answer = office.applicant.post(path, json=body)
    assert answer.status_code == 202
    assert answer.get_json()["branches"][0]["correction_request"] is None
    corrected = office.said(intake.ApplicationCorrected)
    assert corrected == [
        intake.ApplicationCorrected(application_no=number, branch_no=f"{number}-01", request=1)
    ]
    dossier = office.staff("officer", "SJ").get(f"{BASE}/dossiers/{number}-01").get_json()
    assert dossier["fields"] == {"shop_name": "禾记小馆", "area": 320}
    assert (dossier["changed"], dossier["note"]) == (["shop_name"], "店名改了")
    again = office.applicant.post(path, json=body)
    assert (again.status_code, again.get_json()["state"]) == (409, "suspended")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"owner_id": "329982199504183021"}, {"changes.owner_id"}),
        ({"area": 0, "shop_name": "禾"}, {"changes.area", "changes.shop_name"}),
        ({"area": 100}, {"changes.area"}),
        ({}, {"changes"}),
    ],
)
def test_a_correction_stays_within_what_was_asked(
    office: Office, changes: dict[str, Any], wrong: set[str]
) -> None:
    number, told = in_approval(office)
    told.suspend("food", 1)
    office.say(told.story)
    answer = office.applicant.post(
        f"{BASE}/applications/{number}/corrections", json={"branch_no": f"{number}-01", "changes": changes}
    )
    assert answer.status_code == 422
    assert {e["field"] for e in answer.get_json()["errors"]} == wrong
    assert office.count(orm.correction) == 0


def test_nothing_can_be_corrected_that_nobody_asked_for(office: Office) -> None:
    number, _ = in_approval(office)
    for branch_no in (f"{number}-01", f"{number}-99"):
        answer = office.applicant.post(
            f"{BASE}/applications/{number}/corrections",
            json={"branch_no": branch_no, "changes": {"area": 400}},
        )
        assert answer.status_code == 409


# progress


def test_progress_shows_stages_branches_and_what_comes_next(office: Office) -> None:
    number, told = in_approval(office)
    told.branch(
        approval.BranchClaimed,
        "food",
        status="claimed",
        handler="acc-9",
        promised_due=told.now + timedelta(days=3),
    )
    told.answer("fire")
    office.say(told.story)
    seen = office.look(number)
    assert (seen["stage"]["zh"], seen["answered"], seen["required"]) == ("审查", 1, 3)
    assert seen["next"]["what"]["zh"] == "办理food"
    assert seen["next"]["who"]["zh"] == "市场监管局"
    assert seen["next"]["due"] == seen["branches"][0]["promised_due"] is not None
    assert [b["key"] for b in seen["branches"]] == ["food", "fire", "seal"]
    assert seen["branches"][2]["depends_on"] == ["food"]
    assert seen["branches"][0]["department_name"]["zh"] == "市场监管局"
    assert [e["event"] for e in seen["timeline"]][-3:] == [
        "approval.case_opened",
        "approval.branch_claimed",
        "approval.branch_answered",
    ]
    told.answer("food")
    told.decide()
    told.issue("food")
    office.say(told.story)
    seen = office.look(number)
    assert (seen["stage"]["zh"], seen["outcome"]) == ("制证", "granted")
    assert seen["licences"][0]["licence_no"] == "L-food"
    told.answer("seal")
    told.close()
    office.say(told.story)
    seen = office.look(number)
    assert (seen["status"], seen["stage"]["zh"], seen["next"]) == ("closed", "送达", None)


def test_my_applications_come_in_pages_newest_first(office: Office) -> None:
    numbers = [office.file() for _ in range(45)]
    office.file(who=office.person("acc-2"))
    found, cursor = [], ""
    while cursor is not None:
        answer = office.applicant.get(
            f"{BASE}/applications", query_string={"cursor": cursor} if cursor else {}
        )
        assert answer.status_code == 200
        page = answer.get_json()
        found += [a["application_no"] for a in page["items"]]
        cursor = page["next"]
    assert found == numbers[::-1]
    bad = office.applicant.get(f"{BASE}/applications?cursor=x")
    assert (bad.status_code, bad.get_json()["errors"][0]["field"]) == (422, "cursor")


def test_the_public_sees_progress_without_names_materials_or_codes(office: Office) -> None:
    number, told = in_approval(office, "food")
    told.branch(approval.BranchClaimed, "food", status="claimed", handler="acc-9")
    told.answer("food", licence_code="C1")
    told.decide()
    told.issue("food")
    office.say(told.story)
    code = query_code(office.database.config.master_key, number)
    nobody = client(office.app)
    answer = nobody.post(
        f"{BASE}/progress", json={"application_no": f" {number.lower()} ", "query_code": code.lower()}
    )
    assert answer.status_code == 200
    shown = answer.get_json()
    assert (shown["status"], shown["answered"]) == ("decided", 1)
    for secret in ("acc-9", "acc-1", "禾记", "C1", "L-food"):
        assert secret not in answer.text
    assert "handler" not in shown["branches"][0]
    returned = office.file("desk-shop")
    office.staff("acceptance_clerk", "SJ").post(
        f"{BASE}/applications/{returned}/return", json={"reasons": [{"field": "area", "reason": "图纸不符"}]}
    )
    code = query_code(office.database.config.master_key, returned)
    answer = nobody.post(f"{BASE}/progress", json={"application_no": returned, "query_code": code})
    assert answer.get_json()["returned"] == {"round": 1}


def test_five_wrong_query_codes_and_then_a_wait_even_with_the_right_one(office: Office) -> None:
    number, other = office.file(), office.file()
    nobody = client(office.app)
    right = query_code(office.database.config.master_key, number)

    def look(no: str, code: str) -> Any:
        return nobody.post(f"{BASE}/progress", json={"application_no": no, "query_code": code})

    assert [look(number, f"WRONG{n}XX").status_code for n in range(5)] == [404] * 5
    locked = look(number, right)
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 0
    assert look(other, query_code(office.database.config.master_key, other)).status_code == 200
    unknown = look("SJ20260302000001A", right)
    assert (unknown.status_code, unknown.get_json()["type"]) == (404, "not-found")


def test_a_right_query_code_forgives_the_wrong_ones_before(office: Office) -> None:
    number = office.file()
    codes = ["WRONG1XX"] * 4 + [query_code(office.database.config.master_key, number)]
    for _ in range(3):
        for code in codes:
            answer = client(office.app).post(
                f"{BASE}/progress", json={"application_no": number, "query_code": code}
            )
            assert answer.status_code == (200 if code == codes[-1] else 404)


# dossiers


def test_a_department_reads_only_what_its_item_declares_and_it_is_written_down(office: Office) -> None:
    number, told = in_approval(office)
    system = office.staff("department_system", "SJ")
    dossier = system.get(f"{BASE}/dossiers/{number}-01").get_json()
    assert dossier == {
        "branch_no": f"{number}-01",
        "application_no": number,
        "fields": {"shop_name": "禾记", "area": 320},
        "results": {},
        "materials": [],
        "changed": [],
        "note": None,
    }
    seal = office.staff("officer", "GA")
    waiting = seal.get(f"{BASE}/dossiers/{number}-03")
    assert (waiting.status_code, waiting.get_json()["state"]) == (409, "waiting")
    told.answer("fire", fire_code="F1")
    told.answer("food", licence_code="C1")
    told.branch(approval.BranchOpened, "seal", status="open")
    office.say(told.story)
    assert seal.get(f"{BASE}/dossiers/{number}-03").get_json() | {} == {
        "branch_no": f"{number}-03",
        "application_no": number,
        "fields": {"shop_name": "禾记"},
        "results": {"licence_code": "C1"},
        "materials": [],
        "changed": [],
        "note": None,
    }
    with office.database.read() as session:
        read = session.execute(orm.reading.select().order_by(orm.reading.c.id)).all()
    assert [(r.branch_no, r.account_id, r.department) for r in read] == [
        (f"{number}-01", "department_system-sj", "SJ"),
        (f"{number}-03", "officer-ga", "GA"),
    ]


def test_a_foreign_department_finds_no_dossier(office: Office) -> None:
    number, told = in_approval(office)
    for branch_no, department in ((f"{number}-01", "XF"), (f"{number}-77", "XF"), ("x-01", "SJ")):
        answer = office.staff("officer", department).get(f"{BASE}/dossiers/{branch_no}")
        assert answer.status_code == 404
    told.branch(approval.BranchDropped, "fire", status="dropped")
    office.say(told.story)
    dropped = office.staff("officer", "XF").get(f"{BASE}/dossiers/{number}-02")
    assert (dropped.status_code, dropped.get_json()["state"]) == (409, "dropped")
    assert office.count(orm.reading) == 0


def test_a_department_that_is_faster_than_the_news_is_told_to_wait(office: Office) -> None:
    number = office.file()
    early = office.staff("department_system", "SJ").get(f"{BASE}/dossiers/{number}-01")
    assert (early.status_code, early.headers["Retry-After"]) == (409, "1")
    foreign = office.staff("department_system", "CG").get(f"{BASE}/dossiers/{number}-01")
    assert foreign.status_code == 404


def test_many_dossiers_are_read_at_once(office: Office) -> None:
    numbers = [in_approval(office)[0] for _ in range(3)]
    system = office.staff("department_system", "XF")
    asked = ",".join([*(f"{n}-02" for n in numbers), f"{numbers[0]}-01"])
    found = system.get(f"{BASE}/dossiers?branches={asked}").get_json()["items"]
    assert [d["branch_no"] for d in found] == [f"{n}-02" for n in numbers]
    assert office.count(orm.reading) == 3
    assert system.get(f"{BASE}/dossiers?branches=" + ",".join(["X-01"] * 101)).status_code == 422


def test_the_desk_that_reads_a_form_is_written_down(office: Office) -> None:
    number = office.file("desk-shop")
    clerk = office.staff("acceptance_clerk", "SJ")
    assert clerk.get(f"{BASE}/applications/{number}/form").get_json()["form"] == FORM
    office.applicant.get(f"{BASE}/applications/{number}/form")
    with office.database.read() as session:
        (read,) = session.execute(orm.reading.select()).all()
    assert (read.application_no, read.branch_no, read.account_id) == (number, None, "acceptance_clerk-sj")


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
