"""What officers and departments' systems do over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from chassis.uow import UnitOfWork
from contracts import Event
from services.approval.certificates import AGREED, acknowledged, ended_of
from services.approval.domain import AlreadyAsked, Branch, Case, IllegalMove, UnknownBranch
from services.approval.handlers.absence import stands_in_for
from services.approval.handlers.work import Work, competent_department, keep_rejected, move, next_number
from services.approval.orm import branch, correction_request, opinion, pause_reason, signature

NEXT = 20
"""How many of the first are tried when somebody else is always faster."""


class NothingWaiting(LookupError):
    """Nobody's branches: there are none."""


def claim(branch_no: str, officer: str, department: str | None, uow: UnitOfWork) -> Branch:
    """Take a branch, so that nobody else works on it; from an absent colleague by whoever stands in.

    Raises `IllegalMove` naming who has it.
    """
    return move(
        branch_no,
        department,
        uow,
        lambda case, _: case.claim(
            branch_no, officer, stands_in_for(officer, department, uow.session, uow.now)
        ),
    )


def take_next(officer: str, department: str, uow: UnitOfWork) -> Branch:
    """Claim what is due by law first of all that nobody has. Raises `NothingWaiting`."""
    for branch_no in _next_open(department, uow):
        try:
            return claim(branch_no, officer, department, uow)
        except (IllegalMove, UnknownBranch):
            continue
    raise NothingWaiting


def _next_open(department: str, uow: UnitOfWork) -> list[str]:
    table = branch.c
    query = select(table.branch_no).where(
        table.department == department, table.status == "open", table.due_by_law.is_not(None)
    )
    return list(uow.session.scalars(query.order_by(table.due_by_law, table.branch_no).limit(NEXT)))


def release(branch_no: str, officer: str, department: str | None, uow: UnitOfWork) -> Branch:
    """Give a branch back. Raises `IllegalMove` when somebody else has it."""
    return move(branch_no, department, uow, lambda case, _: case.release(branch_no, officer))


def answer(
    branch_no: str,
    command: Mapping[str, Any],
    author: str,
    officer: str | None,
    department: str,
    uow: UnitOfWork,
) -> Branch:
    """Answer over HTTP. ``officer`` None is the department's system, which need not claim.

    An officer who agrees although a certificate has ended says so (``acknowledged``, by material); that is
    kept with the answer. Raises `IllegalMove`, `NotAllowed`, `Incomplete`, `UnknownBranch`,
    `UnknownDepartment`, `CertificateEnded`.
    """
    given = command["answer"]
    seen: list[dict[str, Any]] = []

    def given_answer(case: Case, work: Work) -> list[Event]:
        if given == "not_competent":
            competent = competent_department(command.get("competent_department"), department, work)
            return case.reassign(branch_no, competent, officer)
        events = case.answer(
            branch_no,
            given,
            command.get("results") or {},
            officer=officer,
            taken_at=uow.now,
            calendar=work.calendar,
            now=uow.now,
        )
        if given in AGREED and officer is not None:
            ended = ended_of([(case, case.branch(branch_no))], uow).get(branch_no, ())
            seen.extend(acknowledged(ended, command.get("acknowledged", ())))
        return events

    found = _reject_if_over(branch_no, department, uow, given_answer)
    keep_words(found, {**command, "ended": seen}, author, uow)
    return found


def keep_words(found: Branch, command: Mapping[str, Any], author: str, uow: UnitOfWork) -> None:
    """Write down what was said with an answer, and that a signature is waited for, if it is."""
    words = {name: command[name] for name in ("opinion", "conditions", "note", "ended") if command.get(name)}
    uow.session.execute(
        insert(opinion),
        {
            "branch_no": found.branch_no,
            "at": uow.now,
            "author": author,
            "answer": command["answer"],
            "words": words,
        },
    )
    if found.proposed is not None:
        uow.session.execute(
            insert(signature),
            {
                "branch_no": found.branch_no,
                "number": next_number(signature, found.branch_no, uow),
                "department": found.department,
                "answer": found.proposed,
                "proposed_by": author,
                "proposed_at": uow.now,
            },
        )


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

    def correction(case: Case, _: Work) -> list[Event]:
        asked = _asked_before(branch_no, uow)
        return case.ask_correction(branch_no, asked, fields, officer, uow.now)

    try:
        found = _reject_if_over(branch_no, department, uow, correction)
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
    branch_no: str,
    ground: Any,
    reason: str,
    officer: str | None,
    department: str,
    uow: UnitOfWork,
    expected_end: date | None = None,
) -> Branch:
    """Stop both clocks on a ground of art. 45; the reason and how long are told to the applicant."""
    found = move(
        branch_no, department, uow, lambda case, _: case.suspend(branch_no, ground, officer, uow.now)
    )
    values: dict[str, Any] = {"branch_no": branch_no, "number": len(found.pauses), "reason": reason}
    values["expected_end"] = expected_end
    uow.session.execute(insert(pause_reason), values)
    return found


def resume(branch_no: str, department: str, uow: UnitOfWork) -> Branch:
    """What stopped both clocks is over. Raises `IllegalMove` while a correction is waited for."""
    return move(branch_no, department, uow, lambda case, work: case.resume(branch_no, work.calendar, uow.now))


def _reject_if_over(
    branch_no: str, department: str, uow: UnitOfWork, make: Callable[[Case, Work], list[Event]]
) -> Branch:
    """Like `move`; an answer that comes after the end is kept as rejected."""
    try:
        return move(branch_no, department, uow, make)
    except IllegalMove as error:
        if error.state == "dropped":
            keep_rejected(branch_no, department, "not_open", uow)
        raise
