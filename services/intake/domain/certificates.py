"""Certificates of the city's library that stand for materials of a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(kw_only=True, eq=False)
class CertificateUse:
    """A certificate that could be, is, or must not be used for a material.

    ``given``: the applicant agreed (True), did not (False: the material is asked for), or was not asked
    (None: nothing was read). ``facts`` is what stands on it, known only with consent. ``sequence`` is the
    last word of the library on its ``state`` that was heard.
    """

    draft_id: str
    code: str
    application_no: str | None
    certificate_id: str
    title: dict[str, str]
    state: str
    valid_until: date | None
    given: bool | None
    facts: dict[str, Any] | None
    sequence: int
    at: datetime

    def state_on(self, today: date) -> str:
        """As of that day; valid through its last one."""
        is_over = self.state == "valid" and self.valid_until is not None and self.valid_until < today
        return "expired" if is_over else self.state
