"""Opening accounts and changing them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from chassis.uow import UnitOfWork
from services.identity.domain import (
    Account,
    Fields,
    InvalidAccount,
    Kind,
    UnknownAccount,
    check_new,
    is_email,
)
from services.identity.handlers.audit import write_down
from services.identity.numbers import blind_index, blind_indexes, is_credit_code, is_id_number, normalised
from services.identity.orm import account as account_table


def open_account(
    *,
    login: str,
    password_hash: str,
    kind: Kind,
    display_name: str,
    uow: UnitOfWork,
    roles: Iterable[str] = (),
    department: str | None = None,
    id_number: str | None = None,
    credit_code: str | None = None,
    email: str | None = None,
    level: int = 0,
    opened_by: str | None = None,
    has_initial_password: bool = False,
    is_demonstration: bool = False,
) -> Account:
    """Open an account. Raises `InvalidAccount` naming every wrong field.

    ``opened_by`` is the account of whoever opens it for somebody else; that is written down. An initial
    password has to be changed at the first sign-in; an account of a demonstration needs no second factor.
    """
    roles = list(roles)
    id_number = normalised(id_number) if id_number else None
    credit_code = normalised(credit_code) if credit_code else None
    wrong = check_new(
        login=login,
        display_name=display_name,
        kind=kind,
        roles=roles,
        department=department,
        id_number=id_number,
        credit_code=credit_code,
        email=email,
    )
    if id_number and not is_id_number(id_number):
        wrong["id_number"] = "id_number"
    if credit_code and not is_credit_code(credit_code):
        wrong["credit_code"] = "credit_code"
    account = Account(
        account_id=uuid4().hex,
        login=login,
        kind=kind,
        display_name=display_name.strip(),
        password_hash=password_hash,
        roles=roles,
        department=department,
        id_number=id_number,
        id_index=blind_index(uow.master_key, id_number) if id_number else None,
        credit_code=credit_code,
        email=email,
        level=level,
        created_at=uow.now,
        has_initial_password=has_initial_password,
        is_demonstration=is_demonstration,
    )
    if wrong := _taken(account, uow, id_number) | wrong:
        raise InvalidAccount(wrong)
    try:
        with uow.session.begin_nested():
            uow.session.add(account)
    except IntegrityError:  # somebody was faster by a moment
        raise InvalidAccount(_taken(account, uow, id_number)) from None
    if opened_by is not None:
        write_down(opened_by, "open_account", [account.account_id], uow)
    uow.emit(account.opened(), department=department)
    return account


def set_email(account_id: str, email: str | None, uow: UnitOfWork) -> Account:
    """Keep where mail for this account goes; None: nowhere. Raises `InvalidAccount`, `UnknownAccount`."""
    if email is not None and not is_email(email):
        raise InvalidAccount({"email": "email"})
    account = locked(account_id, uow)
    account.email = email
    return account


def locked(account_id: str, uow: UnitOfWork) -> Account:
    """The account, locked. Raises `UnknownAccount`."""
    account = uow.lock(Account, [account_id]).get(account_id)
    if account is None:
        raise UnknownAccount(account_id)
    return account


def _taken(account: Account, uow: UnitOfWork, id_number: str | None) -> Fields:
    table = account_table.c
    mine = {
        "login": [account.login],
        "id_index": blind_indexes(uow.master_key, id_number) if id_number else [],
        "credit_code": [account.credit_code] if account.credit_code else [],
    }
    rows = uow.session.execute(
        select(table.login, table.id_index, table.credit_code).where(
            or_(*(table[name].in_(values) for name, values in mine.items() if values))
        )
    )
    names = {name for row in rows for name in mine if row._mapping[name] in mine[name]}
    return {"id_number" if name == "id_index" else name: "taken" for name in sorted(names)}
