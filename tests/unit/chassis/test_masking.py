"""What is shown of names and numbers."""

from __future__ import annotations

import pytest

from chassis import masking


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        (masking.name, "沈佳禾", "沈*禾"),
        (masking.name, "顾珍", "顾*"),
        (masking.name, "欧阳明月", "欧**月"),
        (masking.name, "顾", "顾*"),
        (masking.id_number, "329982199504183021", "3****************1"),
        (masking.id_number, "3299", "****"),
        (masking.mobile, "13812345678", "138****5678"),
        (masking.mobile, "1381234", "*******"),
        (masking.credit_code, "91329900MA1XK2B34C", "9132**********B34C"),
        (masking.credit_code, "", ""),
    ],
)
def test_what_is_shown(mask, text: str, shown: str) -> None:  # type: ignore[no-untyped-def]
    assert mask(text) == shown
