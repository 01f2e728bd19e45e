"""The read side."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity.domain import Account
from services.identity.orm import account as account_table


def by_login(login: str, session: Session) -> Account | None:
    return session.scalar(select(Account).where(account_table.c.login == login))


def view(account: Account) -> dict[str, Any]:
    """An account as its holder sees it: the ID number with its middle hidden."""
    number = account.id_number
    return {
        "account_id": account.account_id,
        "login": account.login,
        "kind": account.kind,
        "display_name": account.display_name,
        "roles": account.roles,
        "department": account.department,
        "id_number": f"{number[:6]}********{number[-4:]}" if number else None,
        "credit_code": account.credit_code,
    }
