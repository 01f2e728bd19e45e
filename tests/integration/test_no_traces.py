"""Whatever becomes of a form: who somebody is stands in no log, event, metric or error; sealed at rest."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY, generate_latest

from chassis import logs, migrate
from chassis.database import Database
from chassis.fakes.database import events_of, scratch_config
from chassis.fakes.web import Mint, client
from contracts.cloudevents import dump
from services.identity.web import create_app
from tests.unit.intake.helpers import FORM
from tests.unit.intake.office import BASE, Office

NUMBER, MOBILE, NAME = "329982199504183021", "13812345678", "沈佳禾"
SECRETS = (NUMBER, MOBILE, NAME, "329982 19950418 3021")


class Listener:
    """Everything that is logged, by us and by libraries."""

    def __init__(self) -> None:
        self.lines = io.StringIO()
        logs.configure(level=logging.DEBUG, stream=self.lines, service="test")
        logging.getLogger().setLevel(logging.DEBUG)

    def heard(self) -> str:
        return self.lines.getvalue()


@pytest.fixture
def listener() -> Iterator[Listener]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield Listener()
    structlog.reset_defaults()
    root.handlers[:], level = before
    root.setLevel(level)


def database_for(service: str, folder: Path) -> Database:
    database = Database(scratch_config(service, folder, urls={"identity": "http://identity"}))
    migrate.upgrade(database)
    return database


def told(database: Database, listener: Listener) -> dict[str, str]:
    """All that leaves the service beside its answers, by where it goes."""
    return {
        "log": listener.heard(),
        "events": "".join(dump(e).decode() for e in events_of(database)),
        "metrics": generate_latest(REGISTRY).decode(),
    }


def at_rest(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def nothing_of(secrets: tuple[str, ...], places: dict[str, str]) -> list[str]:
    escaped = {secret: json.dumps(secret)[1:-1] for secret in secrets}
    return [f"{s} in {p}" for p, text in places.items() for s in secrets if s in text or escaped[s] in text]


def test_an_account_and_every_way_to_fail_at_opening_one(tmp_path: Path, listener: Listener) -> None:
    database = database_for("identity", tmp_path)
    anybody = client(create_app(database.config, database=database))
    good: dict[str, Any] = {"login": "shen", "password": "correct-horse", "kind": "person"}
    good |= {"display_name": NAME, "id_number": NUMBER}
    bodies = [
        good,
        good,
        good | {"login": "shen2"},
        good | {"id_number": NUMBER[:-1] + "2"},
        good | {"credit_code": NUMBER},
        good | {NUMBER: MOBILE},
        good | {"kind": NUMBER},
        {"login": NUMBER, "password": "x", "display_name": NUMBER},
    ]
    answers = [anybody.post("/api/identity/accounts", json=body) for body in bodies]
    assert [a.status_code for a in answers] == [201, *[422] * 7]
    answers.append(anybody.post("/api/identity/tokens", json={"login": MOBILE, "password": NUMBER}))
    answers.append(anybody.get(f"/api/identity/accounts/names?ids={NUMBER}"))
    problems = {f"answer {n}": a.text for n, a in enumerate(answers[1:], 1)}
    del problems["answer 5"]  # names the unknown field as the sender wrote it, to the sender alone
    assert nothing_of((NUMBER, MOBILE), problems) == []
    assert "request" in listener.heard()
    assert nothing_of(SECRETS, told(database, listener)) == []
    database.close()
    assert [s for s in (NUMBER, NAME) if s.encode() in at_rest(tmp_path)] == []


def test_a_filing_and_its_errors(tmp_path: Path, listener: Listener) -> None:
    database = database_for("intake", tmp_path)
    office = Office(database)
    text = f"{NAME} {NUMBER} {MOBILE}"
    number = office.file(shop_name=text)
    wrong = office.applicant.post(
        f"{BASE}/applications", json={"procedure": "open-shop", "form": FORM | {"area": text, NUMBER: 1}}
    )
    assert wrong.status_code == 422
    assert wrong.get_json()["errors"]
    office.applicant.post(f"{BASE}/applications/{number}/withdraw", json={"why": text})
    office.applicant.get(f"{BASE}/applications/{NUMBER}")
    with pytest.raises(ZeroDivisionError), office.database.transaction():
        structlog.get_logger().warning("went wrong", said=text, exc_info=ValueError(text))
        raise ZeroDivisionError
    assert nothing_of(SECRETS[:2], told(database, listener)) == []
    assert nothing_of((NAME,), {k: v for k, v in told(database, listener).items() if k != "log"}) == []
    database.close()
    assert [s for s in (NUMBER, MOBILE, NAME) if s.encode() in at_rest(tmp_path)] == []


def test_who_asks_with_a_token_that_is_a_number_is_not_repeated(tmp_path: Path, listener: Listener) -> None:
    database = database_for("identity", tmp_path)
    Mint().install(database)
    app = create_app(database.config, database=database)
    answer = client(app, NUMBER).get("/api/identity/me")
    assert answer.status_code == 401
    assert nothing_of(SECRETS, {"answer": answer.text} | told(database, listener)) == []
    database.close()
