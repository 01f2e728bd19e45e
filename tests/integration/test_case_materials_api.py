"""Files of a case over HTTP: who reads them, and how they are put right."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from chassis.database import Database
from chassis.fakes.web import client
from contracts import approval, intake
from services.intake import orm
from tests.unit.intake.helpers import FORM, Approval
from tests.unit.intake.office import BASE, Office, published
from tests.unit.intake.paper_shop import PDF, Applicant, paper_shop, small_png, upload

OTHER_PDF = PDF.replace(b"595 842", b"842 595")


@pytest.fixture
def office(intake_database: Database) -> Office:
    made = Office(intake_database)
    desk = paper_shop(code="paper-desk", acceptance="desk")
    made.catalogue(published(paper_shop()), published(desk), first=10)
    return made


@pytest.fixture
def me(office: Office) -> Applicant:
    return Applicant(office.applicant)


# filing, reading


def opened(office: Office, number: str, *keys: str) -> Approval:
    told = Approval(keys or ("food", "fire", "seal"), number, datetime.now(UTC))
    told.open_case()
    office.say(told.story)
    return told


def test_filing_hands_in_what_the_branches_ask_for_and_lets_the_rest_go(
    office: Office, me: Applicant
) -> None:
    me.save(**FORM | {"area": 320})
    for code in ("plan", "report", "rules"):
        me.upload(code, OTHER_PDF if code == "report" else PDF)
    me.upload("photo", small_png(), "照片.png")
    me.save(area=100)
    assert me.submit().status_code == 201
    number = me.look()["application_no"]
    items = office.applicant.get(f"{BASE}/applications/{number}/materials").get_json()["items"]
    assert [(s["code"], s["state"]) for s in items] == [
        ("held", "from_library"),
        ("plan", "checked"),
        ("rules", "checked"),
        ("photo", "checked"),
    ]
    assert all(s["file"]["handed_in_at"] for s in items[1:])


def test_departments_read_exactly_the_materials_their_item_declares_and_it_is_written_down(
    office: Office, me: Applicant
) -> None:
    number = me.file()
    told = opened(office, number)
    ids = {
        s["code"]: s["file"]["material_id"]
        for s in office.applicant.get(f"{BASE}/applications/{number}/materials").get_json()["items"]
        if s["file"]
    }

    def read(role: str, department: str, code: str) -> int:
        return office.staff(role, department).get(f"{BASE}/materials/{ids[code]}").status_code

    assert read("officer", "SJ", "plan") == read("officer", "XF", "plan") == 200
    assert read("department_system", "XF", "report") == 200
    assert read("officer", "SJ", "report") == 404
    assert read("officer", "GA", "plan") == read("officer", "CG", "plan") == 404
    assert read("acceptance_clerk", "SJ", "report") == 200
    assert read("acceptance_clerk", "XF", "plan") == 200
    with office.database.read() as session:
        rows = session.execute(select(orm.reading).order_by(orm.reading.c.id)).all()
    assert [(r.account_id, r.branch_no, r.material) for r in rows] == [
        ("officer-sj", f"{number}-01", "plan"),
        ("officer-xf", f"{number}-02", "plan"),
        ("department_system-xf", f"{number}-02", "report"),
        ("acceptance_clerk-sj", None, "report"),
        ("acceptance_clerk-xf", f"{number}-02", "plan"),
    ]
    told.branch(approval.BranchDropped, "fire", status="dropped")
    office.say(told.story)
    assert read("officer", "XF", "report") == 404


def test_slots_are_shown_to_each_as_far_as_they_may_see(office: Office, me: Applicant) -> None:
    number = me.file()
    opened(office, number)

    def codes(who: Any) -> list[str]:
        answer = who.get(f"{BASE}/applications/{number}/materials")
        return [s["code"] for s in answer.get_json()["items"]]

    assert codes(office.applicant) == ["held", "plan", "rules", "report", "photo"]
    assert codes(office.staff("acceptance_clerk", "SJ")) == ["held", "plan", "rules", "report", "photo"]
    assert codes(office.staff("officer", "XF")) == ["plan", "report"]
    assert codes(office.staff("officer", "GA")) == []
    dossier = office.staff("officer", "XF").get(f"{BASE}/dossiers/{number}-02").get_json()
    assert [(s["code"], s["state"]) for s in dossier["materials"]] == [
        ("plan", "checked"),
        ("report", "checked"),
    ]


@pytest.mark.parametrize("path", ["/materials/{material}", "/applications/{number}/materials"])
def test_files_are_nobody_elses(office: Office, me: Applicant, path: str) -> None:
    draft_file = Applicant(office.person("acc-5")).upload("plan").get_json()["material_id"]
    number = me.file()
    opened(office, number)
    items = office.applicant.get(f"{BASE}/applications/{number}/materials").get_json()["items"]
    material = next(s["file"]["material_id"] for s in items if s["file"])
    address = BASE + path.format(material=material, number=number)
    expired = office.mint.token("acc-1", issued_at=time.time() - 700)
    for token in (None, expired, "not.a.token"):
        assert client(office.app, token).get(address).status_code == 401
    supervisor = office.staff("supervisor", "SJ")
    assert supervisor.get(address).status_code == 403
    assert office.person("acc-2").get(address).status_code == 404
    assert office.staff("officer", "ZJ").get(address).status_code == 404
    missing = address.replace(material, "0" * 36).replace(number, "SJ20260302000009K")
    assert office.applicant.get(missing).status_code == 404
    for who in (office.applicant, office.staff("acceptance_clerk", "SJ")):
        assert who.get(f"{BASE}/materials/{draft_file}").status_code == 404


# putting right


def returned(office: Office, *reasons: tuple[str, str]) -> str:
    number = Applicant(office.applicant, "paper-desk").file()
    body = {"reasons": [{"field": field, "reason": reason} for field, reason in reasons]}
    answer = office.staff("acceptance_clerk", "SJ").post(f"{BASE}/applications/{number}/return", json=body)
    assert answer.status_code == 200, answer.text
    return number


def slot(office: Office, number: str, code: str, who: Any = None) -> dict[str, Any]:
    items = (who or office.applicant).get(f"{BASE}/applications/{number}/materials").get_json()["items"]
    found: dict[str, Any] = next(s for s in items if s["code"] == code)
    return found


def test_the_desk_sends_fields_and_materials_back_at_once_each_with_its_reason(office: Office) -> None:
    number = returned(office, ("plan", "看不清"), ("shop_name", "与门头不一致"))
    desk = office.staff("acceptance_clerk", "SJ")
    assert (slot(office, number, "plan")["state"], slot(office, number, "plan")["why"]) == (
        "rejected",
        "看不清",
    )
    assert slot(office, number, "report")["state"] == "uploaded"
    again = office.applicant.post(f"{BASE}/applications/{number}/resubmit", json={"form": {"area": 320}})
    assert [(e["field"], e["zh"]) for e in again.get_json()["errors"]] == [
        ("form.shop_name", "请填写店名"),
        ("materials.plan", "请重新上传材料plan"),
    ]
    path = f"{BASE}/applications/{number}/materials/plan"
    assert upload(office.applicant, path, OTHER_PDF).status_code == 201
    assert slot(office, number, "plan")["state"] == "uploaded"
    hidden = slot(office, number, "plan", desk)
    assert (hidden["state"], hidden["file"]["version"]) == ("rejected", 1)
    done = office.applicant.post(f"{BASE}/applications/{number}/resubmit", json={"form": FORM})
    assert (done.status_code, done.get_json()["status"]) == (202, "awaiting_acceptance")
    seen = slot(office, number, "plan", desk)
    assert (seen["state"], seen["file"]["version"], len(seen["older"])) == ("uploaded", 2, 1)
    desk.post(f"{BASE}/applications/{number}/accept", json={})
    assert slot(office, number, "plan")["state"] == "checked"
    assert any(isinstance(e, intake.ApplicationReturned) for e in office.said())


def test_what_was_uploaded_for_a_correction_can_be_taken_back_before_it_is_sent(office: Office) -> None:
    number = returned(office, ("plan", "看不清"))
    path = f"{BASE}/applications/{number}/materials/plan"
    unsent = upload(office.applicant, path, OTHER_PDF).get_json()
    clerk = office.staff("acceptance_clerk", "SJ")
    assert clerk.get(f"{BASE}/materials/{unsent['material_id']}").status_code == 404
    assert office.applicant.delete(path).status_code == 204
    assert (slot(office, number, "plan")["state"], slot(office, number, "plan")["file"]["version"]) == (
        "rejected",
        1,
    )


def test_a_department_that_asks_for_a_material_gets_the_new_version_with_the_correction(
    office: Office, me: Applicant
) -> None:
    number = me.file()
    told = opened(office, number)
    path = f"{BASE}/applications/{number}/materials"
    assert upload(office.applicant, f"{path}/report", OTHER_PDF).get_json()["type"] == "slot-closed"
    told.branch(approval.BranchClaimed, "fire", status="claimed", handler="acc-9")
    told.suspend("fire", 1)
    office.say(told.story)
    assert (
        upload(office.applicant, f"{path}/photo", small_png(), "照.png").get_json()["type"] == "slot-closed"
    )
    body = {"branch_no": f"{number}-02", "changes": {}, "note": " "}
    empty = office.applicant.post(f"{BASE}/applications/{number}/corrections", json=body)
    assert empty.get_json()["errors"][0]["zh"] == "请填写补正的内容或说明"
    assert upload(office.applicant, f"{path}/report", OTHER_PDF).status_code == 201
    officer = office.staff("officer", "XF")
    assert slot(office, number, "report", officer)["file"]["version"] == 1
    sent = office.applicant.post(f"{BASE}/applications/{number}/corrections", json=body)
    assert sent.status_code == 202
    assert slot(office, number, "report", officer)["file"]["version"] == 2
    dossier = officer.get(f"{BASE}/dossiers/{number}-02").get_json()
    assert dossier["changed"] == ["report"]
    assert isinstance(office.said(intake.ApplicationCorrected)[0], intake.ApplicationCorrected)


def test_one_new_version_answers_every_department_that_asked_for_it(office: Office, me: Applicant) -> None:
    number = me.file()
    told = opened(office, number)
    told.suspend("food", 1)
    told.suspend("fire", 1)
    office.say(told.story)
    upload(office.applicant, f"{BASE}/applications/{number}/materials/plan", OTHER_PDF)
    for branch_no in (f"{number}-01", f"{number}-02"):
        body = {"branch_no": branch_no, "changes": {}}
        sent = office.applicant.post(f"{BASE}/applications/{number}/corrections", json=body)
        assert sent.status_code == 202, sent.text
    for department, branch_no in (("SJ", f"{number}-01"), ("XF", f"{number}-02")):
        dossier = office.staff("officer", department).get(f"{BASE}/dossiers/{branch_no}").get_json()
        assert dossier["changed"] == ["plan"]


def test_a_correction_that_is_refused_hands_nothing_in(office: Office, me: Applicant) -> None:
    number = me.file()
    told = opened(office, number)
    told.suspend("fire", 1)
    office.say(told.story)
    upload(office.applicant, f"{BASE}/applications/{number}/materials/report", OTHER_PDF)
    body = {"branch_no": f"{number}-02", "changes": {"area": "很大"}}
    assert office.applicant.post(f"{BASE}/applications/{number}/corrections", json=body).status_code == 422
    assert slot(office, number, "report", office.staff("officer", "XF"))["file"]["version"] == 1
