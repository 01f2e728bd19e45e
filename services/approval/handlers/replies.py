"""What departments' systems answer over the broker, and the silence behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import structlog

from chassis import metrics
from chassis.consume import Delivery
from chassis.departments import department_of, user_of
from chassis.uow import NotYet, UnitOfWork
from contracts import Event
from contracts.approval import ReplyRejected, SilenceDue
from contracts.cloudevents import Envelope
from contracts.departments import AnswerGiven
from services.approval.domain import (
    AT_WORK,
    Case,
    IllegalMove,
    Incomplete,
    NotAllowed,
    UnknownBranch,
    application_of,
)
from services.approval.handlers.work import (
    LONGEST_CODE,
    LONGEST_NUMBER,
    UnknownDepartment,
    Work,
    competent_department,
    keep_rejected,
)

log = structlog.get_logger()

REPLIES = "approval.replies"
EARLY = timedelta(minutes=1)
"""How long an answer may wait for the event it has overtaken."""
READABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What of a reply that is refused may stand in an event."""
UNREADABLE = "unreadable"
Reason = Literal[
    "not_you", "unreadable", "not_yours", "not_open", "not_allowed", "unknown_branch", "incomplete"
]


def record_answers(events: list[Envelope], uow: UnitOfWork) -> None:
    """Take departments' answers from the reply queue, and what falls silent behind them.

    Who answers is who the broker says has sent it (`Envelope.sender`); what the platform itself puts into
    the queue has no sender.

    All cases of the batch are locked by one query. An answer counts by the moment the broker took it;
    one that can't be taken is kept and told to its author. Silence stands behind every answer that was
    taken before it, so it never overtakes one.

    An answer may have overtaken what lets it be taken (its case, the branch before it, a correction, a
    reassignment): it waits for that for `EARLY`, then it is rejected. Between an answer and a withdrawal,
    which both may be the last word, the one that is handled first counts.
    """
    work = Work({application_of(_branch_no(e)) for e in events}, uow)
    for envelope in events:
        event = envelope.event
        if isinstance(event, SilenceDue):
            if envelope.sender is not None:
                _reject(envelope, "", "not_you", work)
            elif (case := work.cases.get(event.application_no)) is not None:
                work.say(case, case.fall_silent(event.branch_no, work.calendar, uow.now))
        elif isinstance(event, AnswerGiven):
            _record_answer(envelope, event, work)
    work.finish()


def _branch_no(envelope: Envelope) -> str:
    event = envelope.event
    assert isinstance(event, AnswerGiven | SilenceDue)
    return event.branch_no


def _record_answer(envelope: Envelope, event: AnswerGiven, work: Work) -> None:
    if envelope.sender not in (None, user_of(event.department)):
        return _reject(envelope, event.branch_no, "not_you", work)
    case = work.cases.get(application_of(event.branch_no))
    taken_at = min(envelope.time, work.uow.now)
    may_wait = work.uow.now - taken_at < EARLY
    try:
        if case is None:
            if may_wait and len(event.branch_no) <= LONGEST_NUMBER:
                raise NotYet(envelope)
            raise UnknownBranch(event.branch_no)
        branch = case.branch(event.branch_no)
        is_theirs = branch.department == event.department
        if may_wait and not branch.is_finished and (branch.status not in AT_WORK or not is_theirs):
            raise NotYet(envelope)
        if not is_theirs:
            return _reject(envelope, event.branch_no, "not_yours", work)
        work.say(case, _answered(event, case, taken_at, work))
    except UnknownBranch:
        _reject(envelope, event.branch_no, "unknown_branch", work)
    except IllegalMove:
        _reject(envelope, event.branch_no, "not_open", work)
    except Incomplete:
        _reject(envelope, event.branch_no, "incomplete", work)
    except (NotAllowed, UnknownDepartment):
        _reject(envelope, event.branch_no, "not_allowed", work)


def _answered(event: AnswerGiven, case: Case, taken_at: datetime, work: Work) -> list[Event]:
    if event.answer == "not_competent":
        competent = competent_department(event.competent_department, event.department, work)
        return case.reassign(event.branch_no, competent, None)
    return case.answer(
        event.branch_no,
        event.answer,
        event.results,
        officer=None,
        taken_at=taken_at,
        calendar=work.calendar,
        now=work.uow.now,
    )


def _reject(envelope: Envelope, branch_no: str, reason: Reason, work: Work) -> None:
    """Keep it, and tell whoever sent it."""
    department = _author(envelope)
    work.reject(branch_no, department, reason)
    _tell(envelope.id, department, branch_no, reason, work.uow)


def reject_unreadable(delivery: Delivery, uow: UnitOfWork) -> None:
    """A reply nobody can read is kept as dead; whoever sent it is told."""
    if delivery.sender is not None:
        department = department_of(delivery.sender) or ""
        keep_rejected("", department, "unreadable", uow)
        _tell(UNREADABLE, department, "", "unreadable", uow)


def _author(envelope: Envelope) -> str:
    if envelope.sender is not None:
        return department_of(envelope.sender) or ""
    return str(getattr(envelope.event, "department", ""))


def _tell(reply_id: str, department: str, branch_no: str, reason: Reason, uow: UnitOfWork) -> None:
    metrics.REPLIES_REJECTED.labels(reason).inc()
    log.warning("reply_rejected", department=department[:LONGEST_CODE], reason=reason)
    if not department or len(department) > LONGEST_CODE:
        return
    told = ReplyRejected(
        reply_id=reply_id if READABLE.fullmatch(reply_id) else UNREADABLE,
        department=department,
        branch_no=branch_no if READABLE.fullmatch(branch_no) else None,
        reason=reason,
    )
    uow.emit(told, department=department)


def send_silence(branch_nos: Iterable[str], uow: UnitOfWork) -> None:
    """Dates of silence have come: put the question behind the answers that wait in the reply queue."""
    for branch_no in branch_nos:
        number = application_of(branch_no)
        uow.address(REPLIES, SilenceDue(application_no=number, branch_no=branch_no), case=number)
