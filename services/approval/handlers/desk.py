"""What officers and departments' systems do over HTTP, and what time does to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select

from chassis.uow import UnitOfWork
from contracts import Event
from services.approval.domain import AlreadyAsked, Branch, Case, IllegalMove, UnknownBranch, application_of
from services.approval.handlers.work import Work, competent_department, keep_rejected
from services.approval.orm import correction_request, opinion, pause_reason


def claim(branch_no: str, officer: str, department: str | None, uow: UnitOfWork) -> Branch:
    """Take a branch, so that nobody else works on it. Raises `IllegalMove` naming who has it."""
    return _move(branch_no, department, uow, lambda case, _: case.claim(branch_no, officer))


def release(branch_no: str, officer: str, department: str | None, uow: UnitOfWork) -> Branch:
    """Give a branch back. Raises `IllegalMove` when somebody else has it."""
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
            competent = competent_department(command.get("competent_department"), department, work)
            return case.reassign(branch_no, competent, officer)
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
    fields = [request["field"] for request in requests]

    def move(case: Case, _: Work) -> list[Event]:
        asked = _asked_before(branch_no, uow)
        return case.ask_correction(branch_no, asked, fields, officer, uow.now)

    try:
        found = _reject_if_over(branch_no, department, uow, move)
    except AlreadyAsked:
        keep_rejected(branch_no, department, "asked_twice", uow)
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


def _asked_before(branch_no: str, uow: UnitOfWork) -> set[str]:
    table = correction_request.c
    earlier = uow.session.scalars(select(table.fields).where(table.branch_no == branch_no))
    return {field for fields in earlier for field in fields}


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
    """What stopped both clocks is over. Raises `IllegalMove` while a correction is waited for."""
    return _move(
        branch_no, department, uow, lambda case, work: case.resume(branch_no, work.calendar, uow.now)
    )


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
            keep_rejected(branch_no, department, "not_open", uow)
        raise
