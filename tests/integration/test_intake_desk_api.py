"""Intake over HTTP, on SQLite and on PostgreSQL: the acceptance desk, withdrawal and correction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis import tables, timerows
from chassis.database import Database
from contracts import intake
from services.intake import handlers, orm
from tests.unit.intake.helpers import FORM, Approval
from tests.unit.intake.office import BASE, Office, in_approval, year

AGES_AGO = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


@pytest.fixture
def office(intake_database: Database) -> Office:
    return Office(intake_database)


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
