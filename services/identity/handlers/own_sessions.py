"""Ending some of an account's sessions from another one."""

from __future__ import annotations

from sqlalchemy import select

from chassis.uow import UnitOfWork
from contracts.identity import SessionRevoked
from services.identity.domain import Session
from services.identity.handlers.accounts import locked
from services.identity.orm import session as session_table


class UnknownSession(LookupError):
    """No such session of this account, or it is over."""


def revoke_session(account_id: str, session_id: str, uow: UnitOfWork) -> None:
    """Sign out on one device. Raises `UnknownSession`, also for another account's session."""
    locked(account_id, uow)
    session = uow.lock(Session, [session_id]).get(session_id)
    if session is None or session.account_id != account_id or session.ended_at is not None:
        raise UnknownSession(session_id)
    _end(session, uow)


def revoke_other_sessions(account_id: str, kept: str | None, uow: UnitOfWork) -> int:
    """Sign out everywhere but in the session ``kept``; returns of how many devices."""
    locked(account_id, uow)
    table = session_table.c
    others = uow.session.scalars(
        select(table.session_id).where(
            table.account_id == account_id, table.ended_at.is_(None), table.session_id != (kept or "")
        )
    ).all()
    for session in uow.lock(Session, others).values():
        _end(session, uow)
    return len(others)


def _end(session: Session, uow: UnitOfWork) -> None:
    session.ended_at = uow.now
    uow.emit(SessionRevoked(session_id=session.session_id, account_id=session.account_id, ended_at=uow.now))
