"""What clients learn of an account, by scope. Never an ID number."""

from __future__ import annotations

from typing import Any

from services.identity.domain import Account
from services.identity.domain.clients import FIRM, PROFILE


def level_of(account: Account) -> int:
    """The real-name level, 0 to 3."""
    return int(getattr(account, "level", 0) or 0)


def acr(account: Account) -> str:
    """The same as an authentication context class."""
    return f"urn:onewindow:level:{level_of(account)}"


def user_info(account: Account, scope: str) -> dict[str, Any]:
    """The claims of ``/userinfo``."""
    scopes = scope.split()
    claims: dict[str, Any] = {"sub": account.account_id}
    if PROFILE in scopes:
        claims |= {
            "name": account.display_name,
            "account_kind": account.kind,
            "level": level_of(account),
        }
        if account.kind == "staff":
            claims |= {"department": account.department, "roles": list(account.roles)}
    if FIRM in scopes and account.kind == "firm":
        claims |= {"firm_name": account.display_name, "credit_code": account.credit_code}
    return claims
