"""Sessions: one a sign-in, renewed until they are over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

SESSION_LIVES = timedelta(hours=12)
PASSWORD = "pwd"
BY_UPSTREAM = "upstream:"
"""With the slug of the provider somebody signed in through behind it."""


@dataclass(kw_only=True, eq=False)
class Session:
    """One sign-in. ``current`` is the hash of the one refresh token that still counts, ``renewed_at`` the
    time of issue of the newest access token, ``browser`` the hash of the secret by which a browser is known
    again, ``began_by`` how its holder signed in (`ways_of`)."""

    session_id: str
    account_id: str
    current: str
    started_at: datetime
    renewed_at: datetime
    ended_at: datetime | None = None
    device: str = "other/other"
    address: str = ""
    browser: str | None = None
    began_by: str = PASSWORD

    def is_over(self, now: datetime) -> bool:
        return self.ended_at is not None or now - self.started_at > SESSION_LIVES

    def issue(self, now: datetime) -> datetime:
        """The time of issue of one more access token."""
        self.renewed_at = max(now, self.renewed_at)
        return self.renewed_at

    def renew(self, presented: str, following: str, now: datetime) -> bool:
        """Exchange the refresh token for the following one; returns whether it was the right one.

        A token presented twice ends the whole session: it was stolen, or its thief was robbed.
        """
        if self.is_over(now):
            return False
        if presented != self.current:
            self.ended_at = now
            return False
        self.current = following
        self.issue(now)
        return True


def ways_of(passed: Iterable[str]) -> str:
    """How somebody signed in who took these steps, as words of ``amr`` (RFC 8176)."""
    passed = list(passed)
    first = next((step for step in passed if step.startswith(BY_UPSTREAM)), PASSWORD)
    return f"{first} otp mfa" if "second_factor" in passed else first
