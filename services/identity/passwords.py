"""Password hashes: argon2id at a cost a city's sign-ins can bear, beside everything else."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.offload import offload

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$0000000000000000000000000000000000000000000"


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
