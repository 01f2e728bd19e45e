"""Intake over HTTP, on SQLite and on PostgreSQL: progress, and what departments read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chassis.database import Database
from chassis.fakes.web import client
from contracts import approval
from services.intake import orm
from services.intake.numbers import query_code
from tests.unit.intake.helpers import FORM
from tests.unit.intake.office import BASE, Office, in_approval


@pytest.fixture
def office(intake_database: Database) -> Office:
    return Office(intake_database)


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
        "filed_by": None,
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
        "filed_by": None,
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
