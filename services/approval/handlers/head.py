"""What asks the department's head, and what the head decides: extensions and second signatures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, func, insert, select, update

from chassis.uow import UnitOfWork
from services.approval.domain import Branch
from services.approval.handlers.work import move, next_number
from services.approval.orm import extension, signature


def ask_extension(
    branch_no: str, days: int, reason: str, officer: str, department: str, uow: UnitOfWork
) -> Branch:
    """Ask for more days, with the reason the applicant will be told (art. 42).

    Raises `CannotExtend`, `IllegalMove`, `UnknownBranch`.
    """
    found = move(
        branch_no, department, uow, lambda case, _: case.ask_extension(branch_no, days, officer, uow.now)
    )
    uow.session.execute(
        insert(extension),
        {
            "branch_no": branch_no,
            "number": next_number(extension, branch_no, uow),
            "department": department,
            "days": days,
            "reason": reason,
            "asked_by": officer,
            "asked_at": uow.now,
        },
    )
    return found


def decide_extension(
    branch_no: str, approved: bool, reason: str, head: str, department: str, uow: UnitOfWork
) -> Branch:
    """The head's word on an extension. Raises `CannotExtend`, `IllegalMove`, `SameHand`, `UnknownBranch`."""
    found = move(
        branch_no,
        department,
        uow,
        lambda case, work: case.decide_extension(branch_no, approved, head, work.calendar, uow.now),
    )
    _note(extension, branch_no, {"approved": approved}, reason, head, uow)
    return found


def decide_signature(
    branch_no: str, signed: bool, reason: str, head: str, department: str, uow: UnitOfWork
) -> Branch:
    """The second signature, or back to the officer. Raises `IllegalMove`, `SameHand`, `UnknownBranch`."""
    found = move(
        branch_no,
        department,
        uow,
        lambda case, work: (
            case.sign(branch_no, head, work.calendar, uow.now) if signed else case.send_back(branch_no, head)
        ),
    )
    _note(signature, branch_no, {"signed": signed}, reason, head, uow)
    return found


def _note(
    table: Table, branch_no: str, decided: dict[str, Any], reason: str, head: str, uow: UnitOfWork
) -> None:
    newest = select(func.max(table.c.number)).where(table.c.branch_no == branch_no).scalar_subquery()
    uow.session.execute(
        update(table)
        .where(table.c.branch_no == branch_no, table.c.number == newest)
        .values(**decided, decided_by=head, decided_at=uow.now, decision_reason=reason)
    )
