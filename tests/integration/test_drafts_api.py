"""Drafts over HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from chassis import timerows
from chassis.database import Database
from chassis.fakes.web import client
from contracts.catalog import ProcedureClosed
from services.intake import papers
from services.intake.handlers import drafts
from services.intake.numbers import query_code
from tests.unit.intake.helpers import FORM, procedure
from tests.unit.intake.office import BASE, Office, published, raw
from tests.unit.intake.paper_shop import Applicant, paper_shop


@pytest.fixture
def office(intake_database: Database) -> Office:
    made = Office(intake_database)
    made.catalogue(published(paper_shop()), first=10)
    return made


# drafts


def test_a_draft_is_begun_once_and_resumed_elsewhere(office: Office) -> None:
    first = office.applicant.post(f"{BASE}/drafts", json={"procedure": "paper-shop"})
    draft = first.get_json()
    assert (first.status_code, first.headers["ETag"], draft["revision"]) == (201, '"1"', 1)
    assert first.headers["Location"] == f"{BASE}/drafts/{draft['draft_id']}"
    again = office.applicant.post(f"{BASE}/drafts", json={"procedure": "paper-shop"})
    assert (again.status_code, again.get_json()["draft_id"]) == (200, draft["draft_id"])
    other = office.person("acc-2").post(f"{BASE}/drafts", json={"procedure": "paper-shop"}).get_json()
    assert other["draft_id"] != draft["draft_id"]
    seen = office.applicant.get(f"{BASE}/drafts/{draft['draft_id']}")
    assert (seen.get_json(), seen.headers["ETag"]) == (draft, '"1"')
    assert [d["draft_id"] for d in office.applicant.get(f"{BASE}/drafts").get_json()["items"]] == [
        draft["draft_id"]
    ]


def test_answers_of_the_guide_go_into_a_new_draft_and_into_an_unfinished_one(office: Office) -> None:
    def begin(**guide: Any) -> Any:
        return office.applicant.post(f"{BASE}/drafts", json={"procedure": "paper-shop", "guide": guide})

    first = begin(has_sign=True, area="很大", colour="红").get_json()
    assert (first["answers"], first["revision"]) == ({"has_sign": True}, 2)
    assert first["origins"]["has_sign"]["source"] == "guide"
    again = begin(has_sign=False)
    assert (again.status_code, again.get_json()["answers"]) == (200, {"has_sign": False})
    assert again.headers["ETag"] == '"3"'
    wrong = office.applicant.post(f"{BASE}/drafts", json={"procedure": "paper-shop", "guide": []})
    assert wrong.status_code == 422


def test_a_slot_says_how_large_a_file_may_be(office: Office) -> None:
    slots = {s["code"]: s for s in Applicant(office.applicant).look()["materials"]}
    assert slots["plan"]["max_bytes"] == 10 * 1024 * 1024
    assert "max_bytes" not in slots["held"]


def test_answers_are_saved_by_step_and_lie_sealed(office: Office) -> None:
    me = Applicant(office.applicant)
    me.save(shop_name="禾记河虾面馆")
    me.save(area=12)
    assert (me.look()["answers"], me.revision) == ({"shop_name": "禾记河虾面馆", "area": 12}, 3)
    assert "禾记" not in raw(office.database, "draft")


def test_two_pages_that_save_the_same_form_lose_nothing(office: Office) -> None:
    me = Applicant(office.applicant)
    me.save(area=100)
    answer = me.save(seen=1, area=200, shop_name="禾记")
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (412, "changed-meanwhile")
    assert (problem["revision"], problem["changed"]) == (2, {"area": 100})
    assert answer.headers["ETag"] == '"2"'
    assert me.look()["answers"] == {"area": 100}
    assert me.save(seen=2, area=200, shop_name="禾记").status_code == 200


@pytest.mark.parametrize(("header", "status"), [(None, 428), ('"x"', 412), ("*", 428), ('"1", "2"', 428)])
def test_saving_and_filing_take_the_revision_that_was_seen(
    office: Office, header: str | None, status: int
) -> None:
    me = Applicant(office.applicant)
    headers = {"If-Match": header} if header else {}
    assert office.applicant.patch(me.path, json={"answers": {}}, headers=headers).status_code == status
    assert office.applicant.post(f"{me.path}/submit", headers=headers).status_code == status


def test_a_draft_is_filed_once_and_a_second_click_gets_the_same_receipt(office: Office) -> None:
    me = Applicant(office.applicant)
    number = me.file()
    again = me.submit(seen=1)
    receipt = again.get_json()
    assert (again.status_code, receipt["application_no"]) == (200, number)
    assert receipt["query_code"] == query_code(office.database.config.master_key, number)
    assert office.applicant.get(f"{BASE}/applications/{number}/receipt").get_json() == receipt
    assert office.count() == 1
    seen = me.look()
    assert (seen["answers"], seen["application_no"], seen["materials"]) == ({}, number, seen["materials"])
    assert office.applicant.get(f"{BASE}/drafts").get_json()["items"] == []
    assert me.save(area=1).get_json()["type"] == "already-filed"
    assert Applicant(office.applicant).draft["draft_id"] != me.draft["draft_id"]


def test_what_changed_since_the_check_page_is_not_filed_unseen(office: Office) -> None:
    me = Applicant(office.applicant)
    me.save(**FORM)
    assert me.submit(seen=1).status_code == 412
    assert office.count() == 0


def test_missing_answers_and_missing_uploads_are_told_together(office: Office) -> None:
    me = Applicant(office.applicant)
    me.save(shop_name="禾记", area=320, owner_id="329982199504183022")
    answer = me.submit()
    assert answer.status_code == 422
    assert [(e["field"], e["zh"]) for e in answer.get_json()["errors"]] == [
        ("form.owner_id", "身份证号最后一位对不上,请看看是不是抄错了一位"),
        ("materials.plan", "请上传材料plan"),
        ("materials.report", "请上传材料report"),
    ]
    assert office.count() == 0 and me.look()["answers"]["shop_name"] == "禾记"


def test_what_no_branch_of_this_form_reads_is_not_asked_for(office: Office) -> None:
    me = Applicant(office.applicant)
    me.save(**FORM | {"area": 100})
    assert "report" not in me.slots()
    me.upload("plan")
    assert me.submit().status_code == 201


def test_a_form_filed_without_a_draft_is_told_what_to_upload(office: Office) -> None:
    answer = office.applicant.post(f"{BASE}/applications", json={"procedure": "paper-shop", "form": FORM})
    assert [e["field"] for e in answer.get_json()["errors"]] == ["materials.plan", "materials.report"]


def test_answers_that_are_no_longer_asked_for_are_not_filed(office: Office) -> None:
    form = paper_shop().form
    asked = {
        **form["properties"],
        "sign_text": {"type": "string", "x-when": [[{"field": "has_sign", "equals": True}]]},
    }
    office.catalogue(published(paper_shop(version=2, form=form | {"properties": asked})), first=30)
    me = Applicant(office.applicant)
    me.save(sign_text="禾记", has_sign=False, colour="红")
    number = me.file(has_sign=False)
    assert office.row(number).form == FORM | {"has_sign": False}


def test_a_draft_that_was_let_go_is_gone_with_its_files(office: Office) -> None:
    me = Applicant(office.applicant)
    me.upload("plan")
    assert office.applicant.delete(me.path).status_code == 204
    assert office.applicant.get(me.path).status_code == 404
    assert (office.count(papers.draft), office.count(papers.material)) == (0, 0)


def test_a_draft_nobody_touches_for_ninety_days_is_forgotten_and_a_case_keeps_its_files(
    office: Office,
) -> None:
    filed = Applicant(office.applicant)
    number = filed.file()
    left = Applicant(office.applicant)
    left.upload("plan")
    for me in (filed, left):
        with office.database.transaction() as uow:
            uow.schedule(drafts.EXPIRES, me.draft["draft_id"], datetime.now(UTC) - timedelta(seconds=1))
    assert timerows.sweep(office.database, drafts.EXPIRES, drafts.forget) == 2
    assert office.count(papers.draft) == 0
    slots = office.applicant.get(f"{BASE}/applications/{number}/materials").get_json()["items"]
    assert {s["code"]: s["state"] for s in slots if s["file"]} == {"plan": "checked", "report": "checked"}


def test_nobody_begins_what_is_closed_unknown_or_for_others(office: Office) -> None:
    me = Applicant(office.applicant)
    assert office.applicant.post(f"{BASE}/drafts", json={"procedure": "moon"}).status_code == 404
    only = published(procedure(code="for-firms", audience=("firm",)))
    closed = ProcedureClosed(code="paper-shop", version=1, closed_at=datetime.now(UTC))
    office.catalogue(only, closed, first=40)
    assert office.applicant.post(f"{BASE}/drafts", json={"procedure": "for-firms"}).status_code == 403
    refused = office.person("acc-3").post(f"{BASE}/drafts", json={"procedure": "paper-shop"})
    assert (refused.status_code, refused.get_json()["type"]) == (409, "not-open-for-filing")
    assert me.look()["answers"] == {}
    assert me.submit().get_json()["type"] == "not-open-for-filing"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"procedure"}),
        ({"procedure": "", "prefill": "yes"}, {"procedure", "prefill"}),
        ({"procedure": "paper-shop", "answers": {}}, {"answers"}),
    ],
)
def test_a_beginning_of_the_wrong_shape_names_every_field(
    office: Office, body: dict[str, Any], fields: set[str]
) -> None:
    answer = office.applicant.post(f"{BASE}/drafts", json=body)
    assert answer.status_code == 422
    assert {e["field"] for e in answer.get_json()["errors"]} == fields


# who may


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/drafts"),
        ("GET", "/drafts"),
        ("GET", "/drafts/{draft}"),
        ("PATCH", "/drafts/{draft}"),
        ("DELETE", "/drafts/{draft}"),
        ("POST", "/drafts/{draft}/submit"),
        ("POST", "/drafts/{draft}/materials/plan"),
        ("DELETE", "/drafts/{draft}/materials/plan"),
        ("GET", "/prefill/paper-shop"),
        ("GET", "/applications/{number}/receipt"),
        ("POST", "/applications/{number}/materials/plan"),
        ("DELETE", "/applications/{number}/materials/plan"),
    ],
)
def test_drafts_are_their_applicants_alone(office: Office, method: str, path: str) -> None:
    number = Applicant(office.applicant).file()
    draft = Applicant(office.applicant).draft["draft_id"]
    address = BASE + path.format(draft=draft, number=number)
    body = {"procedure": "paper-shop"} if path == "/drafts" else {"answers": {}}
    sent: dict[str, Any] = {"method": method, "headers": {"If-Match": '"1"'}}
    sent |= {"json": body} if method in ("POST", "PATCH") else {}
    expired = office.mint.token("acc-1", issued_at=time.time() - 700)
    for token in (None, expired, "not.a.token"):
        assert client(office.app, token).open(address, **sent).status_code == 401
    for role, department in (("officer", "SJ"), ("acceptance_clerk", "SJ"), ("department_system", "SJ")):
        assert office.staff(role, department).open(address, **sent).status_code == 403
    if "{" in path:
        assert office.person("acc-2").open(address, **sent).status_code == 404
        missing = address.replace(draft, "0" * 36).replace(number, "SJ20260302000009K")
        assert office.applicant.open(missing, **sent).status_code == 404


def test_drafts_of_long_ago_are_found_by_when_they_were_saved(office: Office) -> None:
    first, second = Applicant(office.applicant), Applicant(office.applicant, "desk-shop")
    with office.database.transaction() as uow:
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        uow.session.execute(
            update(papers.draft)
            .where(papers.draft.c.draft_id == second.draft["draft_id"])
            .values(saved_at=long_ago)
        )
    items = office.applicant.get(f"{BASE}/drafts").get_json()["items"]
    assert [d["draft_id"] for d in items] == [first.draft["draft_id"], second.draft["draft_id"]]
    assert items[0]["title"] == {"zh": "开店", "en": "Opening a shop"}
