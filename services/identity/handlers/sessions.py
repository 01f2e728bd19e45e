"""Signing in, staying so, signing out."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import delete, func, or_, select

from chassis.uow import UnitOfWork
from contracts.identity import SessionRevoked
from services.identity import keys
from services.identity.domain import SESSION_LIVES, Account, Origin, Session
from services.identity.domain.sessions import PASSWORD
from services.identity.handlers.accounts import locked
from services.identity.handlers.grants import end_grants
from services.identity.orm import session as session_table


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in hands out. ``sso`` is what a browser keeps in its cookie to be known again; a sign-in
    that goes on has it no more."""

    account: Account
    access_token: str
    refresh_token: str
    sso: str | None = None


def sign_in(
    account_id: str, uow: UnitOfWork, origin: Origin | None = None, began_by: str = PASSWORD
) -> SignedIn:
    """Start a session for somebody whose password was right, or who came by ``began_by``. Sessions that are
    over are forgotten."""
    account = locked(account_id, uow)
    over = or_(session_table.c.ended_at.is_not(None), session_table.c.started_at < uow.now - SESSION_LIVES)
    uow.session.execute(delete(session_table).where(session_table.c.account_id == account_id, over))
    token, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session = account.sign_in(uuid4().hex, _hash(token), uow.now, origin, began_by)
    session.browser = _hash(browser)
    uow.session.add(session)
    return SignedIn(
        account,
        keys.access_token(account, session.renewed_at, uow, session_id=session.session_id),
        f"{session.session_id}.{token}",
        f"{session.session_id}.{browser}",
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
    account = locked(account_id, uow)
    session = uow.lock(Session, [session_id]).get(session_id)
    following = secrets.token_urlsafe(32)
    if session is None or not session.renew(_hash(token), _hash(following), uow.now):
        if session is not None and session.ended_at == uow.now:
            end(session, uow)
        return None
    return SignedIn(
        account,
        keys.access_token(account, session.renewed_at, uow, session_id=session_id),
        f"{session_id}.{following}",
    )


def browser_session(sso: str, uow: UnitOfWork) -> tuple[Account, Session] | None:
    """Whose browser it is that keeps ``sso``, locked; None when that session is over."""
    session_id, _, secret = sso.partition(".")
    if not session_id.isalnum() or len(session_id) > 40:
        return None
    mine = select(session_table.c.account_id, session_table.c.browser).where(
        session_table.c.session_id == session_id
    )
    row = uow.session.execute(mine).first()
    if row is None or row.browser is None or not secrets.compare_digest(row.browser, _hash(secret)):
        return None
    return open_session(row.account_id, session_id, uow)


def open_session(account_id: str, session_id: str, uow: UnitOfWork) -> tuple[Account, Session] | None:
    """A session that goes on, with its account, both locked."""
    account = locked(account_id, uow)
    session = uow.lock(Session, [session_id]).get(session_id)
    return None if session is None or session.is_over(uow.now) else (account, session)


def end_session(account_id: str, session_id: str, uow: UnitOfWork) -> None:
    """Sign out of one session: its refresh tokens end, and clients that want to know are told."""
    found = open_session(account_id, session_id, uow)
    if found is not None:
        end(found[1], uow)


def end(session: Session, uow: UnitOfWork) -> None:
    """End a locked session: its tokens are refused everywhere within seconds, what clients were granted in it
    ends."""
    session.ended_at = uow.now
    end_grants([session.session_id], uow)
    uow.emit(SessionRevoked(session_id=session.session_id, account_id=session.account_id, ended_at=uow.now))


def sign_out_everywhere(account_id: str, uow: UnitOfWork) -> None:
    """End all sessions of the account, on every device. Raises `UnknownAccount`."""
    account = locked(account_id, uow)
    mine = session_table.c.account_id == account_id
    last_issued = uow.session.scalar(select(func.max(session_table.c.renewed_at)).where(mine))
    end_grants(uow.session.scalars(select(session_table.c.session_id).where(mine)).all(), uow)
    uow.session.execute(delete(session_table).where(mine))
    uow.emit(account.sign_out_everywhere(last_issued, uow.now))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
