"""Somebody else's things are not there: every endpoint of one's own or a department's, by every role."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from chassis import migrate
from chassis.access import rules_in
from chassis.access_table import granted
from chassis.database import Database
from chassis.fakes.database import scratch_config
from tests.contract.test_access import DOCUMENTS
from tests.unit.approval.bureau import Bureau, no
from tests.unit.approval.helpers import NUMBER, founding
from tests.unit.intake.helpers import FORM
from tests.unit.intake.office import BASE as INTAKE
from tests.unit.intake.office import Office

NAMED_BY_THE_CALLER = ("/filters/{name}", "/prefill/{code}")  # nobody else's can be meant
STRANGE_DEPARTMENT = "DB"
BODIES: dict[str, Any] = {
    "resubmit": {"form": FORM},
    "corrections": {"branch_no": "SJ20261124000123K-01", "changes": {"shop_name": "x"}, "note": "x"},
    "return": {"reasons": [{"field": "area", "reason": "面积不对"}]},
    "refuse": {"ground": "no_licence_needed", "reason": "不需要办"},
    "answer": {"answer": "agree", "opinion": "同意"},
    "suspend": {"ground": "hearing", "reason": "听证"},
    "extension": {"days": 5, "reason": "需现场复核"},
    "decision": {"approved": False, "reason": "不需要"},
    "signature": {"signed": False, "reason": "再看"},
    "certificates": {"certificates": {"m01": True}},
    "from-space": {"file_id": "none"},
    "object": {"reason": "出资比例不对"},
    "again": {"events": ["0" * 36]},
}


def found_by_strangers(service: str, things: dict[str, str], stranger: Any) -> list[str]:
    """Operations that answer a stranger with anything but 404."""
    wrong = []
    for method, path, rule in rules_in(DOCUMENTS[service]):
        assert rule is not None
        cells = granted(rule)
        if "{" not in path or rule["open"] or "all" in cells.values() or path.endswith(NAMED_BY_THE_CALLER):
            continue
        url = re.sub(r"\{([^}]+)\}", lambda m: things[m[1]], path)
        for role in cells:
            answer = sent(stranger(role), method, url)
            not_the_head = answer.status_code == 403 and role == "officer" and method == "POST"
            if answer.status_code != 404 and not not_the_head:
                wrong.append(f"{method} {path} by {role}: {answer.status_code} {answer.text[:200]}")
    return wrong


def sent(who: FlaskClient, method: str, url: str) -> Any:
    more: dict[str, Any] = {"headers": {"If-Match": '"1"'}}
    last = url.rsplit("/", 1)[-1]
    if method == "POST" and "/materials/" in url and last != "from-space":
        more["data"] = {"file": (io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "a.pdf", "application/pdf")}
    elif method == "PATCH":
        more["json"] = {"state": "paused"} if "/hooks/" in url else {"answers": {"shop_name": "x"}}
    elif method in ("POST", "PUT"):
        more["json"] = BODIES.get(last, {}) if "/supervisions/" not in url else {"answer": "已处理"}
    return who.open(url, method=method, **more)


def migrated(service: str, folder: Path) -> Database:
    database = Database(scratch_config(service, folder))
    migrate.upgrade(database)
    return database


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Office]:
    database = migrated("intake", tmp_path)
    yield Office(database)
    database.close()


@pytest.fixture
def approval(tmp_path: Path) -> Iterator[Bureau]:
    database = migrated("approval", tmp_path)
    yield Bureau(database)
    database.close()


def test_somebody_elses_application_and_draft_are_not_there(intake: Office) -> None:
    number = intake.file()
    begun = intake.applicant.post(f"{INTAKE}/drafts", json={"procedure": "open-shop", "prefill": False})
    things = {"number": number, "branch_no": f"{number}-01", "draft_id": begun.get_json()["draft_id"]}
    things |= {"material_id": "none", "code": "lease", "file_id": "none"}
    things |= {"signer_id": "none", "token": "none"}

    def stranger(role: str) -> FlaskClient:
        if role in ("person", "firm"):
            return intake.person("acc-2", role)
        return intake.staff(role, STRANGE_DEPARTMENT)

    assert found_by_strangers("intake", things, stranger) == []


def test_another_departments_branch_is_not_there(approval: Bureau) -> None:
    approval.accept(founding())
    things = {"branch_no": no(1), "number": NUMBER, "id": "none"}

    def stranger(role: str) -> FlaskClient:
        if role in ("person", "firm"):
            return approval.person("acc-2", role)
        if role == "department_system":
            return approval.system(STRANGE_DEPARTMENT)
        return approval.staff(role, STRANGE_DEPARTMENT, "acc-9")

    assert found_by_strangers("approval", things, stranger) == []
