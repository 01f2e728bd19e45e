"""What is shown of somebody where not all of it is needed, and what never gets into a log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
SECRET_NAMES = frozenset(
    {"password", "token", "access_token", "refresh_token", "authorization", "cookie"}
    | {"query_code", "id_number", "mobile", "phone", "email", "display_name"}
)
"""Fields that are masked whole, whatever is in them."""

_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z])((?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z])")


def name(text: str) -> str:
    """沈佳禾 as 沈*禾, 顾珍 as 顾*."""
    return text[:1] + "*" * max(1, len(text) - 2) + (text[-1] if len(text) > 2 else "")


def id_number(text: str) -> str:
    """First and last character of an 18-digit number."""
    return _ends(text, 1, 1)


def mobile(text: str) -> str:
    """138****5678."""
    return _ends(text, 3, 4)


def credit_code(text: str) -> str:
    """First four and last four of the 18 characters."""
    return _ends(text, 4, 4)


def masked(value: Any) -> Any:
    """The same value without ID numbers, mobile numbers and secrets, at any depth."""
    if isinstance(value, str):
        return _MOBILE.sub(MASK, _ID_NUMBER.sub(MASK, value))
    if isinstance(value, Mapping):
        return {
            k: MASK if isinstance(k, str) and k.lower() in SECRET_NAMES and v else masked(v)
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [masked(v) for v in value]
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if masked(text := str(value)) == text else MASK
    return masked(str(value))


def _ends(text: str, first: int, last: int) -> str:
    """Everything hidden but the ends; all of it where less than four characters are between them."""
    if len(text) < first + last + 4:
        return "*" * len(text)
    return text[:first] + "*" * (len(text) - first - last) + text[-last:]
