"""Files over HTTP: put into slots, read by those who may, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from chassis import timerows
from chassis.database import Database
from chassis.problems import MIB
from chassis.ratelimit import Limit
from chassis.storage import Vault, open_vault
from services.intake import papers
from services.intake.domain import MOST_VERSIONS
from services.intake.handlers import materials
from services.intake.scanning import EICAR, ScannerAway
from services.intake.settings import Settings
from services.intake.web import create_app
from services.intake.web import materials as web
from services.intake.web.means import NAME
from tests.unit.intake.helpers import FORM
from tests.unit.intake.office import BASE, Office, published, raw
from tests.unit.intake.paper_shop import EXE, PDF, Applicant, paper_shop

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


def vault_of(office: Office) -> Vault:
    return open_vault(office.database.config)


def files_of(office: Office) -> list[Path]:
    folder = Path(office.database.config.storage_url.removeprefix("file:"))
    return [path for path in folder.rglob("*") if path.is_file()]


# uploading


def test_a_file_is_kept_sealed_outside_the_database_and_comes_back_as_it_was(
    office: Office, me: Applicant
) -> None:
    answer = me.upload("plan", name="图纸/平面布局图.pdf", kind="application/pdf")
    found = answer.get_json()
    assert answer.status_code == 201
    assert (found["file_name"], found["media_type"], found["size"]) == (
        "平面布局图.pdf",
        "application/pdf",
        len(PDF),
    )
    assert (found["version"], found["handed_in_at"]) == (1, None)
    (path,) = files_of(office)
    assert path.name == hashlib.sha256(PDF).hexdigest()
    assert b"%PDF" not in path.read_bytes() and "平面" not in raw(office.database, "material")
    content = office.applicant.get(f"{BASE}/materials/{found['material_id']}")
    assert (content.data, content.mimetype) == (PDF, "application/pdf")
    assert content.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E5%B9%B3")
    assert "sandbox" in content.headers["Content-Security-Policy"]
    assert content.headers["X-Content-Type-Options"] == "nosniff"


def test_a_new_upload_keeps_the_old_versions_and_the_same_again_makes_none(me: Applicant) -> None:
    first = me.upload("plan").get_json()
    assert me.upload("plan").get_json() == first
    second = me.upload("plan", OTHER_PDF).get_json()
    assert second["version"] == 2
    slot = me.slots()["plan"]
    assert (slot["state"], slot["file"]) == ("uploaded", second)
    assert slot["older"] == [first]


def test_a_slot_takes_only_so_many_versions(me: Applicant) -> None:
    for number in range(MOST_VERSIONS):
        assert me.upload("plan", PDF.replace(b"595", b"%03d" % (100 + number))).status_code == 201
    answer = me.upload("plan", PDF.replace(b"595", b"999"))
    assert (answer.status_code, answer.get_json()["type"]) == (409, "too-many-versions")


def test_a_slot_is_emptied(office: Office, me: Applicant) -> None:
    me.save(**FORM)
    me.upload("plan")
    assert office.applicant.delete(f"{me.path}/materials/plan").status_code == 204
    assert me.slots()["plan"]["state"] == "empty"
    assert [e["field"] for e in me.submit().get_json()["errors"]] == ["materials.plan", "materials.report"]


@pytest.mark.parametrize(
    ("name", "kind", "content", "reason"),
    [
        ("图.pdf", "application/pdf", b"", "empty"),
        ("图.pdf", "application/pdf", EXE, "content"),
        ("图.exe", "application/x-msdownload", EXE, "format"),
        ("图.pdf", "image/png", PDF, "declared"),
        ("图.pdf", "application/pdf", PDF + EICAR, "infected"),
        ("eicar.com", "", EICAR, "infected"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence_and_nothing_is_kept(
    office: Office, me: Applicant, name: str, kind: str, content: bytes, reason: str
) -> None:
    me.save(shop_name="禾记")
    answer = me.upload("plan", content, name, kind)
    problem = answer.get_json()
    assert (answer.status_code, problem["type"], problem["reason"]) == (422, "bad-file", reason)
    assert problem["errors"] == [{"field": "file", "zh": problem["detail"], "en": problem["errors"][0]["en"]}]
    assert files_of(office) == [] and office.count(papers.blob) == office.count(papers.material) == 0
    assert me.look()["answers"] == {"shop_name": "禾记"}


def test_a_file_that_is_too_large_is_refused_with_how_large_it_may_be(office: Office) -> None:
    office.app = create_app(
        office.database.config, database=office.database, settings=Settings(max_file=2 * MIB)
    )
    me = Applicant(office.applicant)
    for size in (2 * MIB + 1, 3 * MIB):
        answer = me.upload("plan", PDF + b" " * (size - len(PDF)))
        assert answer.status_code == 413
        assert "2" in answer.get_json()["detail"] and "MB" in answer.get_json()["detail"]
    whole = b"%PDF-1.4\n" + b" " * (2 * MIB - 30) + b"%%EOF"
    assert me.upload("plan", whole).status_code == 201
    big = office.applicant.patch(me.path, json={"answers": {"x": "x" * MIB}}, headers={"If-Match": '"1"'})
    assert big.status_code == 413


@pytest.mark.parametrize("data", [{}, {"file": "not a file"}, {"other": "x"}])
def test_an_upload_without_a_file_is_told_so(me: Applicant, data: dict[str, str]) -> None:
    answer = me.who.post(f"{me.path}/materials/plan", data=data, content_type="multipart/form-data")
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "file")


@pytest.mark.parametrize("code", ["held", "moon"])
def test_what_the_city_holds_or_nobody_asks_for_can_not_be_uploaded(me: Applicant, code: str) -> None:
    answer = me.upload(code)
    assert (answer.status_code, answer.get_json()["type"]) == (404, "no-such-slot")


def test_uploading_without_end_is_slowed_down(
    office: Office, me: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "uploads", Limit("upload", tries=2))
    answers = [me.upload("plan", PDF.replace(b"595", b"%03d" % n)) for n in (100, 200, 300)]
    assert [a.status_code for a in answers] == [201, 201, 429]
    assert int(answers[2].headers["Retry-After"]) > 0
    assert Applicant(office.person("acc-2")).upload("plan").status_code == 201


class FakeScanner:
    def __init__(self, verdict: str | Exception | None):
        self.verdict = verdict

    def scan(self, content: bytes) -> str | None:
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


@pytest.mark.parametrize(
    ("verdict", "status", "kind"),
    [
        (None, 201, None),
        ("Win.Test", 422, "bad-file"),
        (ScannerAway("gone"), 503, "scanner-away"),
    ],
)
def test_the_citys_scanner_has_the_last_word(
    office: Office, me: Applicant, verdict: Any, status: int, kind: str | None
) -> None:
    object.__setattr__(office.app.extensions[NAME], "scanner", FakeScanner(verdict))
    answer = me.upload("plan")
    assert (answer.status_code, answer.get_json().get("type")) == (status, kind)
    assert len(files_of(office)) == (status == 201)


def test_a_storage_that_is_away_keeps_nothing_and_says_so(office: Office, me: Applicant) -> None:
    folder = Path(office.database.config.storage_url.removeprefix("file:"))
    folder.write_text("in the way")
    assert me.upload("plan").status_code == 503
    assert office.count(papers.material) == 0
    folder.unlink()
    assert me.upload("plan").status_code == 201


# what is kept, and for how long


def test_the_same_content_is_kept_once_whoever_uploads_it(office: Office, me: Applicant) -> None:
    me.upload("plan")
    Applicant(office.person("acc-2")).upload("plan")
    assert len(files_of(office)) == office.count(papers.blob) == 1
    assert office.count(papers.material) == 2


def sweep(office: Office, *, after: timedelta = timedelta(0)) -> int:
    """Let time pass, then sweep."""
    with office.database.transaction() as uow:
        for table in (papers.blob,):
            then = papers.blob.c.touched_at
            rows = uow.session.execute(select(papers.blob.c.digest, then)).all()
            for digest, touched in rows:
                uow.session.execute(
                    update(table).where(table.c.digest == digest).values(touched_at=touched - after)
                )
                uow.schedule(materials.SWEEP, digest, uow.now - timedelta(seconds=1))
    vault = vault_of(office)
    return timerows.sweep(office.database, materials.SWEEP, lambda d, uow: materials.sweep(d, vault, uow))


def test_content_that_nothing_names_is_swept_a_day_later(office: Office, me: Applicant) -> None:
    me.upload("plan")
    Applicant(office.person("acc-2")).upload("plan")
    office.applicant.delete(me.path)
    sweep(office, after=timedelta(days=2))
    assert len(files_of(office)) == 1
    office.person("acc-2").delete(Applicant(office.person("acc-2")).path)
    sweep(office)
    assert files_of(office) == [] and office.count(papers.blob) == 0


def test_content_whose_upload_never_ended_is_swept_too_but_not_before(office: Office) -> None:
    digest = vault_of(office).put(PDF)
    with office.database.transaction() as uow:
        materials.claim(digest, len(PDF), uow)
    sweep(office)
    assert len(files_of(office)) == 1
    sweep(office, after=timedelta(days=1))
    assert files_of(office) == []


def test_who_stores_swept_content_again_finds_it_there(office: Office, me: Applicant) -> None:
    me.upload("plan")
    office.applicant.delete(f"{me.path}/materials/plan")
    sweep(office, after=timedelta(days=1))
    found = me.upload("plan").get_json()
    sweep(office, after=timedelta(days=3))
    assert office.applicant.get(f"{BASE}/materials/{found['material_id']}").data == PDF


def test_many_uploads_of_one_file_at_once_leave_every_slot_right(office: Office) -> None:
    people = [Applicant(office.person(f"acc-{n}")) for n in range(6)]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda p=p: answers.append(p.upload("plan").status_code)) for p in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 6
    assert (len(files_of(office)), office.count(papers.material)) == (1, 6)
