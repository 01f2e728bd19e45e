"""Accounts: who may exist, and what is checked before one does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from contracts.identity import AccountOpened, StaffChanged, TokensRevoked
from services.identity.domain.devices import Origin
from services.identity.domain.sessions import PASSWORD, Session
from services.identity.domain.units import is_place

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
    "platform_admin",
    "security_admin",
    "auditor",
)
"""What members of staff may be."""

SERVICE_ROLES = ("contact_reader", "certificate_library")
"""What services of the platform may be: they belong to no department."""
MACHINE_ROLES = ("department_system", *SERVICE_ROLES)
APART = frozenset({"platform_admin", "security_admin", "auditor"})
"""No two of these in one hand."""

EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,185}[a-zA-Z0-9])?")
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
DEPARTMENT = re.compile(r"[A-Z]{2,4}")
_INSTANT = timedelta(microseconds=1)
NO_PASSWORD = "none"
"""Where a hash would be: its holder signs in through another provider."""

Fields = dict[str, str]


class InvalidAccount(ValueError):
    """Every wrong field with its reason, a code of `services.identity.problems.REASONS`."""

    def __init__(self, fields: Fields):
        super().__init__(", ".join(f"{name}: {reason}" for name, reason in fields.items()))
        self.fields = fields


class NotYours(Exception):
    """Nobody administers their own account."""


class UnknownAccount(LookupError):
    """A token speaks of an account that is not here."""


class UnknownMember(LookupError):
    """No such member of staff."""


@dataclass(kw_only=True, eq=False)
class Account:
    """Somebody who can sign in. ``level`` is the real-name level, 0 to 3 (`domain.real_name`).
    ``revoked_before``: tokens issued earlier no longer count."""

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
    email: str | None = None
    phone: str | None = None
    level: int = 0
    created_at: datetime
    revoked_before: datetime | None = None
    has_initial_password: bool = False
    is_demonstration: bool = False
    suspended_at: datetime | None = None

    @property
    def has_password(self) -> bool:
        return self.password_hash != NO_PASSWORD

    def opened(self) -> AccountOpened:
        return AccountOpened(
            account_id=self.account_id, kind=self.kind, department=self.department, roles=tuple(self.roles)
        )

    def staff_changed(self) -> StaffChanged:
        return StaffChanged(
            account_id=self.account_id,
            department=self.department,
            roles=tuple(self.roles),
            is_suspended=self.suspended_at is not None,
        )

    def sign_in(
        self,
        session_id: str,
        token_hash: str,
        now: datetime,
        origin: Origin | None = None,
        began_by: str = PASSWORD,
    ) -> Session:
        """A session that begins after everything revoked so far."""
        origin = origin or Origin()
        moment = self.counts_from(now)
        return Session(
            session_id=session_id,
            account_id=self.account_id,
            current=token_hash,
            started_at=moment,
            renewed_at=moment,
            device=origin.device,
            address=origin.address,
            began_by=began_by,
        )

    def counts_from(self, now: datetime) -> datetime:
        """The first moment from ``now`` on of which a token is not refused as revoked."""
        return now if self.revoked_before is None else max(now, self.revoked_before + _INSTANT)

    def sign_out_everywhere(self, last_issued: datetime | None, now: datetime) -> TokensRevoked:
        """Every token issued so far is refused from now on, the one of ``last_issued`` included."""
        self.revoked_before = now if last_issued is None else max(now, last_issued + _INSTANT)
        return TokensRevoked(account_id=self.account_id, not_before=self.revoked_before)


def is_login(login: str) -> bool:
    return LOGIN.fullmatch(login) is not None


def is_name(name: str) -> bool:
    return 2 <= len(name.strip()) <= 50


def is_email(address: str) -> bool:
    """Whether mail could be sent there: one address, nothing around it."""
    return EMAIL.fullmatch(address) is not None and ".." not in address


def is_department(code: str) -> bool:
    return DEPARTMENT.fullmatch(code) is not None


def is_unit(code: str) -> bool:
    """Where staff may belong: a department, or one of the city's places."""
    return is_department(code) or is_place(code)


def wrong_roles(kind: Kind, roles: list[str]) -> str | None:
    """Why an account of this kind can't have these roles; None when it can."""
    known = {"staff": ROLES, "machine": MACHINE_ROLES}.get(kind, ())
    if not set(roles) <= set(known):
        return "unknown_role"
    return "apart" if len(APART & set(roles)) > 1 else None


def check_new(
    *,
    login: str,
    display_name: str,
    kind: Kind,
    roles: list[str],
    department: str | None,
    id_number: str | None,
    credit_code: str | None,
    email: str | None = None,
) -> Fields:
    """Wrong fields by reason; empty when the account may be opened.

    Whether the numbers are right in themselves is `services.identity.numbers`' business.
    """
    wrong: Fields = {}
    if not is_login(login):
        wrong["login"] = "login"
    if not is_name(display_name):
        wrong["display_name"] = "name"
    if (reason := wrong_roles(kind, roles)) is not None:
        wrong["roles"] = reason
    if kind == "machine" and roles and set(roles) <= set(SERVICE_ROLES):
        if department:
            wrong["department"] = "not_for_kind"
    elif kind in ("staff", "machine"):
        if not department:
            wrong["department"] = "needed"
        elif not (is_unit(department) if kind == "staff" else is_department(department)):
            wrong["department"] = "unit" if kind == "staff" else "department"
    elif department:
        wrong["department"] = "not_for_kind"
    if email is not None and not is_email(email):
        wrong["email"] = "email"
    return wrong | check_numbers(kind, id_number, credit_code)


def check_numbers(kind: str, id_number: str | None, credit_code: str | None) -> Fields:
    """A firm has a credit code and no ID number, everybody else no credit code."""
    wrong: Fields = {}
    if kind == "firm":
        if id_number:
            wrong["id_number"] = "not_for_kind"
        if not credit_code:
            wrong["credit_code"] = "needed"
    elif credit_code:
        wrong["credit_code"] = "not_for_kind"
    return wrong
