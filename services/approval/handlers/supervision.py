"""Past the limit by law 督办: a named person, a written answer, a clock."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from chassis.uow import UnitOfWork
from contracts import Event
from services.approval import replica
from services.approval.domain import Branch, Supervision, UnknownBranch, application_of
from services.approval.handlers.absence import APPROVER
from services.approval.handlers.work import SUPERVISION, Work, next_number
from services.approval.orm import supervision as table

ANSWER_WITHIN_DAYS = 3
"""Working days for the written answer (the city's rule)."""


class NotResponsible(Exception):
    """Only the one named, or the department's head, answers."""


def escalate(branch_nos: Iterable[str], uow: UnitOfWork) -> None:
    """Limits have passed: mark what is still unanswered as overdue, and supervise what the law limits."""
    numbers = {branch_no: application_of(branch_no) for branch_no in branch_nos}
    work = Work(numbers.values(), uow)
    for branch_no, number in numbers.items():
        if (case := work.cases.get(number)) is None:
            continue
        if events := case.mark_overdue(branch_no, uow.now):
            work.say(case, events)
            _open(case.branch(branch_no), work)
    work.finish()


def _open(branch: Branch, work: Work) -> None:
    if branch.statutory_due is None:
        return
    uow = work.uow
    heads = replica.staff_of(branch.department, uow.session, APPROVER)
    due = work.calendar.due(uow.now, ANSWER_WITHIN_DAYS, "working_days")
    number = next_number(table, branch.branch_no, uow)
    found, opened = Supervision.open(branch, number, min(heads, default=None), due, uow.now)
    uow.session.add(found)
    uow.emit(opened, case=branch.application_no, department=branch.department)
    uow.schedule(SUPERVISION, branch.branch_no, due)


def answer_supervision(
    branch_no: str, words: str, account: str, is_head: bool, department: str, uow: UnitOfWork
) -> Supervision:
    """The written answer. Raises `UnknownBranch`, `NotResponsible`, `IllegalMove`."""
    found = _locked(branch_no, uow)
    if found.department != department:
        raise UnknownBranch(branch_no)
    if account != found.responsible and not is_head:
        raise NotResponsible(branch_no)
    _say(found, found.give_answer(words, account, uow.now), uow)
    uow.unschedule(SUPERVISION, branch_no)
    return found


def close_supervision(branch_no: str, account: str, uow: UnitOfWork) -> Supervision:
    """The supervisor takes the answer. Raises `UnknownBranch`, `IllegalMove`."""
    found = _locked(branch_no, uow)
    _say(found, found.close(account, "accepted", uow.now), uow)
    return found


def end_moot(branch_no: str, uow: UnitOfWork) -> None:
    """The dates have moved and nothing was late; the case is locked."""
    found = newest(branch_no, uow)
    if found is not None and found.state != "closed":
        _say(found, found.close(None, "dates_moved", uow.now), uow)
        uow.unschedule(SUPERVISION, branch_no)


def remind(branch_nos: Iterable[str], uow: UnitOfWork) -> None:
    """Dates for written answers have come: say so where none is there."""
    wanted = list(branch_nos)
    Work({application_of(branch_no) for branch_no in wanted}, uow)
    for branch_no in wanted:
        found = newest(branch_no, uow)
        if found is not None and (told := found.remind(uow.now)) is not None:
            _say(found, told, uow)


def newest(branch_no: str, uow: UnitOfWork) -> Supervision | None:
    query = (
        select(Supervision)
        .where(table.c.branch_no == branch_no)
        .order_by(table.c.number.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return uow.session.scalar(query)


def _locked(branch_no: str, uow: UnitOfWork) -> Supervision:
    """Its case is locked first, as everywhere."""
    Work([application_of(branch_no)], uow)
    found = newest(branch_no, uow)
    if found is None:
        raise UnknownBranch(branch_no)
    return found


def _say(found: Supervision, event: Event, uow: UnitOfWork) -> None:
    uow.emit(event, case=found.application_no, department=found.department)
