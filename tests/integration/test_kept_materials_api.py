"""Materials kept in a space: by kind, the same content once, used in a later case, nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from chassis.database import Database
from chassis.storage import open_vault
from services.intake import papers
from services.intake.handlers import materials
from tests.unit.intake.office import BASE, Office, published, raw
from tests.unit.intake.paper_shop import EXE, PDF, Applicant, paper_shop, upload

SPACE = f"{BASE}/space/materials"


@pytest.fixture
def office(intake_database: Database) -> Office:
    made = Office(intake_database)
    made.catalogue(published(paper_shop()), first=10)
    return made


def put(who: FlaskClient, code: str = "plan", content: bytes = PDF, name: str = "平面图.pdf") -> Any:
    return upload(who, f"{SPACE}/of-kind/{code}", content, name)


def kept(who: FlaskClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = who.get(SPACE).get_json()["items"]
    return found


def test_a_file_is_kept_once_by_kind_and_opened_again(office: Office) -> None:
    who = office.applicant
    first = put(who)
    assert first.status_code == 201, first.text
    assert put(who, name="同一张.pdf").get_json()["file_id"] == first.get_json()["file_id"]
    put(who, "report")
    assert [(k["code"], k["title"]["zh"], k["size"]) for k in kept(who)][::-1] == [
        ("plan", "材料plan", len(PDF)),
        ("report", "材料report", len(PDF)),
    ]
    opened = who.get(f"{SPACE}/{first.get_json()['file_id']}")
    assert (opened.data, opened.headers["Content-Security-Policy"]) == (PDF, "default-src 'none'; sandbox")
    assert office.count(papers.blob) == 1, "the same content lies there once"
    assert "平面图" not in raw(office.database, "kept_file")


def test_what_was_uploaded_to_a_case_is_kept_and_used_in_the_next(office: Office) -> None:
    first = Applicant(office.applicant)
    number = first.file()
    slots = office.applicant.get(f"{BASE}/applications/{number}/materials").get_json()["items"]
    material = next(s for s in slots if s["code"] == "plan")["file"]["material_id"]
    answer = office.applicant.post(SPACE, json={"material_id": material})
    assert answer.status_code == 201, answer.text
    file_id = answer.get_json()["file_id"]
    assert office.applicant.post(SPACE, json={"material_id": material}).get_json()["file_id"] == file_id

    again = Applicant(office.applicant)
    path = f"{again.path}/materials/plan/from-space"
    assert again.who.post(path, json={"file_id": file_id}).status_code == 201
    slot = again.slots()["plan"]
    assert (slot["state"], slot["file"]["file_name"]) == ("uploaded", "图.pdf")
    other_kind = f"{again.path}/materials/report/from-space"
    assert again.who.post(other_kind, json={"file_id": file_id}).status_code == 404
    assert again.who.delete(f"{SPACE}/{file_id}").status_code == 204
    assert kept(again.who) == []
    opened = again.who.get(f"{BASE}/materials/{again.slots()['plan']['file']['material_id']}")
    assert opened.data == PDF, "what a case uses stays"


def test_kept_content_is_not_swept_and_dropped_content_is(office: Office) -> None:
    file_id = put(office.applicant).get_json()["file_id"]
    vault = open_vault(office.database.config)

    def sweep() -> int:
        with office.database.transaction() as uow:
            uow.session.execute(update(papers.blob).values(touched_at=uow.now - timedelta(days=2)))
            digests = list(uow.session.scalars(select(papers.blob.c.digest)))
            materials.sweep(digests, vault, uow)
        return office.count(papers.blob)

    assert sweep() == 1
    assert office.applicant.delete(f"{SPACE}/{file_id}").status_code == 204
    assert sweep() == 0


def test_bad_files_and_unknown_kinds_are_refused(office: Office) -> None:
    who = office.applicant
    assert put(who, "moon").status_code == 404
    assert put(who, "held").status_code == 404, "what the city holds is never handed in"
    bad = put(who, content=EXE)
    assert (bad.status_code, bad.get_json()["type"]) == (422, "bad-file")
    assert who.post(f"{SPACE}/of-kind/plan", data={}).status_code == 422
    for wrong in ({}, {"material_id": ""}, {"material_id": "x", "moon": 1}):
        assert who.post(SPACE, json=wrong).status_code == 422
    assert who.post(SPACE, json={"material_id": "moon"}).status_code == 404
    assert kept(who) == []


def test_a_space_is_its_holders_alone(office: Office) -> None:
    file_id = put(office.applicant).get_json()["file_id"]
    mine = Applicant(office.applicant)
    other, officer, nobody = office.person("acc-2"), office.staff("officer", "SJ"), office.app.test_client()
    use = f"{mine.path}/materials/plan/from-space"
    theirs = f"{Applicant(other).path}/materials/plan/from-space"
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"{SPACE}/{file_id}", None),
        ("DELETE", f"{SPACE}/{file_id}", None),
        ("POST", use, {"file_id": file_id}),
        ("POST", theirs, {"file_id": file_id}),
    ]
    for method, path, body in calls:
        assert other.open(path, method=method, json=body).status_code == 404
        assert officer.open(path, method=method, json=body).status_code == 403
        assert nobody.open(path, method=method, json=body).status_code == 401
    for method, path, body in (("GET", SPACE, None), ("POST", SPACE, {"material_id": "x"})):
        assert officer.open(path, method=method, json=body).status_code == 403
        assert nobody.open(path, method=method, json=body).status_code == 401
    expired = office.mint.token("acc-1", issued_at=1_000_000)
    assert nobody.get(SPACE, headers={"Authorization": f"Bearer {expired}"}).status_code == 401
    assert kept(other) == []
