"""Numbers of persons and firms: their form and check characters."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

from chassis import sealing

INDEX = "id-index"
_FORM = re.compile(r"[1-9][0-9]{16}[0-9X]")


def is_id_number(number: str) -> bool:
    """公民身份号码 after GB 11643-1999: a possible day of birth and the check digit (ISO 7064 MOD 11-2)."""
    number = normalised(number)
    if not _FORM.fullmatch(number):
        return False
    try:
        date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError:
        return False
    return bool(mod_11_2.is_valid(number))


def is_credit_code(code: str) -> bool:
    """统一社会信用代码 after GB 32100-2015, check character mod 31."""
    code = normalised(code)
    try:
        return bool(uscc.validate(code) == code)
    except ValidationError:
        return False


def normalised(number: str) -> str:
    """Full-width characters, spaces and small letters are accepted."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).upper()


def masked(number: str) -> str:
    """329982199504183021 as 3299**********3021."""
    return f"{number[:4]}{'*' * max(0, len(number) - 8)}{number[-4:]}"


def blind_index(master_key: bytes, number: str) -> str:
    """A keyed hash by which the same number is found again without being readable."""
    return sealing.blind_index(master_key, INDEX, number)


def blind_indexes(master_key: bytes, number: str) -> list[str]:
    """The same by every version of the key, newest first: to look a number up by."""
    return sealing.blind_indexes(master_key, INDEX, number)
