"""Editing the working calendar: who may, what is refused, and what it says to the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis.database import Database
from chassis.fakes.database import events_of
from chassis.fakes.web import Mint, client
from contracts.catalog import CalendarPublished
from services.catalog import handlers
from services.catalog.web import create_app
from tests.migrated import migrated, sample_catalogue

SAMPLE = Path(__file__).parents[2] / "sample_city"
PATH = "/api/catalog/calendar/2027"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = migrated("catalog", tmp_path, sample_catalogue)
    yield made
    made.close()


@pytest.fixture
def app(database: Database) -> Flask:
    return create_app(database.config, database=database)


@pytest.fixture
def mint(database: Database) -> Mint:
    made = Mint()
    made.install(database)
    return made


@pytest.fixture
def editor(app: Flask, mint: Mint) -> FlaskClient:
    return client(app, mint.token("editor", kind="staff", roles=["catalogue_editor"], dept="ZW"))


def put(who: FlaskClient, days: Any, etag: str | None, status: int, path: str = PATH) -> Any:
    headers = {"If-Match": etag} if etag is not None else {}
    answered = who.put(path, json=days, headers=headers)
    assert answered.status_code == status, answered.text
    return answered


def seen(who: FlaskClient) -> tuple[dict[str, Any], str]:
    answered = who.get(PATH)
    known = answered.get_json()
    days = {name: known[name] for name in ("holidays", "extra_workdays", "provisional")}
    return days, answered.headers["ETag"]


def said(database: Database) -> list[CalendarPublished]:
    found = [e.event for e in events_of(database, CalendarPublished)]
    return [e for e in found if isinstance(e, CalendarPublished) and e.year == 2027]


def test_the_notice_is_entered_and_published(database: Database, editor: FlaskClient) -> None:
    days, etag = seen(editor)
    days["holidays"].append("2027-02-11")
    days |= {"extra_workdays": ["2027-02-20"], "provisional": False}
    answered = put(editor, days, etag, 200)
    assert answered.get_json()["edited_by"] == "editor"
    assert answered.headers["ETag"] != etag
    newest = said(database)[-1]
    assert (newest.extra_workdays[0].isoformat(), newest.provisional) == ("2027-02-20", False)
    assert len(said(database)) == 2


def test_the_same_days_say_nothing(database: Database, editor: FlaskClient) -> None:
    days, etag = seen(editor)
    put(editor, days, etag, 200)
    assert len(said(database)) == 1


def test_two_editors_do_not_overwrite_each_other(database: Database, editor: FlaskClient) -> None:
    days, etag = seen(editor)
    put(editor, days | {"extra_workdays": ["2027-02-20"]}, etag, 200)
    assert put(editor, days, etag, 412).get_json()["type"] == "changed-meanwhile"
    assert put(editor, days, None, 428).get_json()["type"] == "precondition-required"
    assert len(said(database)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"holidays": ["2026-05-01"]},
        {"holidays": ["2027-05-01"]},
        {"extra_workdays": ["2027-05-03"]},
    ],
)
def test_days_that_cannot_be_are_refused(
    database: Database, editor: FlaskClient, wrong: dict[str, Any]
) -> None:
    days, etag = seen(editor)
    assert put(editor, days | wrong, etag, 422).get_json()["errors"][0]["field"] == "days"
    for bad in ({}, days | {"holidays": ["soon"]}, days | {"surprise": 1}):
        assert put(editor, bad, etag, 422).get_json()["type"] == "invalid-request"
    assert len(said(database)) == 1


@pytest.mark.parametrize("year", ["1900", "99999999999"])
def test_a_year_nobody_published_is_not_there(editor: FlaskClient, year: str) -> None:
    days, etag = seen(editor)
    put(editor, days, etag, 404, f"/api/catalog/calendar/{year}")


def test_who_may_edit(app: Flask, mint: Mint, editor: FlaskClient) -> None:
    days, etag = seen(editor)
    expired = mint.token("editor", kind="staff", roles=["catalogue_editor"], issued_at=1, lives=600)
    for token in (None, "nonsense", expired):
        put(client(app, token), days, etag, 401)
    for role in ("officer", "approver", "supervisor", "auditor"):
        put(client(app, mint.token("acc", kind="staff", roles=[role], dept="SJ")), days, etag, 403)
    put(client(app, mint.token("acc", kind="person")), days, etag, 403)
    put(client(app, mint.token("admin", kind="staff", roles=["platform_admin"])), days, etag, 200)


def test_a_load_leaves_an_edited_year_alone(database: Database, editor: FlaskClient) -> None:
    days, etag = seen(editor)
    put(editor, days | {"extra_workdays": ["2027-02-20"]}, etag, 200)
    with database.transaction() as uow:
        assert not handlers.load(SAMPLE, uow).years
    assert seen(editor)[0]["extra_workdays"] == ["2027-02-20"]
