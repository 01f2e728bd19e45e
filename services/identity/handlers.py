"""What is done with accounts and sessions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select

from chassis.uow import UnitOfWork
from services.identity import keys
from services.identity.domain import (
    SESSION_LIVES,
    Account,
    InvalidAccount,
    Kind,
    Session,
    SessionOver,
    WrongCredentials,
    check_new,
)
from services.identity.numbers import blind_index, is_credit_code, is_id_number, normalised
from services.identity.orm import account as account_table
from services.identity.orm import audit


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in hands out."""

    account: Account
    access_token: str
    refresh_token: str


def open_account(
    *,
    login: str,
    password: str | None,
    password_hash: str,
    kind: Kind,
    display_name: str,
    uow: UnitOfWork,
    roles: Iterable[str] = (),
    department: str | None = None,
    id_number: str | None = None,
    credit_code: str | None = None,
) -> Account:
    """Open an account. Raises `InvalidAccount` naming every wrong field.

    ``password`` None leaves its length unchecked (operator's and sample accounts).
    """
    roles = list(roles)
    wrong = check_new(
        login=login,
        password=password,
        display_name=display_name,
        roles=roles,
        department=department,
        kind=kind,
    )
    id_number = normalised(id_number) if id_number else None
    credit_code = normalised(credit_code) if credit_code else None
    if id_number and (kind == "firm" or not is_id_number(id_number)):
        wrong["id_number"] = "id_number"
    if credit_code and (kind != "firm" or not is_credit_code(credit_code)):
        wrong["credit_code"] = "credit_code"
    if kind == "firm" and not credit_code:
        wrong["credit_code"] = "needed"
    index = blind_index(uow.master_key, id_number) if id_number else None
    for name, value in (("login", login), ("id_index", index), ("credit_code", credit_code)):
        if value and name not in wrong and _is_taken(name, value, uow):
            wrong["id_number" if name == "id_index" else name] = "taken"
    if wrong:
        raise InvalidAccount(wrong)
    account = Account(
        account_id=uuid4().hex,
        login=login,
        kind=kind,
        display_name=display_name.strip(),
        password_hash=password_hash,
        roles=roles,
        department=department,
        id_number=id_number,
        id_index=index,
        credit_code=credit_code,
        created_at=uow.now,
    )
    uow.session.add(account)
    for event in account.opened():
        uow.emit(event, department=department)
    return account


def sign_in(account: Account | None, password_is_right: bool, uow: UnitOfWork) -> SignedIn:
    """Start a session. The password was checked outside, since that takes its time."""
    if account is None or not password_is_right:
        raise WrongCredentials
    token = secrets.token_urlsafe(32)
    session_id = uuid4().hex
    uow.session.add(
        Session(
            session_id=session_id, account_id=account.account_id, current=_hash(token), started_at=uow.now
        )
    )
    return SignedIn(account, keys.access_token(account, uow), f"{session_id}.{token}")


def refresh(refresh_token: str, uow: UnitOfWork) -> SignedIn:
    """A new pair for an old one. Raises `SessionOver`; a token used twice ends its session."""
    session_id, _, token = refresh_token.partition(".")
    session = uow.lock(Session, [session_id]).get(session_id)
    following = secrets.token_urlsafe(32)
    if session is None or not session.renew(_hash(token), _hash(following), uow.now):
        raise SessionOver
    account = uow.session.get_one(Account, session.account_id)
    if account.revoked_before is not None and account.revoked_before >= session.started_at:
        session.ended_at = uow.now
        raise SessionOver
    return SignedIn(account, keys.access_token(account, uow), f"{session_id}.{following}")


def sign_out_everywhere(account_id: str, uow: UnitOfWork) -> None:
    """End all sessions of the account, on every device, within about a second everywhere."""
    account = uow.lock(Account, [account_id])[account_id]
    for event in account.sign_out_everywhere(uow.now):
        uow.emit(event)


def read_names(account_ids: Iterable[str], reader: str, uow: UnitOfWork) -> list[dict[str, Any]]:
    """Display names by account, for staff; each reading is written down."""
    wanted = sorted(set(account_ids))
    found = uow.session.execute(
        select(account_table.c.account_id, account_table.c.display_name).where(
            account_table.c.account_id.in_(wanted)
        )
    ).all()
    if found:
        rows = [
            {"at": uow.now, "reader": reader, "act": "read_name", "subject": row.account_id} for row in found
        ]
        uow.session.execute(insert(audit), rows)
    return [{"account_id": row.account_id, "display_name": row.display_name} for row in found]


def _is_taken(column: str, value: str, uow: UnitOfWork) -> bool:
    query = select(account_table.c.account_id).where(account_table.c[column] == value)
    return uow.session.scalar(query) is not None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


LONGEST_SESSION_S = int(SESSION_LIVES.total_seconds())
