"""What time does: dates that come and go, silence, escalation."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from chassis import timerows
from contracts.approval import (
    BranchOverdue,
    BranchSilent,
    LicenceIssued,
    SilenceDue,
)
from services.approval import handlers, orm
from services.approval.handlers import GRACE, OVERDUE, REPLIES, SILENCE
from tests.unit.approval.bureau import Bureau, answer, ask, no
from tests.unit.approval.helpers import (
    CALENDAR,
    NUMBER,
    advertising,
    founding,
    restaurant,
    statuses,
)

LONG_AGO = timedelta(days=30)
CODE = {"credit_code": "91320100MA00000001"}


def test_every_kind_of_date_is_written_when_a_case_opens_and_taken_back_when_it_is_over(
    bureau: Bureau,
) -> None:
    bureau.accept(advertising())
    consulted = {no(1): bureau.branch("traffic"), no(2): bureau.branch("planning")}
    assert bureau.dates(SILENCE) == {
        n: b.promised_due + GRACE for n, b in consulted.items() if b.promised_due
    }
    assert bureau.dates(OVERDUE) == {}
    bureau.reply(answer(no(1), "GA"), answer(no(2), "GJ"))
    assert bureau.dates(SILENCE) == {}
    assert bureau.dates(OVERDUE) == {no(3): bureau.branch("decision").statutory_due}
    bureau.hear(bureau.withdrawn())
    assert bureau.dates(OVERDUE) == {}


def test_what_opens_and_is_answered_in_one_batch_leaves_no_date(bureau: Bureau) -> None:
    bureau.accept(founding())
    bureau.reply(answer(no(1), "SJ", **CODE), answer(no(2), "GA"), answer(no(3), "SW"), answer(no(4), "RS"))
    assert bureau.case().closed_at is not None
    assert bureau.dates(OVERDUE) == {}


def test_dates_move_with_the_pauses_of_their_clock(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    by_law = bureau.branch("food").statutory_due
    ask(bureau, "SJ", no(1), "area")
    assert bureau.dates(OVERDUE)[no(1)] == by_law, "a correction doesn't stop the clock of the law"
    bureau.hear(bureau.corrected(no(1)))
    with bureau.database.transaction() as uow:
        handlers.suspend(no(1), "testing", "送检", None, "SJ", uow)
    assert no(1) not in bureau.dates(OVERDUE)
    with bureau.database.transaction() as uow:
        uow.session.execute(
            update(orm.pause).where(orm.pause.c.number == 2).values(started_at=uow.now - LONG_AGO)
        )
    with bureau.database.transaction() as uow:
        handlers.resume(no(1), "SJ", uow)
    moved = bureau.branch("food")
    assert by_law is not None and moved.statutory_due is not None and moved.statutory_due > by_law
    assert bureau.dates(OVERDUE)[no(1)] == moved.statutory_due
    assert moved.statutory_due == CALENDAR.shift(by_law, moved.pauses[1].started_at, moved.pauses[1].ended_at)  # type: ignore[arg-type]


def test_silence_does_not_act_itself_but_stands_in_line_behind_the_answers(bureau: Bureau) -> None:
    bureau.accept(advertising())
    bureau.set_due(SILENCE, no(1), bureau.now)
    assert timerows.sweep(bureau.database, SILENCE, handlers.send_silence) == 1
    assert bureau.branch("traffic").status == "open"
    assert bureau.addressed() == [(REPLIES, SilenceDue(application_no=NUMBER, branch_no=no(1)))]
    assert timerows.sweep(bureau.database, SILENCE, handlers.send_silence) == 0


def past_due(bureau: Bureau, branch_no: str) -> SilenceDue:
    """The promise of a branch was over an hour ago; what time then says of it."""
    bureau.set_branch(branch_no, promised_due=bureau.now - timedelta(hours=1))
    return SilenceDue(application_no=NUMBER, branch_no=branch_no)


def test_whoever_said_nothing_in_time_has_agreed(bureau: Bureau) -> None:
    bureau.accept(advertising())
    bureau.reply(past_due(bureau, no(1)), past_due(bureau, no(2)))
    assert [e.branch.key for e in bureau.said(BranchSilent)] == ["traffic", "planning"]
    assert statuses(bureau.case()) == {"traffic": "silent", "planning": "silent", "decision": "open"}
    assert bureau.dates(SILENCE) == {}


def test_an_answer_in_the_queue_before_the_silence_wins(bureau: Bureau) -> None:
    """The worker was down past the due date: a timely answer and the silence wait in the same queue."""
    bureau.accept(advertising())
    silence = past_due(bureau, no(1))
    timely = bureau.told(answer(no(1), "GA", "agree_with_conditions"), ago=timedelta(hours=2))
    bureau.say([timely, bureau.told(silence)], handlers.record_answers)
    assert (bureau.branch("traffic").status, bureau.branch("traffic").answer) == (
        "answered",
        "agree_with_conditions",
    )
    assert bureau.said(BranchSilent) == []


def test_a_timely_answer_behind_the_silence_still_wins_while_nothing_is_decided(bureau: Bureau) -> None:
    bureau.accept(advertising())
    bureau.reply(past_due(bureau, no(1)))
    bureau.reply(answer(no(1), "GA", "agree_with_conditions"), ago=timedelta(hours=2))
    assert bureau.branch("traffic").answer == "agree_with_conditions"
    assert bureau.rejected() == []


def test_an_answer_that_came_late_does_not_undo_the_silence(bureau: Bureau) -> None:
    bureau.accept(advertising())
    bureau.reply(past_due(bureau, no(1)))
    bureau.reply(answer(no(1), "GA", "agree_with_conditions"))
    assert bureau.branch("traffic").status == "silent"
    assert bureau.rejected() == [(no(1), "GA", "not_open")]


def test_an_answer_after_the_due_date_but_before_the_silence_is_taken(bureau: Bureau) -> None:
    bureau.accept(advertising())
    silence = past_due(bureau, no(1))
    bureau.reply(answer(no(1), "GA", "agree_with_conditions"), silence)
    assert bureau.branch("traffic").status == "answered"


def test_a_silence_that_is_not_due_any_more_changes_nothing(bureau: Bureau) -> None:
    bureau.accept(advertising())
    early = SilenceDue(application_no=NUMBER, branch_no=no(1))
    nowhere = SilenceDue(application_no="nowhere", branch_no="nowhere-01")
    escalates = SilenceDue(application_no=NUMBER, branch_no=no(3))
    bureau.reply(early, escalates, nowhere)
    silence = past_due(bureau, no(2))
    ask(bureau, "GJ", no(2), "area")
    bureau.reply(silence)
    assert bureau.said(BranchSilent) == []


def test_what_passes_its_limit_is_escalated_once_and_still_answered(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    for _ in range(2):
        bureau.set_branch(no(1), statutory_due=bureau.now)
        bureau.set_due(OVERDUE, no(1), bureau.now)
        timerows.sweep(bureau.database, OVERDUE, handlers.escalate)
    assert [e.branch.branch_no for e in bureau.said(BranchOverdue)] == [no(1)]
    assert bureau.branch("food").overdue
    bureau.reply(answer(no(1), "SJ"))
    assert bureau.branch("food").status == "answered"
    assert len(bureau.said(LicenceIssued)) == 1


def test_a_date_of_a_case_that_is_over_escalates_nothing(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    bureau.reply(answer(no(1), "SJ"))
    bureau.set_due(OVERDUE, no(1), bureau.now)
    bureau.set_due(OVERDUE, "nowhere-01", bureau.now)
    assert timerows.sweep(bureau.database, OVERDUE, handlers.escalate) == 2
    assert bureau.said(BranchOverdue) == []


def test_a_clock_that_jumped_decides_nothing(bureau: Bureau) -> None:
    bureau.accept(advertising())
    with bureau.database.transaction() as uow:
        uow.schedule_many(SILENCE, {f"{n}-01": uow.now for n in range(timerows.BREAKER + 1)})
    assert timerows.sweep(bureau.database, SILENCE, handlers.send_silence) == 0
    assert bureau.addressed() == []
