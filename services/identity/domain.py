"""Accounts: who may exist, what is checked before one does, and sessions that renew themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from contracts import Event
from contracts.identity import AccountOpened, TokensRevoked

Kind = Literal["person", "firm", "staff", "machine"]

ROLES = (
    "acceptance_clerk",
    "window_clerk",
    "issuing_clerk",
    "officer",
    "reviewer",
    "approver",
    "hall_manager",
    "helper",
    "catalogue_editor",
    "catalogue_reviewer",
    "supervisor",
    "rating_verifier",
    "leader",
    "department_it",
    "department_system",
    "platform_admin",
    "security_admin",
    "auditor",
)
APART = frozenset({"platform_admin", "security_admin", "auditor"})
"""No two of these in one hand."""

SESSION_LIVES = timedelta(hours=12)
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
MIN_PASSWORD = 10

Fields = dict[str, str]


class InvalidAccount(ValueError):
    """Every wrong field with its reason, a code of `services.identity.problems.REASONS`."""

    def __init__(self, fields: Fields):
        super().__init__(", ".join(f"{name}: {reason}" for name, reason in fields.items()))
        self.fields = fields


class WrongCredentials(Exception):
    """No such account, or not this password; which one is never told."""


class SessionOver(Exception):
    """The refresh token is unknown, used up, expired or revoked."""


@dataclass(kw_only=True, eq=False)
class Account:
    """Somebody who can sign in. ``revoked_before``: tokens issued earlier no longer count."""

    account_id: str
    login: str
    kind: Kind
    display_name: str
    password_hash: str
    roles: list[str] = field(default_factory=list)
    department: str | None = None
    id_number: str | None = None
    id_index: str | None = None
    credit_code: str | None = None
    created_at: datetime
    revoked_before: datetime | None = None

    def opened(self) -> list[Event]:
        return [
            AccountOpened(
                account_id=self.account_id,
                kind=self.kind,
                department=self.department,
                roles=tuple(self.roles),
            )
        ]

    def sign_out_everywhere(self, now: datetime) -> list[Event]:
        """Every token issued so far is refused from now on."""
        self.revoked_before = now
        return [TokensRevoked(account_id=self.account_id, not_before=now)]


@dataclass(kw_only=True, eq=False)
class Session:
    """One sign-in. ``current`` is the hash of the one refresh token that still counts."""

    session_id: str
    account_id: str
    current: str
    started_at: datetime
    ended_at: datetime | None = None

    def renew(self, presented: str, following: str, now: datetime) -> bool:
        """Exchange the refresh token for the following one. A token presented twice ends the whole
        session (it was stolen, or its thief was robbed); returns whether it was the right one."""
        if self.ended_at is not None or now - self.started_at > SESSION_LIVES:
            return False
        if presented != self.current:
            self.ended_at = now
            return False
        self.current = following
        return True


def check_new(
    *,
    login: str,
    password: str | None,
    display_name: str,
    roles: list[str],
    department: str | None,
    kind: Kind,
) -> Fields:
    """Wrong fields by reason; empty when the account may be opened."""
    wrong: Fields = {}
    if not LOGIN.fullmatch(login):
        wrong["login"] = "login"
    if password is not None and len(password) < MIN_PASSWORD:
        wrong["password"] = "short"
    if not 2 <= len(display_name.strip()) <= 50:
        wrong["display_name"] = "name"
    if unknown := [r for r in roles if r not in ROLES]:
        wrong["roles"] = "unknown_role" if unknown else ""
    elif len(APART & set(roles)) > 1:
        wrong["roles"] = "apart"
    if kind == "staff" and not department:
        wrong["department"] = "needed"
    return wrong
