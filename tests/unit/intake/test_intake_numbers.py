"""Case numbers and query codes."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.intake.numbers import (
    application_no,
    day_of,
    is_application_no,
    is_query_code,
    query_code,
)

KEY = b"k" * 32


def test_a_number_is_department_day_serial_and_a_check_character() -> None:
    assert application_no("SJ", "20261124", 123) == "SJ20261124000123I"


def test_the_day_is_that_of_shanghai() -> None:
    assert day_of(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == "20260302"


def test_one_serial_in_37_is_left_out_for_its_asterisk() -> None:
    numbers = [application_no("SJ", "20261124", n) for n in range(3700)]
    assert 90 <= numbers.count(None) <= 110
    assert all(n is None or (n.isalnum() and is_application_no(n)) for n in numbers)


@given(serial=st.integers(0, 999_999), place=st.integers(0, 16), other=st.sampled_from("0123456789ABCXYZ"))
def test_any_single_wrong_character_is_noticed(serial: int, place: int, other: str) -> None:
    number = application_no("SJ", "20261124", serial)
    if number is not None and number[place] != other:
        assert not is_application_no(number[:place] + other + number[place + 1 :])


@given(text=st.text(max_size=30))
def test_any_other_text_is_no_number(text: str) -> None:
    assert not is_application_no(text) or text.isalnum()


def test_a_query_code_belongs_to_one_number_and_one_key() -> None:
    code = query_code(KEY, "SJ20261124000123I")
    assert len(code) == 8
    assert is_query_code(KEY, "SJ20261124000123I", code)
    assert not is_query_code(KEY, "SJ20261124000124G", code)
    assert not is_query_code(b"x" * 32, "SJ20261124000123I", code)
    assert not is_query_code(KEY, "SJ20261124000123I", "é" * 8)
