"""Who may call what: every endpoint of every service declares it, keeps it, and stands in docs/access.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chassis import migrate
from chassis.access import KINDS, rules_in
from chassis.access_table import access_table, granted
from chassis.cli.openapi import documents
from chassis.database import Database
from chassis.fakes.database import scratch_config
from chassis.fakes.web import Mint, client
from chassis.services import app_factory
from tests.arch.tree import ROOT

DOCUMENTS = dict(documents())
TABLE = ROOT / "docs" / "access.md"
STRANGER = "somebody-else"
BY_A_ROW = {"GET /api/approval/head for officer"}  # for those who stand in for the head: a row says who


def test_the_table_of_rights_is_the_one_that_was_reviewed() -> None:
    assert access_table(DOCUMENTS) == TABLE.read_text(encoding="utf-8"), "run `onewindow access`"


def test_an_endpoint_without_a_rule_is_found() -> None:
    document: dict[str, Any] = {"paths": {"/api/notes/new": {"post": {}, "parameters": []}}}
    with pytest.raises(ValueError, match=r"no declared rule: POST /api/notes/new"):
        access_table({"notes": document})


def test_a_new_endpoint_and_a_changed_right_change_the_table() -> None:
    document: dict[str, Any] = {"paths": {"/api/notes/new": {"get": {"x-access": {"open": True}}}}}
    before = access_table({"notes": document})
    document["paths"]["/api/notes/new"]["get"] = {"x-access": {"open": False, "own": ["person"]}}
    assert "| GET `/new` | • |" in before
    assert "| GET `/new` |  | own |" in access_table({"notes": document})


def words_of(rules: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    return sorted({word for _, _, rule in rules for word in granted(rule)} | set(KINDS) | {"hall_manager"})


def caller(mint: Mint, word: str, department: str | None = "SJ") -> str:
    if word in KINDS:
        return mint.token(STRANGER, kind=word)
    return mint.token(STRANGER, kind=kind_of(word), roles=[word], dept=department)


def kind_of(word: str) -> str:
    """What kind of account has this role."""
    if word in KINDS:
        return word
    return "machine" if word in ("department_system", "contact_reader") else "staff"


@pytest.fixture(scope="module", params=sorted(DOCUMENTS))
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    name: str = request.param
    database = Database(scratch_config(name, tmp_path_factory.mktemp(name), urls={"identity": "http://x"}))
    migrate.upgrade(database)
    mint = Mint()
    mint.install(database)
    factory = app_factory(name)
    assert factory is not None
    yield name, factory(database.config, database=database), mint
    database.close()


def test_every_endpoint_lets_in_exactly_whom_its_rule_names(service: Any) -> None:
    name, app, mint = service
    rules = [rule for rule in rules_in(DOCUMENTS[name]) if rule[2] is not None]
    wrong = []
    for word in words_of(rules):
        signed_in = client(app, caller(mint, word))
        nowhere = client(app, caller(mint, word, department=None))
        for method, path, rule in rules:
            if rule["open"]:
                continue
            url, cells = re.sub(r"\{[^}]+\}", "1", path), granted(rule)
            mine = cells.keys() & {word, kind_of(word), "signed_in"}
            if refused(signed_in, method, url) == bool(mine):
                wrong.append(f"{method} {path} for {word}")
            if (
                mine
                and {cells[w] for w in mine} <= {"department", "subtree"}
                and not refused(nowhere, method, url)
            ):
                wrong.append(f"{method} {path} for {word} of no department")
    assert [line for line in wrong if line not in BY_A_ROW] == []


def refused(signed_in: Any, method: str, url: str) -> bool:
    answer = signed_in.open(url, method=method)
    return answer.status_code == 403 and answer.get_json()["type"] == "not-allowed"


def test_without_a_token_or_with_an_expired_one_only_open_endpoints_answer(service: Any) -> None:
    name, app, mint = service
    expired = mint.token(STRANGER, issued_at=1_700_000_000.0)
    wrong = []
    for token in (None, expired, "garbage"):
        anybody = client(app, token)
        for method, path, rule in rules_in(DOCUMENTS[name]):
            assert rule is not None
            answer = anybody.open(re.sub(r"\{[^}]+\}", "1", path), method=method)
            if (answer.status_code == 401 and not rule["open"]) == rule["open"]:
                wrong.append(f"{method} {path}: {answer.status_code}")
    assert [line for line in wrong if "/tokens" not in line] == []


def test_a_machine_whose_token_names_scopes_may_do_what_they_cover_and_no_more(service: Any) -> None:
    name, app, mint = service
    wrong = []
    for method, path, rule in rules_in(DOCUMENTS[name]):
        assert rule is not None
        if "department_system" not in granted(rule):
            continue
        for scope, fine in ((rule.get("scope", ""), True), ("another", False)):
            token = mint.token(STRANGER, kind="machine", roles=["department_system"], dept="SJ", scope=scope)
            if refused(client(app, token), method, re.sub(r"\{[^}]+\}", "1", path)) == fine:
                wrong.append(f"{method} {path} by {scope}")
    assert wrong == []
