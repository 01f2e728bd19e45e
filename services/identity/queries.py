"""The read side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity.domain import Account, UnknownAccount
from services.identity.orm import account as table


class Login(NamedTuple):
    """What a password is checked against."""

    account_id: str
    password_hash: str


def login(name: str, session: Session) -> Login | None:
    """Whom a login belongs to."""
    row = session.execute(
        select(table.c.account_id, table.c.password_hash).where(table.c.login == name)
    ).first()
    return None if row is None else Login(*row)


def known_logins(names: Iterable[str], session: Session) -> set[str]:
    """Those of these logins that exist."""
    return set(session.scalars(select(table.c.login).where(table.c.login.in_(sorted(names)))))


def account(account_id: str, session: Session) -> Account:
    """Raises `UnknownAccount`."""
    found = session.get(Account, account_id)
    if found is None:
        raise UnknownAccount(account_id)
    return found
