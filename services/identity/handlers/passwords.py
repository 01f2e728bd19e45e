"""Changing passwords. Hashes are made outside transactions (`services.identity.passwords`)."""

from __future__ import annotations

from sqlalchemy import delete

from chassis.uow import UnitOfWork
from contracts.identity import SecurityChanged
from services.identity.domain import Account
from services.identity.handlers.accounts import locked
from services.identity.handlers.own_sessions import revoke_other_sessions
from services.identity.orm import challenge


def change_password(account_id: str, password_hash: str, kept: str | None, uow: UnitOfWork) -> None:
    """Somebody's own new password; the sessions but ``kept`` end. Raises `UnknownAccount`."""
    account = locked(account_id, uow)
    replace_password(account, password_hash, uow)
    revoke_other_sessions(account_id, kept, uow)


def forget_challenges(account_id: str, uow: UnitOfWork) -> None:
    """Sign-ins on their way began with a password that no longer counts."""
    uow.session.flush()
    uow.session.execute(delete(challenge).where(challenge.c.account_id == account_id))


def replace_password(account: Account, password_hash: str, uow: UnitOfWork) -> None:
    """The holder has chosen it: it is no initial one any more. The account is locked."""
    account.password_hash = password_hash
    account.has_initial_password = False
    forget_challenges(account.account_id, uow)
    uow.emit(SecurityChanged(account_id=account.account_id, change="password_changed"))
