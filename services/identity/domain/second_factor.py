"""The second factor: codes from an authenticator app (TOTP, RFC 6238) and recovery codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import pyotp

from services.identity.domain.accounts import Account
from services.identity.domain.sessions import BY_UPSTREAM

SECOND_FACTOR_ROLES = ("platform_admin", "security_admin", "auditor", "approver")
"""Who needs a second factor where the configuration says nothing else."""

Step = Literal["second_factor", "new_password", "enrol"]
"""What may still be asked of somebody whose password was right."""

CHALLENGE_LIVES = timedelta(minutes=5)
CHALLENGE_TRIES = 5
ENROLMENT_LIVES = timedelta(minutes=10)
RECOVERY_CODES = 10
RECOVERY_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECOVERY = re.compile(f"[{RECOVERY_ALPHABET}]{{10}}")
_ISSUER = "一窗通 One Window"
_WINDOW = (-1, 0, 1)


@dataclass(kw_only=True, eq=False)
class SecondFactor:
    """An account's authenticator app. ``last_step`` is the newest step (30 s) a code was accepted of."""

    account_id: str
    secret: str
    since: datetime
    last_step: int = 0

    def accept(self, code: str, now: datetime) -> bool:
        """Whether this is a code of now, of the step before or the one after, newer than any before.

        An accepted code and all older ones are used up.
        """
        step = matching_step(self.secret, code, now)
        if step is None or step <= self.last_step:
            return False
        self.last_step = step
        return True


@dataclass(kw_only=True, eq=False)
class Challenge:
    """A sign-in on its way: the password was right and more is asked for. ``key`` is the hash of what the
    client holds, ``passed`` what it has shown since."""

    key: str
    account_id: str
    passed: list[str]
    expires_at: datetime
    tries: int = 0

    def is_open(self, now: datetime) -> bool:
        return now < self.expires_at and self.tries < CHALLENGE_TRIES


@dataclass(kw_only=True, eq=False)
class Enrolment:
    """A secret that was shown and not yet confirmed by a code. ``holder`` is who saw it: a session or a
    challenge, so that nobody confirms what somebody else has seen."""

    holder: str
    account_id: str
    secret: str
    begun_at: datetime

    def is_open(self, now: datetime) -> bool:
        return now < self.begun_at + ENROLMENT_LIVES


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The step this code is of, within one of now; None when it is of none."""
    if len(code) != 6 or not code.isascii():
        return None
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // totp.interval
    steps = (current + offset for offset in _WINDOW)
    matching = [s for s in steps if pyotp.utils.strings_equal(code, totp.generate_otp(s))]
    return max(matching, default=None)


def enrolment_uri(secret: str, login: str) -> str:
    """What the QR code says to an authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)


def needs_second_factor(account: Account, roles: Iterable[str]) -> bool:
    """Whether an account with one of these roles has to have a second factor. Accounts of a demonstration,
    whose password everybody knows, are spared it."""
    return (
        account.kind == "staff" and not account.is_demonstration and not set(roles).isdisjoint(account.roles)
    )


def next_step(account: Account, *, enrolled: bool, required: bool, passed: Iterable[str]) -> Step | None:
    """What is asked next of somebody whose password was right; None when the session may begin.

    An enrolled code comes first, so that a guessed initial password changes nothing. Who came through
    another provider hasn't shown the initial password and keeps it.
    """
    passed = list(passed)
    if enrolled and "second_factor" not in passed:
        return "second_factor"
    if account.has_initial_password and not any(step.startswith(BY_UPSTREAM) for step in passed):
        return "new_password"
    return "enrol" if required and not enrolled else None


def normalised_code(code: str) -> str:
    """Full-width digits, spaces, hyphens and small letters are accepted."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).upper()


def is_recovery_code(code: str) -> bool:
    """Whether it has the form of one; `normalised_code` before."""
    return _RECOVERY.fullmatch(code) is not None


def written_code(code: str) -> str:
    """A recovery code as it is shown: two groups of five."""
    return f"{code[:5]}-{code[5:]}"
