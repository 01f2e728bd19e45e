"""What is done with cases: by intake's events, by officers, by departments' systems and by time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from chassis.uow import NotYet, UnitOfWork
from chassis.workdays import WorkCalendar
from contracts import Event
from contracts.approval import (
    AnswerRejected,
    BranchAnswered,
    BranchDropped,
    BranchEvent,
    BranchOpened,
    BranchResumed,
    BranchSilent,
    BranchSuspended,
    SilenceDue,
)
from contracts.cloudevents import Envelope
from contracts.departments import AnswerGiven
from contracts.intake import ApplicationAccepted, ApplicationCorrected, WithdrawalRequested
from services.approval import replica
from services.approval.domain import (
    AlreadyAsked,
    Branch,
    Case,
    IllegalMove,
    Incomplete,
    NotAllowed,
    UnknownBranch,
    application_of,
)
from services.approval.orm import correction_request, opinion, pause_reason, rejected_answer

SILENCE = "approval.silence"
OVERDUE = "approval.overdue"
REPLIES = "approval.replies"
GRACE = timedelta(minutes=15)
"""How long after a due date silence is first looked at (the city's rule)."""

REASONS: dict[type[Exception], str] = {
    UnknownBranch: "unknown_branch",
    IllegalMove: "not_open",
    NotAllowed: "not_allowed",
    Incomplete: "incomplete",
}


class UnknownDepartment(ValueError):
    """Somebody named a department the city doesn't have."""


class Work:
    """The cases of one unit of work: locked together, their events and dates written together."""

    def __init__(self, numbers: Iterable[str], uow: UnitOfWork):
        self.uow = uow
        self.calendar: WorkCalendar = replica.calendar(uow.session)
        self.cases: dict[str, Case] = uow.lock(Case, numbers)
        self._due: dict[str, dict[str, datetime]] = {SILENCE: {}, OVERDUE: {}}
        self._over: set[str] = set()
        for case in self.cases.values():
            procedure = replica.procedure(case.procedure_code, case.version, uow.session)
            assert procedure is not None, "a case is only opened with its procedure known"
            case.attach(procedure)

    def add(self, case: Case) -> None:
        self.cases[case.application_no] = case
        self.uow.session.add(case)

    def say(self, case: Case, events: Iterable[Event]) -> None:
        """Emit, and note which dates come and go with it."""
        for event in events:
            department = None
            if isinstance(event, BranchEvent):
                department = event.branch.department
                self._note_dates(case, event)
            self.uow.emit(event, case=case.application_no, department=department)

    def finish(self) -> None:
        """Write the dates: one statement a kind."""
        for kind, due in self._due.items():
            self.uow.schedule_many(kind, due)
            self.uow.unschedule(kind, self._over - due.keys())

    def _note_dates(self, case: Case, event: BranchEvent) -> None:
        branch = case.branch(event.branch.branch_no)
        number = branch.branch_no
        if isinstance(event, BranchOpened | BranchResumed):
            self._over.discard(number)
            if case.spec(branch).on_timeout == "deemed_agreed" and branch.promised_due is not None:
                self._due[SILENCE][number] = branch.promised_due + GRACE
            if (due := branch.statutory_due or branch.promised_due) is not None and not branch.overdue:
                self._due[OVERDUE][number] = due
        elif isinstance(event, BranchAnswered | BranchDropped | BranchSilent | BranchSuspended):
            for dates in self._due.values():
                dates.pop(number, None)
            if event.branch.opened_at is not None:
                self._over.add(number)


def follow_intake(events: list[Envelope], uow: UnitOfWork) -> None:
    """Open cases for accepted applications; take corrections and withdrawals."""
    work = Work({e.subject for e in events}, uow)
    for envelope in sorted(events, key=lambda e: not isinstance(e.event, ApplicationAccepted)):
        event = envelope.event
        case = work.cases.get(envelope.subject)
        if isinstance(event, ApplicationAccepted):
            if case is None:
                _open(envelope, event, work)
            continue
        if case is None:
            raise NotYet(envelope)
        if isinstance(event, WithdrawalRequested):
            work.say(case, case.withdraw(uow.now))
        elif isinstance(event, ApplicationCorrected):
            _correct(envelope, event, case, work)
    work.finish()


def _open(envelope: Envelope, event: ApplicationAccepted, work: Work) -> None:
    procedure = replica.procedure(event.procedure, event.version, work.uow.session)
    if procedure is None:
        raise NotYet(envelope)
    case, events = Case.open(event, procedure, work.calendar, work.uow.now)
    work.add(case)
    work.say(case, events)


def _correct(envelope: Envelope, event: ApplicationCorrected, case: Case, work: Work) -> None:
    if case.branch(event.branch_no).corrections < event.request:
        raise NotYet(envelope)
    work.say(case, case.corrected(event.branch_no, event.request, work.calendar, work.uow.now))
    answered = correction_request.c
    work.uow.session.execute(
        update(correction_request)
        .where(answered.branch_no == event.branch_no, answered.request == event.request)
        .values(answered_at=work.uow.now)
    )


def record_answers(events: list[Envelope], uow: UnitOfWork) -> None:
    """Take departments' answers from the reply queue, and what falls silent behind them.

    All cases of the batch are locked by one query. An answer counts by the moment the broker took it;
    one that can't be taken is kept and told to its author. Silence stands behind every answer that was
    taken before it, so it never overtakes one.
    """
    work = Work({application_of(_branch_no(e)) for e in events}, uow)
    for envelope in events:
        event = envelope.event
        if isinstance(event, SilenceDue):
            if (case := work.cases.get(event.application_no)) is not None:
                work.say(case, case.fall_silent(event.branch_no, work.calendar, uow.now))
        elif isinstance(event, AnswerGiven):
            _record_answer(event, min(envelope.time, uow.now), work)
    work.finish()


def _branch_no(envelope: Envelope) -> str:
    event = envelope.event
    assert isinstance(event, AnswerGiven | SilenceDue)
    return event.branch_no


def _record_answer(event: AnswerGiven, taken_at: datetime, work: Work) -> None:
    number = application_of(event.branch_no)
    try:
        case = work.cases.get(number)
        if case is None:
            raise UnknownBranch(event.branch_no)
        if case.branch(event.branch_no).department != event.department:
            _reject(event.branch_no, event.department, "not_yours", work.uow)
            return
        if event.answer == "not_competent":
            _demand_department(event.competent_department, work.uow)
            work.say(case, case.reassign(event.branch_no, event.competent_department or "", None))
            return
        events = case.answer(
            event.branch_no,
            event.answer,
            event.results,
            officer=None,
            taken_at=taken_at,
            calendar=work.calendar,
            now=work.uow.now,
        )
        work.say(case, events)
    except (UnknownBranch, IllegalMove, NotAllowed, Incomplete) as error:
        _reject(event.branch_no, event.department, REASONS[type(error)], work.uow)
    except UnknownDepartment:
        _reject(event.branch_no, event.department, "not_allowed", work.uow)


def claim(branch_no: str, officer: str, department: str | None, uow: UnitOfWork) -> Branch:
    """Take a branch, so that nobody else works on it. Raises `IllegalMove` naming who has it."""
    return _move(branch_no, department, uow, lambda case, _: case.claim(branch_no, officer))


def release(branch_no: str, officer: str, department: str | None, uow: UnitOfWork) -> Branch:
    return _move(branch_no, department, uow, lambda case, _: case.release(branch_no, officer))


def answer(
    branch_no: str,
    command: Mapping[str, Any],
    author: str,
    officer: str | None,
    department: str,
    uow: UnitOfWork,
) -> Branch:
    """Answer over HTTP. ``officer`` None is the department's system, which need not claim.

    Raises `IllegalMove`, `NotAllowed`, `Incomplete`, `UnknownBranch`, `UnknownDepartment`.
    """
    given = command["answer"]

    def move(case: Case, work: Work) -> list[Event]:
        if given == "not_competent":
            _demand_department(command.get("competent_department"), uow)
            return case.reassign(branch_no, command["competent_department"], officer)
        return case.answer(
            branch_no,
            given,
            command.get("results") or {},
            officer=officer,
            taken_at=uow.now,
            calendar=work.calendar,
            now=uow.now,
        )

    found = _reject_if_over(branch_no, department, uow, move)
    words = {name: command[name] for name in ("opinion", "conditions", "note") if command.get(name)}
    uow.session.execute(
        insert(opinion),
        {"branch_no": branch_no, "at": uow.now, "author": author, "answer": given, "words": words},
    )
    return found


def ask_correction(
    branch_no: str,
    requests: Sequence[Mapping[str, str]],
    author: str,
    officer: str | None,
    department: str,
    uow: UnitOfWork,
) -> Branch:
    """Ask the applicant to put fields right, everything once. Raises `AlreadyAsked`, `IllegalMove`."""
    table = correction_request.c
    earlier = uow.session.scalars(select(table.fields).where(table.branch_no == branch_no))
    asked = {field for fields in earlier for field in fields}
    fields = [request["field"] for request in requests]
    try:
        found = _move(
            branch_no,
            department,
            uow,
            lambda case, _: case.ask_correction(branch_no, asked, fields, officer, uow.now),
        )
    except AlreadyAsked:
        _keep_rejected(branch_no, department, "asked_twice", uow)
        raise
    uow.session.execute(
        insert(correction_request),
        {
            "branch_no": branch_no,
            "request": found.corrections,
            "fields": fields,
            "reasons": [dict(request) for request in requests],
            "asked_by": author,
            "asked_at": uow.now,
        },
    )
    return found


def suspend(
    branch_no: str, ground: Any, reason: str, officer: str | None, department: str, uow: UnitOfWork
) -> Branch:
    """Stop both clocks on a ground of art. 45; the reason is told to the applicant."""
    found = _move(
        branch_no, department, uow, lambda case, _: case.suspend(branch_no, ground, officer, uow.now)
    )
    values = {"branch_no": branch_no, "number": len(found.pauses), "reason": reason}
    uow.session.execute(insert(pause_reason), values)
    return found


def resume(branch_no: str, department: str, uow: UnitOfWork) -> Branch:
    return _move(
        branch_no, department, uow, lambda case, work: case.resume(branch_no, work.calendar, uow.now)
    )


def send_silence(branch_nos: Iterable[str], uow: UnitOfWork) -> None:
    """Dates of silence have come: put the question behind the answers that wait in the reply queue."""
    for branch_no in branch_nos:
        number = application_of(branch_no)
        uow.address(REPLIES, SilenceDue(application_no=number, branch_no=branch_no), case=number)


def escalate(branch_nos: Iterable[str], uow: UnitOfWork) -> None:
    """Limits have passed: mark what is still unanswered as overdue."""
    numbers = {branch_no: application_of(branch_no) for branch_no in branch_nos}
    work = Work(numbers.values(), uow)
    for branch_no, number in numbers.items():
        if (case := work.cases.get(number)) is not None:
            work.say(case, case.mark_overdue(branch_no, uow.now))
    work.finish()


def _move(
    branch_no: str,
    department: str | None,
    uow: UnitOfWork,
    move: Callable[[Case, Work], list[Event]],
) -> Branch:
    """Make a move on a branch of this department. Raises `UnknownBranch` for anybody else's."""
    number = application_of(branch_no)
    work = Work([number], uow)
    case = work.cases.get(number)
    if case is None or case.branch(branch_no).department != department:
        raise UnknownBranch(branch_no)
    work.say(case, move(case, work))
    work.finish()
    return case.branch(branch_no)


def _reject_if_over(
    branch_no: str, department: str, uow: UnitOfWork, move: Callable[[Case, Work], list[Event]]
) -> Branch:
    """Like `_move`; an answer that comes after the end is kept as rejected."""
    try:
        return _move(branch_no, department, uow, move)
    except IllegalMove as error:
        if error.state == "dropped":
            _keep_rejected(branch_no, department, "not_open", uow)
        raise


def _demand_department(code: str | None, uow: UnitOfWork) -> None:
    if code is None or not replica.knows_department(code, uow.session):
        raise UnknownDepartment(code or "")


def _reject(branch_no: str, department: str, reason: Any, uow: UnitOfWork) -> None:
    _keep_rejected(branch_no, department, reason, uow)
    number = application_of(branch_no)
    event = AnswerRejected(application_no=number, branch_no=branch_no, department=department, reason=reason)
    uow.emit(event, case=number, department=department)


def _keep_rejected(branch_no: str, department: str, reason: str, uow: UnitOfWork) -> None:
    values = {"branch_no": branch_no[:44], "department": department[:16], "reason": reason, "at": uow.now}
    uow.session.execute(insert(rejected_answer), values)
