"""Passwords: which may be chosen, and their hashes (argon2id at a cost a city's sign-ins can bear)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.offload import offload
from services.identity import domain

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$0000000000000000000000000000000000000000000"

ENOUGH = 2
"""zxcvbn's score, of 0 to 4, that is enough where guesses are slowed down: more than a million of them."""
LOOKED_AT = 72
"""Characters that are looked at: what is longer is no weaker."""
WHY = {"spatial": "keyboard", "repeat": "repeat", "sequence": "sequence", "date": "date", "regex": "date"}


def wrong(password: str, login: str, name: str = "") -> str | None:
    """Why it can't be this account's password, a code of `services.identity.problems.REASONS`; None when it
    can. Never inside a transaction."""
    return domain.wrong_password(password, login, name) or offload(_easy, password)


def _easy(password: str) -> str | None:
    """Why it is guessed soon. The word lists (15 MB) are read when the first password is chosen."""
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:LOOKED_AT])
    if found["score"] >= ENOUGH:
        return None
    longest = max(found["sequence"], key=lambda part: len(part["token"]))
    return WHY.get(longest["pattern"], "common")


def hashed(password: str) -> str:
    """About 20 ms and 19 MiB. Never inside a transaction."""
    return offload(_hasher.hash, password)


def matches(password_hash: str | None, password: str) -> bool:
    """Check a password; without a hash (no such account, or none of its own) it takes as long and says no."""
    kept = password_hash or ""
    return offload(_matches, kept if kept.startswith("$") else _NOBODYS, password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def hash_now(password: str) -> str:
    """The same without a thread, for commands that have the process to themselves."""
    return _hasher.hash(password)
