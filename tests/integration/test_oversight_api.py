"""A case as those who oversee may see it, on SQLite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import scratch_config
from chassis.fakes.web import client
from tests.unit.intake.helpers import FORM, Approval
from tests.unit.intake.office import BASE, Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = Database(scratch_config("intake", tmp_path))
    migrate.upgrade(database)
    yield Office(database)
    database.close()


@pytest.fixture
def number(office: Office) -> str:
    filed = office.file()
    told = Approval(("food", "fire", "seal"), filed, datetime.now(UTC))
    told.open_case()
    office.say(told.story)
    return filed


@pytest.mark.parametrize(
    ("role", "department"), [("leader", "ZW"), ("supervisor", "ZW"), ("approver", "SJ"), ("approver", "XF")]
)
def test_who_oversees_reads_how_it_stands_and_nothing_of_what_was_filed(
    office: Office, number: str, role: str, department: str
) -> None:
    answer = office.staff(role, department).get(f"{BASE}/applications/{number}/overview")
    found = answer.get_json()
    assert (answer.status_code, found["status"], len(found["branches"])) == (200, "in_approval", 3)
    assert {"department_name", "handler", "promised_due"} <= found["branches"][0].keys()
    assert not {"form", "materials", "applicant", "query_code"} & found.keys()
    text = json.dumps(found, ensure_ascii=False)
    assert not [value for value in FORM.values() if isinstance(value, str) and value in text]


def test_a_head_of_a_department_that_takes_no_part_does_not_find_it(office: Office, number: str) -> None:
    path = f"{BASE}/applications/{number}/overview"
    assert office.staff("approver", "CG").get(path).status_code == 404
    assert office.staff("leader", "ZW").get(f"{BASE}/applications/{number[:-1]}x/overview").status_code == 404


@pytest.mark.parametrize("role", ["officer", "acceptance_clerk", "platform_admin"])
def test_other_staff_and_applicants_may_not(office: Office, number: str, role: str) -> None:
    path = f"{BASE}/applications/{number}/overview"
    assert office.staff(role, "SJ").get(path).status_code == 403
    assert office.applicant.get(path).status_code == 403


def test_a_token_is_needed_and_one_that_has_ended_is_none(office: Office, number: str) -> None:
    path = f"{BASE}/applications/{number}/overview"
    assert client(office.app).get(path).status_code == 401
    ended = office.mint.token("acc-9", kind="staff", roles=["leader"], dept="ZW", lives=-700)
    assert client(office.app, ended).get(path).status_code == 401
