"""Ending some of an account's sessions from another one."""

from __future__ import annotations

from sqlalchemy import select

from chassis.uow import UnitOfWork
from services.identity.domain import Session
from services.identity.handlers.accounts import locked
from services.identity.handlers.sessions import end
from services.identity.orm import session as session_table


class UnknownSession(LookupError):
    """No such session of this account, or it is over."""


def revoke_session(account_id: str, session_id: str, uow: UnitOfWork) -> None:
    """Sign out on one device. Raises `UnknownSession`, also for another account's session."""
    locked(account_id, uow)
    session = uow.lock(Session, [session_id]).get(session_id)
    if session is None or session.account_id != account_id or session.ended_at is not None:
        raise UnknownSession(session_id)
    end(session, uow)


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
        end(session, uow)
    return len(others)
