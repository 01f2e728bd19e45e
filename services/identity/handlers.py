"""What is done with accounts and sessions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from chassis.uow import UnitOfWork
from services.identity import keys
from services.identity.domain import (
    SESSION_LIVES,
    Account,
    Fields,
    InvalidAccount,
    Kind,
    Session,
    UnknownAccount,
    check_new,
    is_email,
)
from services.identity.numbers import blind_index, is_credit_code, is_id_number, normalised
from services.identity.orm import account as account_table
from services.identity.orm import audit
from services.identity.orm import session as session_table


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in hands out."""

    account: Account
    access_token: str
    refresh_token: str


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
    opened_by: str | None = None,
) -> Account:
    """Open an account. Raises `InvalidAccount` naming every wrong field.

    ``opened_by`` is the account of whoever opens it for somebody else; that is written down.
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
        created_at=uow.now,
    )
    if wrong := _taken(account, uow) | wrong:
        raise InvalidAccount(wrong)
    try:
        with uow.session.begin_nested():
            uow.session.add(account)
    except IntegrityError:  # somebody was faster by a moment
        raise InvalidAccount(_taken(account, uow)) from None
    if opened_by is not None:
        _write_down(opened_by, "open_account", [account.account_id], uow)
    uow.emit(account.opened(), department=department)
    return account


def sign_in(account_id: str, uow: UnitOfWork) -> SignedIn:
    """Start a session for somebody whose password was right. Sessions that are over are forgotten."""
    account = _locked(account_id, uow)
    over = or_(session_table.c.ended_at.is_not(None), session_table.c.started_at < uow.now - SESSION_LIVES)
    uow.session.execute(delete(session_table).where(session_table.c.account_id == account_id, over))
    token = secrets.token_urlsafe(32)
    session = account.sign_in(uuid4().hex, _hash(token), uow.now)
    uow.session.add(session)
    return SignedIn(
        account, keys.access_token(account, session.renewed_at, uow), f"{session.session_id}.{token}"
    )


def refresh(refresh_token: str, uow: UnitOfWork) -> SignedIn | None:
    """A new pair for an old one; None when it no longer counts. A token used twice ends its session,
    so what was done is to be committed in either case."""
    session_id, _, token = refresh_token.partition(".")
    account_id = uow.session.scalar(
        select(session_table.c.account_id).where(session_table.c.session_id == session_id)
    )
    if account_id is None:
        return None
    account = _locked(account_id, uow)
    session = uow.lock(Session, [session_id]).get(session_id)
    following = secrets.token_urlsafe(32)
    if session is None or not session.renew(_hash(token), _hash(following), uow.now):
        return None
    return SignedIn(account, keys.access_token(account, session.renewed_at, uow), f"{session_id}.{following}")


def sign_out_everywhere(account_id: str, uow: UnitOfWork) -> None:
    """End all sessions of the account, on every device. Raises `UnknownAccount`."""
    account = _locked(account_id, uow)
    mine = session_table.c.account_id == account_id
    last_issued = uow.session.scalar(select(func.max(session_table.c.renewed_at)).where(mine))
    uow.session.execute(delete(session_table).where(mine))
    uow.emit(account.sign_out_everywhere(last_issued, uow.now))


def read_names(
    account_ids: Iterable[str], reader: str, uow: UnitOfWork, *, masked: bool = False
) -> list[dict[str, Any]]:
    """Display names by account; each reading is written down. ``masked`` hides part of a person's name."""
    found = uow.session.execute(
        select(account_table.c.account_id, account_table.c.display_name, account_table.c.kind)
        .where(account_table.c.account_id.in_(sorted(set(account_ids))))
        .order_by(account_table.c.account_id)
    ).all()
    _write_down(reader, "read_name", [row.account_id for row in found], uow)
    return [
        {
            "account_id": row.account_id,
            "display_name": masked_name(row.display_name)
            if masked and row.kind == "person"
            else row.display_name,
        }
        for row in found
    ]


def masked_name(name: str) -> str:
    """沈佳禾 as 沈*禾, 顾珍 as 顾*."""
    return name[:1] + "*" * max(1, len(name) - 2) + (name[-1] if len(name) > 2 else "")


def read_own_data(account_id: str, purpose: str, uow: UnitOfWork) -> Account:
    """The caller's own data; the reading is written down. Raises `UnknownAccount`."""
    found = uow.session.get(Account, account_id)
    if found is None:
        raise UnknownAccount(account_id)
    _write_down(account_id, f"read_own_data:{purpose}", [account_id], uow)
    return found


def read_contacts(account_ids: Iterable[str], reader: str, uow: UnitOfWork) -> list[dict[str, Any]]:
    """Names and e-mail addresses by account, for a service that writes to people; each reading is
    written down."""
    table = account_table.c
    found = uow.session.execute(
        select(table.account_id, table.display_name, table.email)
        .where(table.account_id.in_(sorted(set(account_ids))))
        .order_by(table.account_id)
    ).all()
    _write_down(reader, "read_contact", [row.account_id for row in found], uow)
    return [dict(row._mapping) for row in found]


def set_email(account_id: str, email: str | None, uow: UnitOfWork) -> Account:
    """Keep where mail for this account goes; None: nowhere. Raises `InvalidAccount`, `UnknownAccount`."""
    if email is not None and not is_email(email):
        raise InvalidAccount({"email": "email"})
    account = _locked(account_id, uow)
    account.email = email
    return account


def _locked(account_id: str, uow: UnitOfWork) -> Account:
    account = uow.lock(Account, [account_id]).get(account_id)
    if account is None:
        raise UnknownAccount(account_id)
    return account


def _taken(account: Account, uow: UnitOfWork) -> Fields:
    table = account_table.c
    mine = {"login": account.login, "id_index": account.id_index, "credit_code": account.credit_code}
    rows = uow.session.execute(
        select(table.login, table.id_index, table.credit_code).where(
            or_(*(table[name] == value for name, value in mine.items() if value is not None))
        )
    )
    names = {
        name for row in rows for name in mine if mine[name] is not None and row._mapping[name] == mine[name]
    }
    return {"id_number" if name == "id_index" else name: "taken" for name in sorted(names)}


def _write_down(actor: str, act: str, subjects: list[str], uow: UnitOfWork) -> None:
    rows = [{"at": uow.now, "actor": actor, "act": act, "subject": subject} for subject in subjects]
    if rows:
        uow.session.execute(insert(audit), rows)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
