"""Whose word a reply is, and what becomes of one that isn't its sender's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chassis.consume import Consumption, Delivery
from chassis.tables import dead_event
from contracts.approval import ReplyRejected, SilenceDue
from services.approval import handlers
from services.approval.handlers import EARLY
from tests.unit.approval.bureau import Bureau, answer, no
from tests.unit.approval.helpers import NUMBER, restaurant, statuses


@pytest.mark.parametrize(
    ("sender", "department"), [("department-XF", "XF"), ("onewindow", ""), ("", ""), ("department-", "")]
)
def test_who_speaks_for_another_is_refused_and_told_so(bureau: Bureau, sender: str, department: str) -> None:
    bureau.accept(restaurant())
    before = statuses(bureau.case())
    given = replace(bureau.told(answer(no(1), "SJ"), ago=2 * EARLY), sender=sender)
    assert bureau.say([given], handlers.record_answers) == []
    assert statuses(bureau.case()) == before
    assert bureau.rejected() == [(no(1), department, "not_you")]
    told = bureau.said(ReplyRejected)
    assert [(t.department, t.reason, t.reply_id) for t in told] == (
        [(department, "not_you", given.id)] if department else []
    )


def test_a_department_speaks_for_itself(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    given = replace(bureau.told(answer(no(1), "SJ")), sender="department-SJ")
    bureau.say([given], handlers.record_answers)
    assert bureau.branch("food").answer == "agree"


def test_a_department_cannot_make_a_branch_silent(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    told = bureau.told(SilenceDue(application_no=NUMBER, branch_no=no(1)))
    bureau.say([replace(told, sender="department-SJ")], handlers.record_answers)
    assert bureau.rejected() == [("", "SJ", "not_you")]


@pytest.mark.parametrize("strange", ["张三", "a b", "x" * 65, "../etc"])
def test_what_a_refused_reply_says_stands_in_no_event(bureau: Bureau, strange: str) -> None:
    given = replace(bureau.told(answer(strange, "SJ"), ago=2 * EARLY), id=strange, sender="department-SJ")
    bureau.say([given], handlers.record_answers)
    (told,) = bureau.said(ReplyRejected)
    assert (told.branch_no, told.reply_id, told.reason) == (None, "unreadable", "unknown_branch")


def test_garbage_is_kept_and_told_to_who_sent_it(bureau: Bureau) -> None:
    for sender in ("department-XF", "", None):
        delivery = Delivery(b"garbage", lambda: None, sender=sender)
        Consumption(
            bureau.database, handlers.REPLIES, handlers.record_answers, unreadable=handlers.reject_unreadable
        ).handle([delivery])
    assert bureau.count(dead_event) == 3
    assert [(t.department, t.reason) for t in bureau.said(ReplyRejected)] == [("XF", "unreadable")]
