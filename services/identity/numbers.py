"""Numbers of persons and firms: their form and check characters."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

from chassis.sealing import derive

_FORM = re.compile(r"\d{17}[\dX]")


def is_id_number(number: str) -> bool:
    """公民身份号码 after GB 11643-1999: a possible day of birth and the check digit (ISO 7064 MOD 11-2)."""
    if not _FORM.fullmatch(number):
        return False
    try:
        date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError:
        return False
    return bool(mod_11_2.is_valid(number))


def is_credit_code(code: str) -> bool:
    """统一社会信用代码 after GB 32100-2015, check character mod 31."""
    try:
        uscc.validate(code)
    except ValidationError:
        return False
    return True


def normalised(number: str) -> str:
    """Full-width digits, spaces and a small x are accepted."""
    return re.sub(r"\s", "", number).translate(_WIDE).upper()


def blind_index(master_key: bytes, number: str) -> str:
    """A keyed hash by which the same number is found again without being readable."""
    return hmac.digest(derive(master_key, "id-index"), number.encode(), hashlib.sha256).hex()


_WIDE = str.maketrans("0123456789Xx", "0123456789XX")
