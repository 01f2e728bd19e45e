"""Administering staff: who may do what and belongs where. Each act is written down."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from chassis.uow import UnitOfWork
from contracts.identity import SecurityChanged
from services.identity.domain import (
    Account,
    Fields,
    InvalidAccount,
    NotYours,
    UnknownMember,
    is_unit,
    wrong_roles,
)
from services.identity.handlers.audit import write_down
from services.identity.handlers.passwords import forget_challenges
from services.identity.handlers.second_factor import factor_of, remove_second_factor
from services.identity.handlers.sessions import sign_out_everywhere
from services.identity.orm import unit


class NothingToReset(Exception):
    """The account has no second factor."""


def change_staff(
    account_id: str, *, roles: Iterable[str], department: str, by: str, uow: UnitOfWork
) -> Account:
    """Other roles or another department; every token issued before is refused from now on.

    Raises `UnknownMember`, `NotYours`, `InvalidAccount` with every wrong field.
    """
    account = _somebody_else(account_id, by, uow)
    roles = sorted(set(roles))
    wrong: Fields = {}
    if (reason := wrong_roles("staff", roles)) is not None:
        wrong["roles"] = reason
    if (reason := wrong_unit(department, uow)) is not None and department != account.department:
        wrong["department"] = reason
    if wrong:
        raise InvalidAccount(wrong)
    acts = [
        act
        for act, is_new in (
            ("change_roles", roles != sorted(account.roles)),
            ("change_department", department != account.department),
        )
        if is_new
    ]
    if not acts:
        return account
    account.roles, account.department = roles, department
    for act in acts:
        write_down(by, act, [account_id], uow)
    _tell(account, uow)
    return account


def suspend(account_id: str, by: str, uow: UnitOfWork) -> Account:
    """Nobody signs in by this account until it is resumed. Raises `UnknownMember`, `NotYours`."""
    account = _somebody_else(account_id, by, uow)
    if account.suspended_at is None:
        account.suspended_at = uow.now
        write_down(by, "suspend", [account_id], uow)
        _tell(account, uow)
    return account


def resume(account_id: str, by: str, uow: UnitOfWork) -> Account:
    """Raises `UnknownMember`, `NotYours`."""
    account = _somebody_else(account_id, by, uow)
    if account.suspended_at is not None:
        account.suspended_at = None
        write_down(by, "resume", [account_id], uow)
        uow.emit(account.staff_changed(), department=account.department)
    return account


def reset_password(account_id: str, password_hash: str, by: str, uow: UnitOfWork) -> Account:
    """An initial password once more: its holder has to change it. Raises `UnknownMember`, `NotYours`."""
    account = _somebody_else(account_id, by, uow)
    account.password_hash = password_hash
    account.has_initial_password = True
    forget_challenges(account_id, uow)
    write_down(by, "reset_password", [account_id], uow)
    uow.emit(SecurityChanged(account_id=account_id, change="password_reset"))
    sign_out_everywhere(account_id, uow)
    return account


def reset_second_factor(account_id: str, by: str, uow: UnitOfWork) -> Account:
    """The app was lost: its holder takes up another one at the next sign-in.

    Raises `UnknownMember`, `NotYours`, `NothingToReset`.
    """
    account = _somebody_else(account_id, by, uow)
    if factor_of(account_id, uow) is None:
        raise NothingToReset(account_id)
    remove_second_factor(account_id, uow, by_another=True)
    write_down(by, "reset_second_factor", [account_id], uow)
    sign_out_everywhere(account_id, uow)
    return account


def wrong_unit(code: str, uow: UnitOfWork) -> str | None:
    """Why nobody can belong there; None when they can. Before the catalogue has told anything, the form of
    the code alone counts."""
    if not is_unit(code):
        return "unit"
    table = unit.c
    told = uow.session.execute(select(table.is_gone).where(table.code == code)).first()
    if told is not None:
        return "unknown_unit" if told.is_gone else None
    return "unknown_unit" if uow.session.execute(select(table.code).limit(1)).first() else None


def _somebody_else(account_id: str, by: str, uow: UnitOfWork) -> Account:
    account = uow.lock(Account, [account_id]).get(account_id)
    if account is None or account.kind != "staff":
        raise UnknownMember(account_id)
    if account_id == by:
        raise NotYours(account_id)
    return account


def _tell(account: Account, uow: UnitOfWork) -> None:
    uow.emit(account.staff_changed(), department=account.department)
    sign_out_everywhere(account.account_id, uow)
