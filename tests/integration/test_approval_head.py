"""What asks the head and what the head decides: extensions, second signatures, supervision, moved dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from chassis import timerows
from chassis.fakes.database import memory_database
from chassis.fakes.web import client
from contracts.approval import (
    BranchAnswered,
    DueDatesMoved,
    ExtensionDecided,
    ExtensionRequested,
    SignatureDecided,
    SignatureRequested,
    SupervisionAnswered,
    SupervisionClosed,
    SupervisionOpened,
    SupervisionUnanswered,
)
from contracts.catalog import CalendarPublished
from services.approval import handlers, orm
from services.approval.handlers import OVERDUE, RECOUNT, SUPERVISION
from tests.unit.approval.bureau import BASE, Bureau, fields_of, get, no, post, year
from tests.unit.approval.helpers import CALENDAR, GUARDED, NUMBER, restaurant

FIRST, SECOND = no(1), no(2)
REFUSE = {"answer": "refuse", "opinion": "不符合布局要求", "note": "已电话说明"}
EXTEND = {"days": 5, "reason": "需现场复核"}
YES, NO = {"approved": True, "reason": "同意"}, {"approved": False, "reason": "可以按期办完"}
SIGN, BACK = {"signed": True, "reason": "属实"}, {"signed": False, "reason": "请补充依据"}
EXPLAIN = {"answer": "人手不足，本周五前办结。"}


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    database = memory_database("approval", tmp_path, orm.metadata)
    made = Bureau(database)
    made.knows_staff("DA", officer_da="officer", colleague_da="officer", head_da="approver")
    made.accept(GUARDED)
    yield made
    database.close()


@pytest.fixture
def officer(bureau: Bureau) -> FlaskClient:
    who = bureau.officer("DA")
    post(who, f"/branches/{FIRST}/claim")
    return who


WRITES: list[tuple[str, Any, set[str]]] = [
    (f"/branches/{FIRST}/extension", EXTEND, {"officer"}),
    (f"/branches/{FIRST}/extension/decision", YES, {"approver"}),
    (f"/branches/{FIRST}/signature", SIGN, {"approver"}),
    (f"/supervisions/{FIRST}/answer", EXPLAIN, {"approver", "officer"}),
    (f"/supervisions/{FIRST}/close", None, {"supervisor"}),
]
READS = [("/head", {"approver"}), ("/supervisions", {"approver", "officer", "supervisor"})]
ROLES = ("officer", "approver", "supervisor", "acceptance_clerk", "platform_admin", "department_system")


@pytest.mark.parametrize("token", [None, "nonsense", "expired"])
def test_nothing_here_is_open_to_strangers(bureau: Bureau, token: str | None) -> None:
    if token == "expired":
        token = bureau.mint.token(
            "head-da", kind="staff", roles=["approver"], dept="DA", issued_at=1, lives=600
        )
    who = client(bureau.app, token)
    for path, body, _ in WRITES:
        assert post(who, path, body, 401)["type"] == "not-signed-in"
    for path, _ in READS:
        assert get(who, path, 401)["type"] == "not-signed-in"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_does_its_own_and_nothing_else(bureau: Bureau, role: str) -> None:
    who = bureau.staff(role, "DA", "acc-9")
    for path, body, allowed in WRITES:
        answered = who.post(f"{BASE}{path}", json=body)
        if role not in allowed:
            assert answered.status_code in (403, 404), (path, answered.text)
            assert role not in ("acceptance_clerk", "platform_admin") or answered.status_code == 403
    for path, allowed in READS:
        get(who, path, 200 if role in allowed else 403)
    assert (bureau.branch("first").extension_asked, bureau.branch("first").answer) == (None, None)


@pytest.mark.parametrize("department", ["DB", None])
def test_another_departments_branch_is_not_there(bureau: Bureau, department: str | None) -> None:
    status, problem = (404, "not-found") if department else (403, "not-allowed")
    for role in ("officer", "approver"):
        who = bureau.staff(role, department, "acc-9")
        for path, body, allowed in WRITES:
            if role in allowed:
                assert post(who, path, body, status)["type"] == problem, path
    assert get(bureau.head("DB"), "/head")["late"] == []


def test_an_extension_is_asked_by_the_officer_and_approved_by_the_head(
    bureau: Bureau, officer: FlaskClient
) -> None:
    before = bureau.branch("first")
    asked = post(officer, f"/branches/{FIRST}/extension", EXTEND)
    assert (asked["extension_asked"], asked["extensions"][0]["reason"]) == (5, "需现场复核")
    assert get(bureau.person(), f"/cases/{NUMBER}")["branches"][0]["extensions"] == []
    (waiting,) = get(bureau.head("DA"), "/head")["extensions"]
    assert (waiting["days"], waiting["asked_by"], waiting["branch"]["branch_no"]) == (5, "officer-da", FIRST)
    done = post(bureau.head("DA"), f"/branches/{FIRST}/extension/decision", YES)
    assert (done["extended"], done["extension_asked"], done["may_extend"]) == (5, None, 0)
    after = bureau.branch("first")
    assert before.statutory_due and before.promised_due
    assert after.statutory_due == CALENDAR.add_workdays(before.statutory_due, 5)
    assert after.promised_due == CALENDAR.add_workdays(before.promised_due, 5)
    assert bureau.dates(OVERDUE)[FIRST] == after.statutory_due
    (told,) = get(bureau.person(), f"/cases/{NUMBER}")["branches"][0]["extensions"]
    assert (told["reason"], told["approved"]) == ("需现场复核", True)
    assert "decision_reason" not in told and "asked_by" not in told
    assert [e.days for e in bureau.said(ExtensionRequested)] == [5]
    assert [(e.approved, e.branch.extended) for e in bureau.said(ExtensionDecided)] == [(True, 5)]


def test_a_refused_extension_moves_nothing_and_may_be_asked_for_again(
    bureau: Bureau, officer: FlaskClient
) -> None:
    before = bureau.branch("first").statutory_due
    for _ in range(2):
        post(officer, f"/branches/{FIRST}/extension", EXTEND)
        post(bureau.head("DA"), f"/branches/{FIRST}/extension/decision", NO)
    assert bureau.branch("first").statutory_due == before
    assert [x["approved"] for x in get(officer, f"/branches/{FIRST}")["extensions"]] == [False, False]
    assert get(bureau.person(), f"/cases/{NUMBER}")["branches"][0]["extensions"] == []


def test_an_extension_is_given_once_within_what_the_item_says_and_in_time(
    bureau: Bureau, officer: FlaskClient
) -> None:
    problem = post(officer, f"/branches/{FIRST}/extension", EXTEND | {"days": 11}, 422)
    assert (fields_of(problem), problem["errors"][0]["zh"]) == ({"days"}, "最多可延 10 天")
    for bad in ({}, {"days": 0, "reason": "x"}, {"days": 1.5, "reason": ""}, EXTEND | {"extra": 1}):
        assert post(officer, f"/branches/{FIRST}/extension", bad, 422)["type"] == "invalid-request"
    post(officer, f"/branches/{FIRST}/extension", EXTEND)
    assert post(officer, f"/branches/{FIRST}/extension", EXTEND, 409)["why"] == "asked_already"
    post(bureau.head("DA"), f"/branches/{FIRST}/extension/decision", YES)
    assert post(officer, f"/branches/{FIRST}/extension", EXTEND, 409)["why"] == "extended_already"
    assert post(bureau.head("DA"), f"/branches/{FIRST}/extension/decision", YES, 409)["move"] == "extend"


def test_past_the_limit_by_law_nothing_is_extended_any_more(bureau: Bureau, officer: FlaskClient) -> None:
    post(officer, f"/branches/{FIRST}/extension", EXTEND)
    bureau.set_branch(FIRST, statutory_due=bureau.now - timedelta(minutes=1))
    assert post(bureau.head("DA"), f"/branches/{FIRST}/extension/decision", YES, 409)["why"] == "too_late"
    post(bureau.head("DA"), f"/branches/{FIRST}/extension/decision", NO)
    assert post(officer, f"/branches/{FIRST}/extension", EXTEND, 409)["why"] == "too_late"


def test_an_item_without_extension_gives_none(bureau: Bureau) -> None:
    number = bureau.accept(restaurant(), "SJ20261124000999X")
    officer = bureau.officer("SJ")
    post(officer, f"/branches/{no(1, number)}/claim")
    assert post(officer, f"/branches/{no(1, number)}/extension", EXTEND, 409)["why"] == "not_provided"


def test_a_refusal_takes_effect_with_the_heads_signature(bureau: Bureau, officer: FlaskClient) -> None:
    waiting = post(officer, f"/branches/{FIRST}/answer", REFUSE)
    assert (waiting["status"], waiting["answer"], waiting["awaiting_signature"]) == ("claimed", None, True)
    assert bureau.said(BranchAnswered) == []
    mine = get(bureau.person(), f"/cases/{NUMBER}")["branches"][0]
    assert mine["opinion"] is None and "awaiting_signature" not in mine and "proposed" not in mine
    assert post(officer, f"/branches/{FIRST}/release", status=409)["detail"].startswith("这件正等负责人签批")
    assert post(officer, f"/branches/{FIRST}/answer", REFUSE, 409)["state"] == "awaiting_signature"
    (asked,) = get(bureau.head("DA"), "/head")["signatures"]
    assert (asked["proposed_by"], asked["opinion"], asked["note"]) == (
        "officer-da",
        "不符合布局要求",
        "已电话说明",
    )
    signed = post(bureau.head("DA"), f"/branches/{FIRST}/signature", SIGN)
    assert (signed["status"], signed["answer"], signed["awaiting_signature"]) == ("answered", "refuse", False)
    assert bureau.case().outcome == "refused"
    assert get(bureau.person(), f"/cases/{NUMBER}")["branches"][0]["opinion"] == "不符合布局要求"
    assert bureau.names_said()[-6:] == [
        "SignatureRequested first",
        "SignatureDecided first",
        "BranchAnswered first",
        "CaseDecided",
        "BranchDropped second",
        "CaseClosed",
    ]
    assert [e.answer for e in bureau.said(SignatureRequested)] == ["refuse"]


def test_a_refusal_sent_back_can_be_answered_otherwise(bureau: Bureau, officer: FlaskClient) -> None:
    post(officer, f"/branches/{FIRST}/answer", REFUSE)
    back = post(bureau.head("DA"), f"/branches/{FIRST}/signature", BACK)
    assert (back["status"], back["awaiting_signature"]) == ("claimed", False)
    assert [e.signed for e in bureau.said(SignatureDecided)] == [False]
    post(officer, f"/branches/{FIRST}/answer", {"answer": "agree", "opinion": "同意"})
    assert bureau.branch("second").status == "open"


def test_nobody_is_the_second_pair_of_ones_own_eyes(bureau: Bureau) -> None:
    both = client(
        bureau.app, bureau.mint.token("acc-both", kind="staff", roles=["officer", "approver"], dept="DA")
    )
    post(both, f"/branches/{FIRST}/claim")
    post(both, f"/branches/{FIRST}/extension", EXTEND)
    assert post(both, f"/branches/{FIRST}/extension/decision", YES, 409)["type"] == "same-hand"
    post(both, f"/branches/{FIRST}/answer", REFUSE)
    assert post(both, f"/branches/{FIRST}/signature", SIGN, 409)["type"] == "same-hand"
    assert post(bureau.head("DA"), f"/branches/{FIRST}/signature", SIGN)["answer"] == "refuse"


def test_a_departments_own_system_signs_by_its_own_rules(bureau: Bureau) -> None:
    assert post(bureau.system("DA"), f"/branches/{FIRST}/answer", REFUSE)["answer"] == "refuse"


def sweep(bureau: Bureau, kind: str, handler: Any) -> None:
    """Time comes round, until nothing of this kind is due."""
    while timerows.sweep(bureau.database, kind, handler):
        pass


def black(bureau: Bureau) -> None:
    bureau.set_branch(FIRST, statutory_due=bureau.now - timedelta(hours=1))
    bureau.set_due(OVERDUE, FIRST, bureau.now - timedelta(minutes=1))
    sweep(bureau, OVERDUE, handlers.escalate)


def test_past_the_law_the_one_who_has_it_must_answer_in_writing(bureau: Bureau, officer: FlaskClient) -> None:
    black(bureau)
    (opened,) = bureau.said(SupervisionOpened)
    assert (opened.branch_no, opened.department, opened.responsible) == (FIRST, "DA", "officer-da")
    assert bureau.dates(SUPERVISION) == {FIRST: opened.answer_due}
    desk = get(bureau.head("DA"), "/head")
    assert [(b["light"], b["handler"]) for b in desk["late"]] == [("black", "officer-da")]
    assert desk["supervisions"][0]["state"] == "open"
    colleague = bureau.officer("DA", "colleague-da")
    assert post(colleague, f"/supervisions/{FIRST}/answer", EXPLAIN, 403)["type"] == "not-allowed"
    supervisor = bureau.staff("supervisor", "ZW", "zhou-sup")
    assert post(supervisor, f"/supervisions/{FIRST}/close", status=409)["state"] == "open"
    answered = post(officer, f"/supervisions/{FIRST}/answer", EXPLAIN)
    assert (answered["state"], answered["answered_by"]) == ("answered", "officer-da")
    assert post(officer, f"/supervisions/{FIRST}/answer", EXPLAIN, 409)["move"] == "answer"
    assert bureau.dates(SUPERVISION) == {}
    assert get(supervisor, "/supervisions")["items"][0]["answer"] == EXPLAIN["answer"]
    assert post(supervisor, f"/supervisions/{FIRST}/close")["state"] == "closed"
    assert get(supervisor, "/supervisions")["items"] == []
    assert [e.in_time for e in bureau.said(SupervisionAnswered)] == [True]
    assert [e.reason for e in bureau.said(SupervisionClosed)] == ["accepted"]


def test_of_what_nobody_has_the_head_is_named_and_a_missing_answer_is_said_once(bureau: Bureau) -> None:
    black(bureau)
    (opened,) = bureau.said(SupervisionOpened)
    assert opened.responsible == "head-da"
    with bureau.database.transaction() as uow:
        uow.session.execute(orm.supervision.update().values(answer_due=uow.now - timedelta(hours=1)))
    bureau.set_due(SUPERVISION, FIRST, bureau.now - timedelta(minutes=1))
    sweep(bureau, SUPERVISION, handlers.remind)
    assert len(bureau.said(SupervisionUnanswered)) == 1
    post(bureau.head("DA"), f"/supervisions/{FIRST}/answer", EXPLAIN)
    assert [e.in_time for e in bureau.said(SupervisionAnswered)] == [False]


def test_words_between_officer_head_and_supervisor_lie_sealed_and_leave_in_no_event(
    bureau: Bureau, officer: FlaskClient
) -> None:
    post(officer, f"/branches/{FIRST}/extension", EXTEND | {"reason": "机密甲"})
    post(bureau.head("DA"), f"/branches/{FIRST}/extension/decision", NO | {"reason": "机密乙"})
    post(officer, f"/branches/{FIRST}/answer", REFUSE)
    post(bureau.head("DA"), f"/branches/{FIRST}/signature", BACK | {"reason": "机密丙"})
    black(bureau)
    post(officer, f"/supervisions/{FIRST}/answer", {"answer": "机密丁"})
    with bureau.database.writer.connect() as connection:
        for table in ("extension", "signature", "supervision"):
            assert "机密" not in repr(connection.execute(text(f"SELECT * FROM {table}")).all())
    assert "机密" not in str(bureau.said())


def recalendar(bureau: Bureau, *extra_holidays: Any) -> None:
    """The catalogue publishes the year anew, and the dates are counted again."""
    known = year()
    changed = CalendarPublished(
        year=known.year,
        holidays=(*known.holidays, *extra_holidays),
        extra_workdays=known.extra_workdays,
        provisional=False,
    )
    told = bureau.told(changed, sequence=bureau.count(orm.calendar_year) + len(bureau.said()) + 100)
    bureau.say([told], handlers.follow_catalogue)
    sweep(bureau, RECOUNT, handlers.recount)


def test_an_edited_calendar_moves_the_dates_of_open_branches(bureau: Bureau) -> None:
    before = bureau.branch("first")
    assert before.promised_due and before.statutory_due
    day_off = before.promised_due.date()
    recalendar(bureau, day_off)
    after = bureau.branch("first")
    assert after.promised_due == CALENDAR.add_workdays(before.promised_due, 1)
    assert after.statutory_due == CALENDAR.add_workdays(before.statutory_due, 1)
    assert [e.branch.key for e in bureau.said(DueDatesMoved)] == ["first"]
    assert bureau.dates(OVERDUE)[FIRST] == after.statutory_due
    recalendar(bureau, day_off)
    assert len(bureau.said(DueDatesMoved)) == 1, "the same days move nothing"


def test_what_turns_out_not_to_be_late_is_not_supervised(bureau: Bureau) -> None:
    black(bureau)
    recalendar(bureau)
    assert not bureau.branch("first").overdue
    assert [e.reason for e in bureau.said(SupervisionClosed)] == ["dates_moved"]
    assert FIRST in bureau.dates(OVERDUE)


def test_many_cases_are_counted_anew_some_at_a_time(bureau: Bureau, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.approval.handlers.calendar.CASES", 3)
    numbers = [bureau.accept(GUARDED, f"SJ2026112400{n:04d}X") for n in range(10)]
    due = bureau.branch("first").promised_due
    assert due
    recalendar(bureau, due.date())
    assert len(bureau.said(DueDatesMoved)) == len(numbers) + 1
    assert {bureau.branch("first", n).promised_due for n in numbers} == {CALENDAR.add_workdays(due, 1)}


def test_the_head_sees_next_weeks_load(bureau: Bureau) -> None:
    days = [d["day"] for d in get(bureau.head("DA"), "/head")["days"]]
    assert len(days) == 5
    bureau.set_branch(FIRST, statutory_due=datetime.fromisoformat(f"{days[2]}T17:00:00+08:00"))
    assert [d["due"] for d in get(bureau.head("DA"), "/head")["days"]] == [0, 0, 1, 0, 0]
