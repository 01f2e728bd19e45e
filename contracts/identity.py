"""What identity says: whom to trust, and who is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from contracts.base import Event, event


@event(subject="kid")
@dataclass(frozen=True, kw_only=True)
class SigningKeyPublished(Event):
    """A public key (P-256) that access tokens may be checked with from now until ``retired_at``."""

    kid: str
    x: str
    y: str
    retired_at: datetime | None = None


@event(subject="account_id")
@dataclass(frozen=True, kw_only=True)
class TokensRevoked(Event):
    """Tokens of this account issued before ``not_before`` are no longer accepted."""

    account_id: str
    not_before: datetime


@event(subject="session_id")
@dataclass(frozen=True, kw_only=True)
class SessionRevoked(Event):
    """No token of this session (claim ``sid``) is accepted any more; the account's others are."""

    session_id: str
    account_id: str
    ended_at: datetime


@event(subject="account_id")
@dataclass(frozen=True, kw_only=True)
class StaffChanged(Event):
    """A member of staff has these roles and belongs to this department from now on; the whole state.

    ``department`` is a department's code or a place's. Who is suspended can't sign in.
    """

    account_id: str
    department: str | None
    roles: tuple[str, ...]
    is_suspended: bool


@event(subject="account_id")
@dataclass(frozen=True, kw_only=True)
class SecurityChanged(Event):
    """Something about signing in to this account has changed that its holder should know of."""

    account_id: str
    change: Literal[
        "password_changed",
        "password_reset",
        "second_factor_added",
        "second_factor_removed",
        "second_factor_reset",
        "recovery_code_used",
        "recovery_codes_renewed",
        "new_device",
        "upstream_linked",
        "upstream_unlinked",
    ]


@event(subject="account_id")
@dataclass(frozen=True, kw_only=True)
class AccountOpened(Event):
    """An account exists: a citizen's, a firm's, a member of staff's or a machine's."""

    account_id: str
    kind: Literal["person", "firm", "staff", "machine"]
    department: str | None = None
    roles: tuple[str, ...] = ()


@event(subject="account_id")
@dataclass(frozen=True, kw_only=True)
class AccountClosed(Event):
    """Somebody has closed their account: what is kept of them without a legal duty is to be erased."""

    account_id: str
    kind: Literal["person", "firm"]


@event(subject="check_id")
@dataclass(frozen=True, kw_only=True)
class PhoneCodeWished(Event):
    """A code shall go to the phone of this account. Phone and code are read from identity, by ``check_id``,
    at the moment of sending."""

    check_id: str
    account_id: str
    expires_at: datetime


@event(subject="agency_id")
@dataclass(frozen=True, kw_only=True)
class AgencyGranted(Event):
    """A person may act for a firm from now on: as an administrator 管理员, or as an authorised agent 经办人.

    ``items`` are the codes of items and packages it is good for (none: all), ``until`` its last moment
    (none: until it is ended). Its end by time is not announced: whoever checks looks at the clock.
    """

    agency_id: str
    firm: str
    agent: str
    role: Literal["administrator", "agent"]
    items: tuple[str, ...] = ()
    until: datetime | None = None
    granted_at: datetime


@event(subject="agency_id")
@dataclass(frozen=True, kw_only=True)
class AgencyEnded(Event):
    """The firm took it back, or the agent gave it up."""

    agency_id: str
    firm: str
    agent: str
    ended_at: datetime


@event(subject="certificate_id")
@dataclass(frozen=True, kw_only=True)
class CertificateChanged(Event):
    """A certificate of the library is there, or stands differently. After the day ``valid_until`` it has
    expired without a word."""

    certificate_id: str
    holder: str
    licence_type: str | None
    state: Literal["valid", "superseded", "revoked"]
    valid_until: date | None
    changed_at: datetime
