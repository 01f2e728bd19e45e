"""Firms: founded with their first administrator."""

from __future__ import annotations

from sqlalchemy import select

from chassis.uow import UnitOfWork
from services.identity.domain import Account
from services.identity.handlers.accounts import open_account
from services.identity.orm import account as account_table

NO_PASSWORD = "!"
"""Nobody signs in with it: a firm is acted for."""


def found(credit_code: str, name: str, representative_account_id: str, uow: UnitOfWork) -> Account:
    """The account of the firm with this credit code, opened where there is none."""
    known = uow.session.scalars(select(Account).where(account_table.c.credit_code == credit_code)).first()
    if known is not None:
        return known
    return open_account(
        login=credit_code.lower(),
        password_hash=NO_PASSWORD,
        kind="firm",
        display_name=name,
        credit_code=credit_code,
        opened_by=representative_account_id,
        uow=uow,
    )
