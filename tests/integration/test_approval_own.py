"""An officer's own desk: take next, many alike, absence, templates, saved filters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.fakes.database import memory_database
from chassis.fakes.web import client
from contracts.approval import BranchAnswered, BranchClaimed, DelegationEnded, DelegationGiven
from services.approval import orm
from tests.unit.approval.bureau import BASE, Bureau, fields_of, get, no, post
from tests.unit.approval.helpers import GUARDED, NUMBER, founding, restaurant

AGREE = {"answer": "agree", "opinion": "材料齐全，同意。", "note": "批量"}
TEMPLATE = {"answer": "agree", "title": "齐全", "text": "材料齐全，符合条件。"}


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path, orm.metadata)
    made = Bureau(database)
    made.knows_staff("SJ", officer_sj="officer", acc_lu="officer", acc_wang="officer", xukeqin="approver")
    made.knows_staff("XF", officer_xf="officer")
    yield made
    database.close()


def shops(bureau: Bureau, count: int) -> list[str]:
    """The food branches of as many restaurants."""
    return [no(1, bureau.accept(restaurant(), f"SJ202611240{n:05d}X")) for n in range(count)]


def stand_in(bureau: Bureau, absent: str, delegate: str) -> dict[str, Any]:
    return {
        "absent": absent,
        "delegate": delegate,
        "begins": (bureau.now - timedelta(hours=1)).isoformat(),
        "ends": (bureau.now + timedelta(days=3)).isoformat(),
    }


def requests(bureau: Bureau) -> list[tuple[str, str, Any, set[str]]]:
    both = {"officer", "approver"}
    return [
        ("POST", "/inbox/next", None, {"officer"}),
        ("POST", "/branches/answers", {"branch_nos": [no(1)]} | AGREE, {"officer"}),
        ("GET", "/colleagues", None, both),
        ("GET", "/delegations", None, both),
        ("POST", "/delegations", stand_in(bureau, "officer-sj", "acc-lu"), both),
        ("POST", "/delegations/none/end", None, both),
        ("GET", "/templates", None, both),
        ("POST", "/templates", TEMPLATE, both),
        ("DELETE", "/templates/none", None, both),
        ("GET", "/filters", None, {"officer"}),
        ("PUT", "/filters/mine", {"show": "mine"}, {"officer"}),
        ("DELETE", "/filters/mine", None, {"officer"}),
    ]


def test_nothing_here_is_open_to_strangers(bureau: Bureau) -> None:
    expired = bureau.mint.token("acc-lu", kind="staff", roles=["officer"], dept="SJ", issued_at=1, lives=600)
    for token in (None, "nonsense", expired):
        who = client(bureau.app, token)
        for method, path, body, _ in requests(bureau):
            assert who.open(f"{BASE}{path}", method=method, json=body).status_code == 401, path


@pytest.mark.parametrize(
    "role", ["officer", "approver", "acceptance_clerk", "supervisor", "platform_admin", "department_system"]
)
def test_each_role_does_its_own_and_nothing_else(bureau: Bureau, role: str) -> None:
    who = bureau.staff(role, "SJ", "officer-sj")
    for method, path, body, allowed in requests(bureau):
        status = who.open(f"{BASE}{path}", method=method, json=body).status_code
        assert (status == 403) == (role not in allowed), (path, status)


def test_take_next_claims_what_is_due_first_of_all_that_nobody_has(bureau: Bureau) -> None:
    numbers = shops(bureau, 3)
    bureau.set_branch(numbers[2], statutory_due=bureau.now + timedelta(hours=1))
    taken = [post(bureau.officer("SJ", who), "/inbox/next")["branch_no"] for who in ("acc-lu", "acc-wang")]
    assert taken == [numbers[2], numbers[0]]
    post(bureau.officer("SJ"), "/inbox/next")
    assert post(bureau.officer("SJ"), "/inbox/next", status=404)["type"] == "nothing-waiting"
    assert post(bureau.officer("CG", "acc-cg"), "/inbox/next")["department"] == "CG"


def test_twelve_alike_are_answered_at_once_each_on_its_own(bureau: Bureau) -> None:
    numbers = shops(bureau, 12)
    done = post(bureau.officer("SJ"), "/branches/answers", {"branch_nos": numbers} | AGREE)
    assert [(r["branch_no"], r["outcome"]) for r in done["results"]] == [(n, "answered") for n in numbers]
    answered = bureau.said(BranchAnswered)
    assert sorted(e.branch.branch_no for e in answered) == numbers
    assert {e.branch.handler for e in answered} == {"officer-sj"}
    assert bureau.count(orm.opinion) == 12
    assert "批量" not in str(bureau.said()), "the internal note leaves in no event"


def test_what_cannot_be_answered_with_the_others_is_named_and_nothing_is_lost(bureau: Bureau) -> None:
    numbers = shops(bureau, 4)
    post(bureau.officer("SJ", "acc-lu"), f"/branches/{numbers[1]}/claim")
    post(bureau.system("SJ"), f"/branches/{numbers[2]}/answer", AGREE)
    other = no(1, bureau.accept(founding(), "SJ2026112407777X"))
    body = {"branch_nos": [*numbers, other, no(2, numbers[0][:-3]), "nonsense"]} | AGREE
    done = post(bureau.officer("SJ"), "/branches/answers", body)["results"]
    assert [(r["outcome"], r["holder"]) for r in done] == [
        ("answered", None),
        ("taken", "acc-lu"),
        ("not_open", None),
        ("answered", None),
        ("not_alike", None),
        ("unknown", None),
        ("unknown", None),
    ]
    left = bureau.branch("food", numbers[1].rpartition("-")[0])
    assert (left.status, left.handler) == ("claimed", "acc-lu")
    assert bureau.branch("licence", "SJ2026112407777X").status == "open"


def test_many_refusals_each_wait_for_a_signature(bureau: Bureau) -> None:
    numbers = [no(1, bureau.accept(GUARDED, f"DA202611240{n:05d}X")) for n in range(3)]
    refusal = {"answer": "refuse", "opinion": "不符合"}
    done = post(bureau.officer("DA"), "/branches/answers", {"branch_nos": numbers} | refusal)["results"]
    assert [r["outcome"] for r in done] == ["awaiting_signature"] * 3
    assert len(get(bureau.head("DA"), "/head")["signatures"]) == 3


def test_an_agreement_that_needs_a_code_of_its_own_stays_claimed(bureau: Bureau) -> None:
    bureau.accept(founding())
    done = post(bureau.officer("SJ"), "/branches/answers", {"branch_nos": [no(1)]} | AGREE)["results"]
    assert done == [{"branch_no": no(1), "outcome": "incomplete", "holder": None}]
    assert (bureau.branch("licence").handler, len(bureau.said(BranchClaimed))) == ("officer-sj", 1)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"branch_nos": []} | AGREE, {"branch_nos"}),
        ({"branch_nos": [no(1)] * 101} | AGREE, {"branch_nos"}),
        ({"branch_nos": [no(1)], "answer": "ask_correction"}, {"answer"}),
        ({"branch_nos": [no(1)], "answer": "refuse"}, {"opinion"}),
        ({"branch_nos": [no(1)], "answer": "agree", "results": {}}, {"results"}),
    ],
)
def test_a_wrong_answer_to_many_names_every_wrong_field(
    bureau: Bureau, body: dict[str, Any], wrong: set[str]
) -> None:
    assert fields_of(post(bureau.officer("SJ"), "/branches/answers", body, 422)) == wrong


def test_an_answer_this_kind_cannot_give_changes_nothing(bureau: Bureau) -> None:
    numbers = shops(bureau, 2)
    body = {"branch_nos": numbers, "answer": "unable", "opinion": "系统故障"}
    assert fields_of(post(bureau.officer("SJ"), "/branches/answers", body, 422)) == {"answer"}
    assert {bureau.branch("food", n[:-3]).status for n in numbers} == {"open"}


def test_a_failed_record_is_a_task_in_the_inbox(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    post(bureau.system("WJ"), f"/branches/{no(5)}/answer", {"answer": "unable", "opinion": "水压不足"})
    officer = bureau.officer("WJ")
    (task,) = get(officer, "/inbox?status=task")["items"]
    assert (task["branch_no"], task["task"]) == (no(5), True)
    assert post(officer, f"/branches/{no(5)}/claim")["status"] == "claimed"
    assert get(officer, "/inbox?status=task")["items"] == []


def test_whoever_stands_in_takes_over_what_an_absent_colleague_has(bureau: Bureau) -> None:
    (number,) = shops(bureau, 1)
    post(bureau.officer("SJ", "acc-lu"), f"/branches/{number}/claim")
    wang = bureau.officer("SJ", "acc-wang")
    assert post(wang, f"/branches/{number}/claim", status=409)["holder"] == "acc-lu"
    (given,) = post(
        bureau.officer("SJ", "acc-lu"), "/delegations", stand_in(bureau, "acc-lu", "acc-wang"), 201
    )["items"]
    assert (given["absent"], given["delegate"], given["given_by"], given["runs"]) == (
        "acc-lu",
        "acc-wang",
        "acc-lu",
        True,
    )
    assert post(wang, f"/branches/{number}/claim")["handler"] == "acc-wang"
    assert post(bureau.officer("SJ"), f"/branches/{number}/claim", status=409)["holder"] == "acc-wang"
    assert [(e.absent, e.delegate) for e in bureau.said(DelegationGiven)] == [("acc-lu", "acc-wang")]
    path = f"/delegations/{given['id']}/end"
    assert post(bureau.officer("SJ"), path, status=404)["type"] == "not-found"
    assert post(bureau.officer("XF", "acc-lu"), path, status=404)["type"] == "not-found"
    for _ in range(2):
        assert post(bureau.officer("SJ", "acc-lu"), path)["items"] == []
    assert len(bureau.said(DelegationEnded)) == 1
    post(wang, f"/branches/{number}/release")
    post(bureau.officer("SJ", "acc-lu"), f"/branches/{number}/claim")
    assert post(wang, f"/branches/{number}/claim", status=409)["holder"] == "acc-lu", "it has ended"


def test_for_somebody_else_only_the_head_says_who_stands_in(bureau: Bureau) -> None:
    body = stand_in(bureau, "acc-lu", "acc-wang")
    assert post(bureau.officer("SJ"), "/delegations", body, 403)["type"] == "not-allowed"
    assert post(bureau.head("SJ", "xukeqin"), "/delegations", body, 201)["items"][0]["given_by"] == "xukeqin"
    assert get(bureau.officer("XF"), "/delegations")["items"] == []
    assert get(bureau.officer("SJ"), "/colleagues")["items"] == [
        "acc-lu",
        "acc-wang",
        "officer-sj",
        "xukeqin",
    ]


def test_whoever_stands_in_for_the_head_signs(bureau: Bureau) -> None:
    bureau.knows_staff("DA", head_da="approver", officer_da="officer", deputy_da="officer")
    bureau.accept(GUARDED)
    officer, deputy = bureau.officer("DA"), bureau.officer("DA", "deputy-da")
    post(officer, f"/branches/{no(1)}/claim")
    post(officer, f"/branches/{no(1)}/answer", {"answer": "refuse", "opinion": "不符合"})
    sign = {"signed": True, "reason": "属实"}
    assert post(deputy, f"/branches/{no(1)}/signature", sign, 403)["type"] == "not-allowed"
    post(bureau.head("DA"), "/delegations", stand_in(bureau, "head-da", "deputy-da"), 201)
    assert len(get(deputy, "/head")["signatures"]) == 1
    assert post(deputy, f"/branches/{no(1)}/signature", sign)["answer"] == "refuse"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"delegate": "officer-xf"}, {"delegate"}),
        ({"delegate": "acc-lu", "absent": "acc-lu"}, {"delegate"}),
        ({"absent": "nobody"}, {"absent"}),
        ({"ends": "2020-01-01T00:00:00+08:00"}, {"ends"}),
        ({"begins": "tomorrow", "ends": 5}, {"begins", "ends"}),
    ],
)
def test_a_delegation_that_cannot_be_names_its_wrong_fields(
    bureau: Bureau, change: dict[str, Any], wrong: set[str]
) -> None:
    body = stand_in(bureau, "acc-lu", "acc-wang") | change
    assert fields_of(post(bureau.head("SJ", "xukeqin"), "/delegations", body, 422)) == wrong


def test_templates_are_ones_own_or_the_departments(bureau: Bureau) -> None:
    lu, head = bureau.officer("SJ", "acc-lu"), bureau.head("SJ", "xukeqin")
    post(lu, "/templates", TEMPLATE, 201)
    assert post(lu, "/templates", TEMPLATE | {"shared": True}, 403)["type"] == "not-allowed"
    post(head, "/templates", TEMPLATE | {"title": "全局", "shared": True}, 201)
    assert [(t["title"], t["own"]) for t in get(lu, "/templates")["items"]] == [
        ("全局", False),
        ("齐全", True),
    ]
    (shared,) = get(bureau.officer("SJ"), "/templates")["items"]
    assert get(bureau.officer("XF"), "/templates")["items"] == []
    assert lu.delete(f"{BASE}/templates/{shared['id']}").status_code == 404
    assert head.delete(f"{BASE}/templates/{shared['id']}").status_code == 204
    (mine,) = get(lu, "/templates")["items"]
    for stranger in (bureau.officer("SJ"), bureau.officer("XF", "acc-lu"), head):
        assert stranger.delete(f"{BASE}/templates/{mine['id']}").status_code == 404
    assert lu.delete(f"{BASE}/templates/{mine['id']}").status_code == 204


def test_saved_filters_are_ones_own_and_kept_by_name(bureau: Bureau) -> None:
    lu = bureau.officer("SJ", "acc-lu")
    for query in ({"show": "mine"}, {"show": "todo", "light": "red"}):
        answered = lu.put(f"{BASE}/filters/红灯", json=query)
        assert answered.status_code == 200, answered.text
    assert get(lu, "/filters")["items"] == [{"name": "红灯", "query": {"show": "todo", "light": "red"}}]
    assert get(bureau.officer("SJ"), "/filters")["items"] == []
    assert lu.put(f"{BASE}/filters/x", json={"light": "pink", "who": 1}).status_code == 422
    assert lu.put(f"{BASE}/filters/{'长' * 41}", json={}).status_code == 422
    for n in range(19):
        assert lu.put(f"{BASE}/filters/f{n}", json={}).status_code == 200
    assert lu.put(f"{BASE}/filters/one-more", json={}).get_json()["type"] == "too-many"
    assert [lu.delete(f"{BASE}/filters/红灯").status_code for _ in range(2)] == [204, 204]
    assert NUMBER not in str(get(lu, "/filters"))
