"""Signing in, staying so, signing out."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import delete, func, or_, select

from chassis.uow import UnitOfWork
from services.identity import keys
from services.identity.domain import SESSION_LIVES, Account, Origin, Session
from services.identity.handlers.accounts import locked
from services.identity.orm import session as session_table


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in hands out."""

    account: Account
    access_token: str
    refresh_token: str


def sign_in(account_id: str, uow: UnitOfWork, origin: Origin | None = None) -> SignedIn:
    """Start a session for somebody whose password was right. Sessions that are over are forgotten."""
    account = locked(account_id, uow)
    over = or_(session_table.c.ended_at.is_not(None), session_table.c.started_at < uow.now - SESSION_LIVES)
    uow.session.execute(delete(session_table).where(session_table.c.account_id == account_id, over))
    token = secrets.token_urlsafe(32)
    session = account.sign_in(uuid4().hex, _hash(token), uow.now, origin)
    uow.session.add(session)
    access = keys.access_token(account, session.renewed_at, uow, session_id=session.session_id)
    return SignedIn(account, access, f"{session.session_id}.{token}")


def refresh(refresh_token: str, uow: UnitOfWork) -> SignedIn | None:
    """A new pair for an old one; None when it no longer counts. A token used twice ends its session,
    so what was done is to be committed in either case."""
    session_id, _, token = refresh_token.partition(".")
    account_id = uow.session.scalar(
        select(session_table.c.account_id).where(session_table.c.session_id == session_id)
    )
    if account_id is None:
        return None
    account = locked(account_id, uow)
    session = uow.lock(Session, [session_id]).get(session_id)
    following = secrets.token_urlsafe(32)
    if session is None or not session.renew(_hash(token), _hash(following), uow.now):
        return None
    access = keys.access_token(account, session.renewed_at, uow, session_id=session_id)
    return SignedIn(account, access, f"{session_id}.{following}")


def sign_out_everywhere(account_id: str, uow: UnitOfWork) -> None:
    """End all sessions of the account, on every device. Raises `UnknownAccount`."""
    account = locked(account_id, uow)
    mine = session_table.c.account_id == account_id
    last_issued = uow.session.scalar(select(func.max(session_table.c.renewed_at)).where(mine))
    uow.session.execute(delete(session_table).where(mine))
    uow.emit(account.sign_out_everywhere(last_issued, uow.now))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
