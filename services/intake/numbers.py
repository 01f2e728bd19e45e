"""Case numbers 办件编号 and the codes that let somebody follow a case without an account."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_37_2

from chassis.sealing import derive
from chassis.workdays import SHANGHAI

QUERY_CODE_LENGTH = 8
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
_NUMBER = re.compile(r"[A-Z]{2,6}[0-9]{14,}[0-9A-Z]")
_PUNCTUATION = "*"  # MOD 37-2 has 37 check characters; the last is no letter or digit


def day_of(moment: datetime) -> str:
    """The date in Shanghai, as ``yyyymmdd``."""
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d")


def application_no(department: str, day: str, serial: int) -> str | None:
    """Leading department, date, serial number of six digits, and a check character (ISO 7064 MOD 37-2).

    None for the one serial in 37 whose check character would be an asterisk: it is left out.
    """
    body = f"{department}{day}{serial:06d}"
    check = mod_37_2.calc_check_digit(body)
    return None if check == _PUNCTUATION else body + check


def is_application_no(text: str) -> bool:
    """Whether it has the form of a case number and its check character is right."""
    if not _NUMBER.fullmatch(text):
        return False
    try:
        mod_37_2.validate(text)
    except ValidationError:
        return False
    return True


def query_code(master_key: bytes, number: str) -> str:
    """Eight characters that only who got the receipt knows; derived, never stored."""
    digest = hmac.digest(derive(master_key, "query-code"), number.encode(), hashlib.sha256)
    value, code = int.from_bytes(digest), ""
    for _ in range(QUERY_CODE_LENGTH):
        value, place = divmod(value, len(_ALPHABET))
        code += _ALPHABET[place]
    return code


def is_query_code(master_key: bytes, number: str, code: str) -> bool:
    return hmac.compare_digest(query_code(master_key, number).encode(), code.encode())
