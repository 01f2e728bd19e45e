"""What a sign-in to one client hands out: a code, used once, and a family of refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

CODE_LIVES = timedelta(minutes=1)


@dataclass(kw_only=True, eq=False)
class Code:
    """An authorization code, by its hash. ``grant_id`` is the family it began when it was used."""

    code_hash: str
    client_id: str
    session_id: str
    account_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    challenge: str
    auth_time: datetime
    issued_at: datetime
    used_at: datetime | None = None
    grant_id: str | None = None

    def is_over(self, now: datetime) -> bool:
        return now - self.issued_at > CODE_LIVES


@dataclass(kw_only=True, eq=False)
class Grant:
    """A family of refresh tokens of one client in one session; ``current`` is the hash of the one that
    still counts."""

    grant_id: str
    session_id: str
    account_id: str
    client_id: str
    scope: str
    current: str
    started_at: datetime
    renewed_at: datetime
    ended_at: datetime | None = None

    def renew(self, presented: str, following: str, now: datetime) -> bool:
        """Exchange the refresh token for the following one; a token presented twice ends the family."""
        if self.ended_at is not None:
            return False
        if presented != self.current:
            self.ended_at = now
            return False
        self.current = following
        self.renewed_at = now
        return True


@dataclass(kw_only=True, eq=False)
class Consent:
    """What somebody lets a third party's client know."""

    account_id: str
    client_id: str
    scopes: list[str]
    given_at: datetime
