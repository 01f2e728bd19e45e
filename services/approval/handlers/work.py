"""What all handlers stand on: cases locked together, events and dates written together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Table, func, insert, select

from chassis.uow import UnitOfWork
from chassis.workdays import WorkCalendar
from contracts import Event
from contracts.approval import (
    BranchClaimed,
    BranchEvent,
    BranchOverdue,
    BranchReleased,
    ExtensionRequested,
    SignatureRequested,
)
from services.approval import replica
from services.approval.domain import Branch, Case, UnknownBranch, application_of
from services.approval.orm import next_revision, rejected_answer, write_new

SILENCE = "approval.silence"
OVERDUE = "approval.overdue"
SUPERVISION = "approval.supervision"
RECOUNT = "approval.recount"
GRACE = timedelta(minutes=15)
"""How long after a due date silence is first looked at (the city's rule)."""
NO_DATES = (BranchClaimed, BranchReleased, BranchOverdue, ExtensionRequested, SignatureRequested)
"""Branch events that move no date."""
LONGEST_NUMBER, LONGEST_CODE = 44, 16


class UnknownDepartment(ValueError):
    """Named as competent: no department of the city, or the one that asks."""


class Work:
    """The cases of one unit of work: locked together, their events and dates written together."""

    def __init__(self, numbers: Iterable[str], uow: UnitOfWork):
        self.uow = uow
        self.calendar: WorkCalendar = replica.calendar(uow.session)
        self.cases: dict[str, Case] = uow.lock(Case, numbers)
        self._found = set(self.cases)
        self._new: list[Case] = []
        self._changed: set[str] = set()
        self._rejected: list[dict[str, Any]] = []
        self._dates: dict[str, dict[str, datetime | None]] = {SILENCE: {}, OVERDUE: {}}
        for case in self.cases.values():
            procedure = replica.procedure(case.procedure_code, case.version, uow.session)
            assert procedure is not None, "a case is only opened with its procedure known"
            case.attach(procedure)

    def add(self, case: Case) -> None:
        """A new case. It is written when the work is finished."""
        self.cases[case.application_no] = case
        self._new.append(case)

    def say(self, case: Case, events: Iterable[Event]) -> None:
        """Emit, and note which dates come and go with it."""
        for event in events:
            self._changed.add(case.application_no)
            department = None
            if isinstance(event, BranchEvent):
                department = event.branch.department
                if not isinstance(event, NO_DATES):
                    self._note_dates(case, case.branch(event.branch.branch_no))
            self.uow.emit(event, case=case.application_no, department=department)

    @cached_property
    def departments(self) -> frozenset[str]:
        """Codes of the city's departments."""
        return frozenset(replica.department_names(self.uow.session))

    def reject(self, branch_no: str, department: str, reason: str) -> None:
        """Note an answer that could not be taken."""
        self._rejected.append(_rejected(branch_no, department, reason, self.uow))

    def finish(self) -> None:
        """Write new cases, revisions, dates and what was rejected: one statement each for all cases."""
        write_new(self._new, self.uow.session)
        if self._rejected:
            self.uow.session.execute(insert(rejected_answer), self._rejected)
        changed = sorted(self._found & self._changed)
        next_revision([self.cases[number] for number in changed], self.uow.session)
        for kind, dates in self._dates.items():
            self.uow.schedule_many(kind, {number: due for number, due in dates.items() if due is not None})
            self.uow.unschedule(kind, [number for number, due in dates.items() if due is None])

    def _note_dates(self, case: Case, branch: Branch) -> None:
        if branch.opened_at is None:
            return
        deemed = case.spec(branch).on_timeout == "deemed_agreed"
        due = case.silence_due(branch) if deemed else case.escalation_due(branch)
        if deemed and due is not None:
            due += GRACE
        self._dates[SILENCE if deemed else OVERDUE][branch.branch_no] = due


def move(
    branch_no: str,
    department: str | None,
    uow: UnitOfWork,
    make: Callable[[Case, Work], list[Event]],
) -> Branch:
    """Make a move on a branch of this department. Raises `UnknownBranch` for anybody else's."""
    number = application_of(branch_no)
    work = Work([number], uow)
    case = work.cases.get(number)
    if case is None or case.branch(branch_no).department != department:
        raise UnknownBranch(branch_no)
    work.say(case, make(case, work))
    work.finish()
    return case.branch(branch_no)


def next_number(table: Table, branch_no: str, uow: UnitOfWork) -> int:
    """The next of a branch's numbered rows; its case is locked."""
    query = select(func.count()).select_from(table).where(table.c.branch_no == branch_no)
    return (uow.session.scalar(query) or 0) + 1


def competent_department(code: str | None, own: str, work: Work) -> str:
    """The department named instead of ``own``. Raises `UnknownDepartment`."""
    if code is None or code == own or code not in work.departments:
        raise UnknownDepartment(code or "")
    return code


def keep_rejected(branch_no: str, department: str, reason: str, uow: UnitOfWork) -> None:
    """Write down an answer or a request that could not be taken."""
    uow.session.execute(insert(rejected_answer), [_rejected(branch_no, department, reason, uow)])


def _rejected(branch_no: str, department: str, reason: str, uow: UnitOfWork) -> dict[str, Any]:
    return {
        "branch_no": branch_no[:LONGEST_NUMBER],
        "department": department[:LONGEST_CODE],
        "reason": reason,
        "at": uow.now,
    }
