"""Approval over HTTP: who may do what, what officers see, what bad input gets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.fakes.database import events_of, memory_database
from chassis.fakes.web import client
from contracts.approval import BranchClaimed
from services.approval import handlers, orm
from tests.unit.approval.bureau import BASE, Bureau, fields_of, get, no, post
from tests.unit.approval.helpers import NUMBER, advertising, founding, restaurant

FOOD, FIRE = no(1), no(2)
AGREE = {"answer": "agree", "opinion": "同意"}
ASK = {"answer": "ask_correction", "requests": [{"field": "area", "reason": "请附平面图"}]}
HEARING = {"ground": "hearing", "reason": "申请人要求听证"}


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path, orm.metadata)
    yield Bureau(database)
    database.close()


@pytest.fixture
def shop(bureau: Bureau) -> Bureau:
    bureau.accept(restaurant())
    return bureau


def raw(database: Database, table: str) -> str:
    with database.writer.connect() as connection:
        return repr(connection.execute(text(f"SELECT * FROM {table}")).all())


READS = ["/inbox", f"/branches/{FOOD}", f"/cases/{NUMBER}", f"/corrections/{NUMBER}"]
WRITES = [
    (f"/branches/{FOOD}/claim", None),
    (f"/branches/{FOOD}/release", None),
    (f"/branches/{FOOD}/answer", AGREE),
    (f"/branches/{FOOD}/suspend", HEARING),
    (f"/branches/{FOOD}/resume", None),
]


def test_nothing_is_open_to_strangers(shop: Bureau) -> None:
    mint = shop.mint
    tokens = [
        None,
        "nonsense",
        mint.token("acc-1", kind="staff", roles=["officer"], dept="SJ", issued_at=1, lives=600),
        type(mint)(kid="unknown").token("acc-1", kind="staff", roles=["officer"], dept="SJ"),
    ]
    for token in tokens:
        who = client(shop.app, token)
        for path in READS:
            assert get(who, path, 401)["type"] == "not-signed-in"
        for path, body in WRITES:
            assert post(who, path, body, 401)["type"] == "not-signed-in"
    assert shop.names_said()[-1] == "BranchOpened water"


def test_applicants_are_no_officers(shop: Bureau) -> None:
    for path, body in WRITES:
        assert post(shop.person(), path, body, 403)["type"] == "not-allowed"
    assert get(shop.person(), "/inbox", 403)["type"] == "not-allowed"
    assert get(shop.person(), f"/branches/{FOOD}", 403)["type"] == "not-allowed"
    assert get(shop.officer("SJ"), f"/corrections/{NUMBER}", 403)["type"] == "not-allowed"


@pytest.mark.parametrize("role", ["acceptance_clerk", "supervisor", "platform_admin", "catalogue_editor"])
def test_other_roles_of_the_department_are_no_officers(shop: Bureau, role: str) -> None:
    token = shop.mint.token("acc-9", kind="staff", roles=[role], dept="SJ")
    for path, body in WRITES:
        assert post(client(shop.app, token), path, body, 403)["type"] == "not-allowed"


def test_a_departments_system_claims_nothing(shop: Bureau) -> None:
    for path in ("claim", "release"):
        assert post(shop.system("SJ"), f"/branches/{FOOD}/{path}", status=403)["type"] == "not-allowed"


@pytest.mark.parametrize("department", ["XF", "GA", None])
def test_another_departments_branch_is_not_there(shop: Bureau, department: str | None) -> None:
    token = shop.mint.token("acc-9", kind="staff", roles=["officer"], dept=department)
    status, problem = (404, "not-found") if department else (403, "not-allowed")
    for path, body in WRITES:
        assert post(client(shop.app, token), path, body, status)["type"] == problem
    assert shop.branch("food").status == "open"


def test_what_does_not_exist_is_not_there(shop: Bureau) -> None:
    officer = shop.officer("SJ")
    for branch_no in ("SJ20991124000123K-01", no(88), "x", "-", "%E5%95%86"):
        assert get(officer, f"/branches/{branch_no}", 404)["type"] == "not-found"
        assert post(officer, f"/branches/{branch_no}/claim", status=404)["type"] == "not-found"
        assert post(officer, f"/branches/{branch_no}/answer", AGREE, 404)["type"] == "not-found"
    assert get(shop.person(), "/cases/SJ20991124000123K", 404)["type"] == "not-found"
    assert get(shop.person(), "/corrections/SJ20991124000123K", 404)["type"] == "not-found"


def test_an_officer_claims_and_answers(shop: Bureau) -> None:
    officer = shop.officer("SJ", "acc-lu")
    claimed = post(officer, f"/branches/{FOOD}/claim")
    assert (claimed["status"], claimed["handler"]) == ("claimed", "acc-lu")
    assert post(officer, f"/branches/{FOOD}/claim")["status"] == "claimed"
    assert len(events_of(shop.database, BranchClaimed)) == 1
    done = post(officer, f"/branches/{FOOD}/answer", AGREE | {"note": "现场已看"})
    assert (done["status"], done["answer"], done["opinion"], done["note"]) == (
        "answered",
        "agree",
        "同意",
        "现场已看",
    )


def test_two_officers_never_have_the_same_branch(shop: Bureau) -> None:
    first, second = shop.officer("SJ", "acc-lu"), shop.officer("SJ", "acc-qian")
    post(first, f"/branches/{FOOD}/claim")
    for path, body in WRITES[:4]:
        problem = post(second, path, body, 409)
        assert (problem["type"], problem["state"], problem["holder"]) == ("illegal-move", "claimed", "acc-lu")
    assert problem["detail"] == "这件已经有人认领。"
    post(first, f"/branches/{FOOD}/release")
    post(second, f"/branches/{FOOD}/claim")


def test_an_officer_answers_only_what_is_claimed(shop: Bureau) -> None:
    officer = shop.officer("SJ")
    handover = {"answer": "not_competent", "competent_department": "ZJ"}
    for body in (AGREE, ASK, handover):
        problem = post(officer, f"/branches/{FOOD}/answer", body, 409)
        assert (problem["type"], problem["state"], problem["holder"]) == ("illegal-move", "open", None)
    assert post(officer, f"/branches/{FOOD}/suspend", HEARING, 409)["move"] == "suspend"


def test_a_departments_system_needs_no_claim(shop: Bureau) -> None:
    done = post(shop.system("SJ"), f"/branches/{FOOD}/answer", AGREE)
    assert (done["status"], done["handler"]) == ("answered", None)


def test_a_second_answer_is_an_illegal_move(shop: Bureau) -> None:
    post(shop.system("SJ"), f"/branches/{FOOD}/answer", AGREE)
    problem = post(shop.system("SJ"), f"/branches/{FOOD}/answer", AGREE, 409)
    assert (problem["state"], problem["move"]) == ("answered", "answer")
    told = shop.system("SJ").post(
        f"{BASE}/branches/{FOOD}/answer", json=AGREE, headers={"Accept-Language": "en"}
    )
    assert told.get_json()["detail"] == "Can't answer a branch that is answered."


def test_the_same_key_gets_the_same_answer_and_takes_effect_once(shop: Bureau) -> None:
    key = {"Idempotency-Key": "once"}
    first = post(shop.system("SJ"), f"/branches/{FOOD}/answer", AGREE, 200, **key)
    assert post(shop.system("SJ"), f"/branches/{FOOD}/answer", AGREE, 200, **key) == first
    other = AGREE | {"opinion": "另一意见"}
    problem = post(shop.system("SJ"), f"/branches/{FOOD}/answer", other, 422, **key)
    assert problem["type"] != "invalid-request"
    assert shop.count(orm.opinion) == 1


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"answer"}),
        ({"answer": "maybe"}, {"answer"}),
        ({"answer": "refuse"}, {"opinion"}),
        ({"answer": "refuse", "opinion": "  "}, {"opinion"}),
        ({"answer": "agree_with_conditions", "opinion": "同意"}, {"conditions"}),
        ({"answer": "not_competent"}, {"competent_department"}),
        ({"answer": "not_competent", "competent_department": "NOWHERE"}, {"competent_department"}),
        ({"answer": "not_competent", "competent_department": "SJ"}, {"competent_department"}),
        ({"answer": "ask_correction"}, {"requests"}),
        ({"answer": "ask_correction", "requests": []}, {"requests"}),
        ({"answer": "ask_correction", "requests": [{"field": "a"}]}, {"requests.0.reason"}),
        ({"answer": "agree", "results": {"credit_code": 5}}, {"results.credit_code"}),
        ({"answer": "agree", "results": ["91X"]}, {"results"}),
        ({"answer": "agree", "opinion": "字" * 2001}, {"opinion"}),
        ({"answer": "agree", "surprise": 1, "other": 2}, {"surprise", "other"}),
        ({"answer": "unable", "opinion": "系统故障"}, {"answer"}),
    ],
)
def test_a_wrong_answer_names_every_wrong_field_and_changes_nothing(
    shop: Bureau, body: dict[str, Any], wrong: set[str]
) -> None:
    problem = post(shop.system("SJ"), f"/branches/{FOOD}/answer", body, 422)
    assert problem["type"] == "invalid-request"
    assert fields_of(problem) == wrong
    assert all(error["zh"] and error["en"] for error in problem["errors"])
    assert shop.branch("food").status == "open"


def test_an_agreement_without_its_codes_is_incomplete(bureau: Bureau) -> None:
    bureau.accept(founding())
    for results in ({}, {"credit_code_of_somebody": "x"}):
        problem = post(bureau.system("SJ"), f"/branches/{no(1)}/answer", AGREE | {"results": results}, 422)
        assert fields_of(problem) == {"results.credit_code"}
    done = post(bureau.system("SJ"), f"/branches/{no(1)}/answer", AGREE | {"results": {"credit_code": "91X"}})
    assert (done["results"], done["produces"]) == ({"credit_code": "91X"}, ["credit_code"])
    assert bureau.names_said()[-4:] == [
        "CaseDecided",
        "BranchOpened seal",
        "BranchOpened tax",
        "BranchOpened social",
    ]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"ground", "reason"}),
        ({"ground": "publicity", "reason": "公示"}, {"ground"}),
        ({"ground": "site_visit", "reason": "踏勘"}, {"ground"}),
        ({"ground": "hearing", "reason": ""}, {"reason"}),
    ],
)
def test_only_grounds_of_the_law_stop_the_clocks(shop: Bureau, body: dict[str, str], wrong: set[str]) -> None:
    problem = post(shop.system("SJ"), f"/branches/{FOOD}/suspend", body, 422)
    assert fields_of(problem) == wrong


def test_a_hearing_stops_both_clocks_and_its_reason_is_told(shop: Bureau) -> None:
    officer = shop.officer("SJ")
    post(officer, f"/branches/{FOOD}/claim")
    stopped = post(officer, f"/branches/{FOOD}/suspend", HEARING)
    assert stopped["status"] == "suspended"
    (pause,) = stopped["pauses"]
    assert (pause["kind"], pause["ground"], pause["stops"], pause["reason"], pause["to"]) == (
        "art_45",
        "hearing",
        "both",
        "申请人要求听证",
        None,
    )
    told = get(shop.person(), f"/cases/{NUMBER}")["branches"][0]["pauses"]
    assert told[0]["reason"] == "申请人要求听证"
    assert post(officer, f"/branches/{FOOD}/answer", AGREE, 409)["state"] == "suspended"
    resumed = post(officer, f"/branches/{FOOD}/resume")
    assert (resumed["status"], resumed["pauses"][0]["to"] is not None) == ("claimed", True)
    assert post(officer, f"/branches/{FOOD}/resume", status=409)["move"] == "resume"


def test_a_correction_is_asked_once_with_everything_and_read_by_the_applicant(shop: Bureau) -> None:
    officer = shop.officer("SJ")
    post(officer, f"/branches/{FOOD}/claim")
    asked = post(officer, f"/branches/{FOOD}/answer", ASK)
    assert (asked["status"], asked["correction_request"]) == ("suspended", 1)
    (waiting,) = get(shop.person(), f"/corrections/{NUMBER}")["items"]
    assert (waiting["branch_no"], waiting["request"], waiting["requests"]) == (FOOD, 1, ASK["requests"])
    assert post(officer, f"/branches/{FOOD}/resume", status=409)["state"] == "suspended"
    shop.hear(shop.corrected(FOOD))
    assert get(shop.person(), f"/corrections/{NUMBER}")["items"] == []
    seen = get(officer, f"/branches/{FOOD}")
    assert (seen["status"], seen["handler"]) == ("claimed", "officer-sj")
    assert seen["corrections"][0]["answered_at"] is not None


def test_asking_a_second_time_for_the_same_field_is_refused_and_recorded(shop: Bureau) -> None:
    system = shop.system("SJ")
    post(system, f"/branches/{FOOD}/answer", ASK)
    shop.hear(shop.corrected(FOOD))
    both = ASK | {"requests": [{"field": f, "reason": "再补"} for f in ("area", "name")]}
    problem = post(system, f"/branches/{FOOD}/answer", both, 409)
    assert (problem["type"], fields_of(problem)) == ("already-asked", {"area"})
    assert shop.rejected() == [(FOOD, "SJ", "asked_twice")]
    assert shop.branch("food").status == "open"
    other = ASK | {"requests": [{"field": "name", "reason": "名称不符"}]}
    assert post(system, f"/branches/{FOOD}/answer", other)["correction_request"] == 2


def test_corrections_of_all_departments_stand_together(shop: Bureau) -> None:
    for branch_no, department in ((FIRE, "XF"), (FOOD, "SJ")):
        post(shop.system(department), f"/branches/{branch_no}/answer", ASK)
    items = get(shop.person(), f"/corrections/{NUMBER}")["items"]
    assert [item["branch_no"] for item in items] == [FOOD, FIRE]


def test_who_is_not_competent_names_who_is_and_loses_sight_of_it(shop: Bureau) -> None:
    officer = shop.officer("XF")
    post(officer, f"/branches/{FIRE}/claim")
    moved = post(
        officer, f"/branches/{FIRE}/answer", {"answer": "not_competent", "competent_department": "GA"}
    )
    assert moved == {"branch_no": FIRE, "status": "open", "department": "GA"}
    assert get(officer, f"/branches/{FIRE}", 404)["type"] == "not-found"
    assert get(officer, "/inbox")["items"] == []
    assert [b["branch_no"] for b in get(shop.officer("GA"), "/inbox")["items"]] == [FIRE]


def test_an_answer_after_the_withdrawal_is_refused_and_recorded(shop: Bureau) -> None:
    officer = shop.officer("SJ")
    post(officer, f"/branches/{FOOD}/claim")
    shop.hear(shop.withdrawn())
    assert post(officer, f"/branches/{FOOD}/answer", AGREE, 409)["state"] == "dropped"
    assert shop.rejected() == [(FOOD, "SJ", "not_open")]
    assert post(officer, f"/branches/{FOOD}/answer", ASK, 409)["state"] == "dropped"
    assert shop.rejected() == 2 * [(FOOD, "SJ", "not_open")]
    assert shop.count(orm.opinion) == 0
    case = get(shop.person(), f"/cases/{NUMBER}")
    assert case["terminated_at"] and case["outcome"] is None


def test_the_applicant_reads_opinions_and_conditions_and_no_internal_note(shop: Bureau) -> None:
    body = {"answer": "agree_with_conditions", "opinion": "同意", "conditions": "每周清洗", "note": "内部"}
    post(shop.system("SJ"), f"/branches/{FOOD}/answer", body)
    for who in (shop.person(), shop.officer("XF"), shop.officer("SJ")):
        case = get(who, f"/cases/{NUMBER}")
        food = case["branches"][0]
        assert (food["opinion"], food["conditions"]) == ("同意", "每周清洗")
        assert "内部" not in str(case)
    assert get(shop.officer("SJ"), f"/branches/{FOOD}")["note"] == "内部"
    assert "note" not in get(shop.officer("XF"), f"/branches/{FOOD}")


def test_a_case_is_read_by_its_applicant_and_the_departments_that_take_part(shop: Bureau) -> None:
    case = get(shop.person(), f"/cases/{NUMBER}")
    assert [b["key"] for b in case["branches"]] == ["food", "fire", "drains", "sign", "water"]
    assert case["branches"][0]["department_name"] == {"zh": "市场监管局", "en": "SJ"}
    assert get(shop.officer("CG"), f"/cases/{NUMBER}")["application_no"] == NUMBER
    for stranger in (shop.person("acc-2"), shop.person("acc-2", "firm"), shop.officer("RS")):
        assert get(stranger, f"/cases/{NUMBER}", 404)["type"] == "not-found"
    assert get(shop.person("acc-2"), f"/corrections/{NUMBER}", 404)["type"] == "not-found"
    assert get(shop.officer("RS"), f"/branches/{FOOD}", 404)["type"] == "not-found"


def test_texts_lie_sealed_and_never_leave_in_events(shop: Bureau) -> None:
    post(shop.system("SJ"), f"/branches/{FOOD}/answer", AGREE | {"opinion": "机密意见", "note": "机密批注"})
    post(shop.system("XF"), f"/branches/{FIRE}/answer", ASK)
    post(shop.system("ZJ"), f"/branches/{no(3)}/suspend", HEARING)
    for words in ("机密", "平面图", "要求听证"):
        for table in ("opinion", "correction_request", "pause_reason", "pause", "branch"):
            assert words not in raw(shop.database, table)
        assert words not in str(shop.said())


def test_a_silent_branch_says_that_it_was_deemed_agreed(bureau: Bureau) -> None:
    bureau.accept(advertising())
    bureau.set_branch(no(1), promised_due=bureau.now - timedelta(hours=1))
    with bureau.database.transaction() as uow:
        handlers.send_silence([no(1)], uow)
    ((_, silence),) = bureau.addressed()
    bureau.reply(silence)  # type: ignore[arg-type]
    branch = get(bureau.person(), f"/cases/{NUMBER}")["branches"][0]
    assert (branch["status"], branch["answer"], branch["deemed"]) == ("silent", "agree", True)
    assert post(bureau.system("GA"), f"/branches/{no(1)}/answer", AGREE, 409)["state"] == "silent"


def test_the_openapi_document_names_every_way(bureau: Bureau) -> None:
    document = client(bureau.app).get(f"{BASE}/openapi.json").get_json()
    of_a_branch = ("claim", "release", "answer", "suspend", "resume", "extension", "signature")
    assert set(document["paths"]) == {
        f"{BASE}/inbox",
        f"{BASE}/inbox/next",
        f"{BASE}/branches/answers",
        f"{BASE}/branches/{{branch_no}}",
        *(f"{BASE}/branches/{{branch_no}}/{act}" for act in of_a_branch),
        f"{BASE}/branches/{{branch_no}}/extension/decision",
        f"{BASE}/head",
        f"{BASE}/supervisions",
        *(f"{BASE}/supervisions/{{branch_no}}/{act}" for act in ("answer", "close")),
        f"{BASE}/colleagues",
        f"{BASE}/delegations",
        f"{BASE}/delegations/{{id}}/end",
        f"{BASE}/templates",
        f"{BASE}/templates/{{id}}",
        f"{BASE}/filters",
        f"{BASE}/filters/{{name}}",
        f"{BASE}/cases/{{number}}",
        f"{BASE}/corrections/{{number}}",
        f"{BASE}/events",
    }
