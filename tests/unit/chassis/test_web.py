"""One request: what it may send, what it gets back, what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from werkzeug.test import create_environ, run_wsgi_app

from chassis import logs
from chassis.database import Database
from chassis.fakes.database import memory_database
from chassis.fakes.web import Mint, client
from chassis.web import Blueprint, UnmarkedEndpoint, create_app
from tests.notes_app import Base, add_note, count_notes, hooks, notes_app

NOTE = {"text": "窗口几点开门"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database("notes", tmp_path, Base.metadata)
    yield made
    hooks.clear()
    made.close()


@pytest.fixture
def app(database: Database) -> Flask:
    return notes_app(database)


@pytest.fixture
def mint(database: Database) -> Mint:
    made = Mint()
    made.install(database)
    return made


@pytest.fixture
def citizen(app: Flask, mint: Mint) -> FlaskClient:
    return client(app, mint.token("acc-1"))


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    return client(app)


def test_a_note_is_kept_and_its_answer_bears_the_house_headers(
    citizen: FlaskClient, database: Database
) -> None:
    answer = citizen.post("/api/notes/notes", json=NOTE)
    assert answer.status_code == 201
    assert answer.get_json() == {"id": 1, "owner": "acc-1", "text": "窗口几点开门"}
    assert answer.headers["Location"] == "/api/notes/notes/1"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert count_notes(database) == 1


def test_every_wrong_field_is_named_at_once_in_both_languages(
    citizen: FlaskClient, database: Database
) -> None:
    wrong = {"place": {"street": "", "area": 900, "colour": "red"}, "tags": ["a", 7]}
    answer = citizen.post("/api/notes/notes", json=wrong)
    problem = answer.get_json()
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert problem["type"] == "invalid-request"
    found = {e["field"]: (e["zh"], e["en"]) for e in problem["errors"]}
    assert found.keys() == {"text", "place.street", "place.area", "place.colour", "tags.1"}
    assert found["text"] == ("请填写此项。", "Missing data for required field.")
    assert found["place.area"][0] == "应在 1 到 500 之间。"
    assert found["place.colour"] == ("没有这一项,请删除。", "Unknown field.")
    assert count_notes(database) == 0


def test_problems_speak_chinese_unless_english_is_asked_for(anybody: FlaskClient) -> None:
    chinese = anybody.get("/api/notes/nowhere")
    english = anybody.get("/api/notes/nowhere", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert chinese.get_json()["title"] == "没有找到"
    assert chinese.headers["Content-Language"] == "zh"
    assert english.get_json()["title"] == "Not found"
    assert "Accept-Language" in english.headers["Vary"]
    assert chinese.get_json()["type"] == english.get_json()["type"] == "not-found"


@pytest.mark.parametrize(
    ("body", "media_type", "status", "slug"),
    [
        (b"{", "application/json", 400, "bad-request"),
        (b"\xff\xfe", "application/json", 400, "bad-request"),
        (b"[" * 100_000, "application/json", 400, "bad-request"),
        (b'{"text": "x", "extra": {"n": NaN}}', "application/json", 400, "bad-request"),
        (b'{"text": "x", "extra": {"n": 1e999}}', "application/json", 400, "bad-request"),
        (b'{"text": "a\\u0000b"}', "application/json", 400, "bad-request"),
        (b'{"text": "x", "extra": {"\\ud800": 1}}', "application/json", 400, "bad-request"),
        (b"text=x", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b"[]", "application/json", 422, "invalid-request"),
        (b"", "application/json", 422, "invalid-request"),
    ],
)
def test_a_body_that_is_no_clean_json_object_is_refused(
    citizen: FlaskClient, database: Database, body: bytes, media_type: str, status: int, slug: str
) -> None:
    answer = citizen.post("/api/notes/notes", data=body, content_type=media_type)
    assert (answer.status_code, answer.get_json()["type"]) == (status, slug)
    assert count_notes(database) == 0


def test_an_escaped_character_outside_the_basic_plane_is_no_lone_surrogate(citizen: FlaskClient) -> None:
    answer = citizen.post(
        "/api/notes/notes", data=b'{"text": "\\ud842\\udfb7"}', content_type="application/json"
    )
    assert answer.get_json()["text"] == "𠮷"


def test_a_body_over_one_mebibyte_is_refused_before_anything_else(anybody: FlaskClient) -> None:
    answer = anybody.post("/api/notes/notes", data=b" " * (1024 * 1024 + 1), content_type="application/json")
    assert (answer.status_code, answer.get_json()["type"]) == (413, "too-large")


def test_a_chunked_body_over_one_mebibyte_is_refused_too(app: Flask, mint: Mint) -> None:
    environ = create_environ(
        "/api/notes/notes",
        method="POST",
        content_type="application/json",
        headers={"Authorization": f"Bearer {mint.token('acc-1')}", "Transfer-Encoding": "chunked"},
        input_stream=BytesIO(b" " * 3 * 1024 * 1024),
    )
    del environ["CONTENT_LENGTH"]
    _, status, _ = run_wsgi_app(app, environ | {"wsgi.input_terminated": True})
    assert status.startswith("413")


def test_a_method_nobody_offers_is_a_problem_that_names_the_others(citizen: FlaskClient) -> None:
    answer = citizen.put("/api/notes/notes", json=NOTE)
    assert (answer.status_code, answer.get_json()["type"]) == (405, "method-not-allowed")
    assert "POST" in answer.headers["Allow"]


def test_an_unknown_query_parameter_is_named(anybody: FlaskClient) -> None:
    answer = anybody.get("/api/notes/notes?onwer=acc-1")
    assert answer.status_code == 422
    assert [e["field"] for e in answer.get_json()["errors"]] == ["onwer"]


def test_nul_characters_in_an_address_find_nothing(anybody: FlaskClient) -> None:
    assert anybody.get("/api/notes/notes%00").status_code == 404
    assert anybody.get("/api/notes/notes?owner=a%00b").status_code == 404


def test_a_domain_error_is_the_problem_its_service_maps_it_to(app: Flask, mint: Mint) -> None:
    editor = client(app, mint.token("acc-9", kind="staff", roles=["editor"]))
    answer = editor.delete("/api/notes/notes/1")
    problem = answer.get_json()
    assert answer.status_code == 409
    assert (problem["type"], problem["state"], problem["move"]) == ("illegal-move", "locked", "delete")


def test_another_persons_note_does_not_exist(citizen: FlaskClient, database: Database) -> None:
    mine, theirs = add_note(database), add_note(database, "acc-2")
    assert citizen.get(f"/api/notes/notes/{mine}").status_code == 200
    assert citizen.get(f"/api/notes/notes/{theirs}").status_code == 404


def test_a_failure_after_the_write_leaves_nothing_behind(citizen: FlaskClient, database: Database) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    hooks["after insert"] = fail
    with capture_logs() as lines:
        answer = citizen.post("/api/notes/notes", json=NOTE)
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (500, "unexpected")
    assert "ZeroDivisionError" not in answer.get_data(as_text=True)
    assert any(line["event"] == "request failed" and line["exc_info"] for line in lines)
    assert len(problem["trace"]) == 32
    assert count_notes(database) == 0


def test_an_answer_that_cannot_be_written_undoes_the_write(
    citizen: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise TypeError("cannot be serialised")

    monkeypatch.setattr("tests.notes_app.NoteSchema.dump", fail)
    assert citizen.post("/api/notes/notes", json=NOTE).status_code == 500
    assert count_notes(database) == 0


def _refusal(sqlstate: str) -> OperationalError:
    """What SQLAlchemy raises when PostgreSQL answers with this code."""
    return OperationalError("INSERT …", {}, psycopg.errors.lookup(sqlstate)())


@pytest.mark.parametrize("sqlstate", ["40P01", "40001", "55P03"])
def test_after_a_deadlock_the_whole_request_is_repeated(
    citizen: FlaskClient, database: Database, sqlstate: str
) -> None:
    tries: list[int] = []

    def deadlock_twice() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise _refusal(sqlstate)

    hooks["after insert"] = deadlock_twice
    answer = citizen.post("/api/notes/notes", json=NOTE, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201
    assert (len(tries), count_notes(database)) == (3, 1)


def test_a_deadlock_that_does_not_end_is_a_503_with_nothing_done(
    citizen: FlaskClient, database: Database
) -> None:
    tries: list[int] = []

    def deadlock() -> None:
        tries.append(1)
        raise _refusal("40P01")

    hooks["after insert"] = deadlock
    answer = citizen.post("/api/notes/notes", json=NOTE)
    assert (answer.status_code, len(tries), count_notes(database)) == (503, 5, 0)


def test_a_database_that_goes_away_is_a_503_that_says_when_to_come_back(
    citizen: FlaskClient, database: Database
) -> None:
    def gone() -> None:
        raise _refusal("57P01")

    hooks["after insert"] = gone
    answer = citizen.post("/api/notes/notes", json=NOTE)
    assert (answer.status_code, answer.get_json()["type"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert count_notes(database) == 0


def test_an_endpoint_that_says_neither_requires_nor_public_stops_the_application(
    database: Database,
) -> None:
    forgetful = Blueprint("forgetful", __name__)

    @forgetful.route("/open-by-mistake")
    class Forgotten(MethodView):
        def get(self) -> str:
            return ""

    with pytest.raises(UnmarkedEndpoint, match=r"GET /api/notes/open-by-mistake"):
        create_app(database.config, "Notes", [forgetful], {}, database=database)


def test_the_trace_of_the_caller_goes_on_and_a_broken_one_is_replaced(citizen: FlaskClient) -> None:
    seen: list[str | None] = []
    hooks["after insert"] = lambda: seen.append(logs.current_trace())
    theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    citizen.post("/api/notes/notes", json=NOTE, headers={"traceparent": theirs})
    citizen.post("/api/notes/notes", json=NOTE, headers={"traceparent": "00-nonsense-01"})
    first, second = seen
    assert first is not None and first != theirs and logs.trace_id(first) == logs.trace_id(theirs)
    assert second is not None and len(second) == 55 and logs.trace_id(second) != logs.trace_id(theirs)
    assert logs.current_trace() is None


def test_the_openapi_document_tells_of_keys_problems_and_who_may(anybody: FlaskClient) -> None:
    document = anybody.get("/api/notes/openapi.json").get_json()
    post = document["paths"]["/api/notes/notes"]["post"]
    assert document["openapi"] == "3.1.0"
    assert post["security"] == [{"token": []}]
    assert post["x-access"] == {"open": False, "own": ["firm", "person"]}
    assert [p["name"] for p in post["parameters"]] == ["Idempotency-Key"]
    assert "security" not in document["paths"]["/api/notes/notes"]["get"]
    default = document["components"]["responses"]["DEFAULT_ERROR"]
    assert default["content"].keys() == {"application/problem+json"}


def test_requests_are_counted_by_route_pattern_never_by_id(citizen: FlaskClient, database: Database) -> None:
    citizen.get(f"/api/notes/notes/{add_note(database)}")
    citizen.get("/api/notes/anything/else")
    text = citizen.get("/metrics").get_data(as_text=True)
    route = 'route="/api/notes/notes/<int:note_id>"'
    assert f'http_requests_total{{method="GET",{route},service="notes",status="200"}}' in text
    assert 'route="unmatched"' in text
    assert "anything/else" not in text
    assert "http_request_duration_seconds_bucket" in text


def test_what_changes_something_leaves_a_line_in_the_log_without_its_content(citizen: FlaskClient) -> None:
    with capture_logs() as lines:
        citizen.post("/api/notes/notes", json=NOTE)
        citizen.get("/api/notes/notes")
    (line,) = [entry for entry in lines if entry["event"] == "request"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/api/notes/notes", 201)
    assert line["account"] == "acc-1"
    assert NOTE["text"] not in json.dumps(line, ensure_ascii=False)


def test_the_wsgi_module_wants_to_know_which_service_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    from chassis import wsgi

    monkeypatch.delenv("ONEWINDOW_SERVICE", raising=False)
    with pytest.raises(RuntimeError, match="ONEWINDOW_SERVICE"):
        _ = wsgi.application
    with pytest.raises(AttributeError):
        _ = wsgi.anything_else
