"""Real-name levels 实名等级: what somebody has shown about who they are. Pure; times are passed in.

L0: nothing. L1: a phone that a code reached. L2: name and number agree with the registry. L3: a face that
agrees with the document, or a clerk at the window who saw both.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from datetime import timedelta

CODE_LIVES = timedelta(minutes=10)
PHONE_LEVEL, NUMBER_LEVEL, PRESENCE_LEVEL = 1, 2, 3

_WINDOW = re.compile(r"[0-9A-Za-z-]{1,8}")
_PHONE = re.compile(r"1[0-9]{10}")


class LevelNeeded(Exception):
    """What is asked for needs a higher level."""

    def __init__(self, needed: int, level: int):
        super().__init__(f"level {needed} needed, is {level}")
        self.needed = needed
        self.level = level


class WrongCode(Exception):
    """Not the code that was sent, or one that is over."""


class NoMatch(Exception):
    """The registry knows no such pair of name and number."""


class RegistryAway(Exception):
    """The registry did not answer: nothing is known, neither yes nor no."""


def plain_phone(phone: str) -> str:
    """Full-width digits, spaces, hyphens and +86 are accepted."""
    digits = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", phone))
    return digits.removeprefix("+86")


def is_phone(phone: str) -> bool:
    """A mobile number of the mainland: 11 digits that begin with 1."""
    return _PHONE.fullmatch(plain_phone(phone)) is not None


def is_window(number: str) -> bool:
    """A window's number, short enough to stand in the audit."""
    return _WINDOW.fullmatch(number) is not None


def new_code() -> str:
    """Six digits."""
    return f"{secrets.randbelow(10**6):06d}"


def same_code(one: str, other: str) -> bool:
    """Compared without telling by time how much is right."""
    return hmac.compare_digest(one.encode(), other.encode())


def masked_phone(phone: str) -> str:
    """13800138000 as 138****8000."""
    return f"{phone[:3]}****{phone[-4:]}"
