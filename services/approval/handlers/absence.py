"""Who stands in for whom while somebody is away 委托代办."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from contracts.approval import DelegationEnded, DelegationGiven
from services.approval import replica
from services.approval.orm import delegation

APPROVER = "approver"


class UnknownDelegation(LookupError):
    """No such delegation, or not this department's."""


class CannotDelegate(ValueError):
    """``field`` says what is wrong: absent, delegate or ends."""

    def __init__(self, field: str):
        super().__init__(field)
        self.field = field


def delegate(
    id: str,
    absent: str,
    delegate: str,
    begins: datetime,
    ends: datetime,
    given_by: str,
    department: str,
    uow: UnitOfWork,
) -> None:
    """Let ``delegate`` take over what ``absent`` holds, both of this department. Raises `CannotDelegate`."""
    colleagues = replica.staff_of(department, uow.session)
    if absent not in colleagues:
        raise CannotDelegate("absent")
    if delegate not in colleagues or delegate == absent:
        raise CannotDelegate("delegate")
    if ends <= max(begins, uow.now):
        raise CannotDelegate("ends")
    told = DelegationGiven(
        delegation_id=id,
        department=department,
        absent=absent,
        delegate=delegate,
        given_by=given_by,
        begins=begins,
        ends=ends,
    )
    values = told.to_data() | {"begins": begins, "ends": ends}
    values["id"] = values.pop("delegation_id")
    uow.session.execute(insert(delegation), values)
    uow.emit(told, department=department)


def end_delegation(id: str, account: str, department: str, is_head: bool, uow: UnitOfWork) -> None:
    """End it before its time: the one who was absent, or the head. Once ended it stays so.

    Raises `UnknownDelegation`.
    """
    table = delegation.c
    row = uow.session.execute(select(delegation).where(table.id == id).with_for_update()).one_or_none()
    if row is None or row.department != department or not (is_head or account in (row.absent, row.given_by)):
        raise UnknownDelegation(id)
    if row.ended_at is not None:
        return
    uow.session.execute(update(delegation).where(table.id == id).values(ended_at=uow.now))
    uow.emit(
        DelegationEnded(delegation_id=id, department=department, ended_at=uow.now), department=department
    )


def stands_in_for(account: str, department: str | None, session: Session, now: datetime) -> frozenset[str]:
    """For whom this account may act at this moment."""
    table = delegation.c
    query = select(table.absent).where(
        table.delegate == account,
        table.department == department,
        table.begins <= now,
        table.ends > now,
        table.ended_at.is_(None),
    )
    return frozenset(session.scalars(query))


def may_sign(account: str, roles: frozenset[str], department: str, session: Session, now: datetime) -> bool:
    """Whether this account decides as the department's head: by its role, or standing in for a head."""
    if APPROVER in roles:
        return True
    heads = replica.staff_of(department, session, APPROVER)
    return not stands_in_for(account, department, session, now).isdisjoint(heads)
