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


@event(subject="account_id")
@dataclass(frozen=True, kw_only=True)
class AccountOpened(Event):
    """An account exists: a citizen's, a firm's, a member of staff's or a machine's."""

    account_id: str
    kind: Literal["person", "firm", "staff", "machine"]
    department: str | None = None
    roles: tuple[str, ...] = ()


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
