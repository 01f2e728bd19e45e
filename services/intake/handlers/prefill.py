"""Filling in what is known: which answers, and where each came from.

A property's ``x-prefill`` says which known data fits it. Sources, best first: what identity answers (the
verified account, certificates of the library), the applicant's own last answer to the same question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from contracts.procedure import Procedure, Text
from services.intake import words
from services.intake.forms import FORMATS
from services.intake.orm import application
from services.intake.papers import data_use_trail

PURPOSE = "prefill"
CONSENT = "asked_for"
BUSINESS_LICENCE = "business-licence"
LICENCE_KIND = "business_licence"
LOOK_BACK = 5


@dataclass(frozen=True, slots=True)
class KnownField:
    """A value and where it came from; ``source`` is the word for programs."""

    value: Any
    source: str
    words: Text

    def origin(self) -> dict[str, str]:
        return {"source": self.source, "zh": self.words.zh, "en": self.words.en}


def asked_of_identity(procedure: Procedure, purpose: str = PURPOSE) -> dict[str, Any]:
    """What a form needs, as identity is asked for it: elements with the known data they may be filled in
    with, and materials the city may hold. What the case itself brings (营业执照) is not filled in."""
    brings = any(branch.issues == BUSINESS_LICENCE for branch in procedure.branches)
    kinds = {name: schema.get("x-prefill") for name, schema in _properties(procedure).items()}
    return {
        "purpose": purpose,
        "procedure": procedure.code,
        "fields": {name: kind for name, kind in kinds.items() if not (brings and kind == LICENCE_KIND)},
        "materials": [m.code for m in procedure.materials if m.how == "reuse"],
    }


def known_fields(
    procedure: Procedure, account_id: str, about: Mapping[str, Any] | None, session: Session
) -> dict[str, KnownField]:
    """What the form can be filled in with. ``about`` is identity's answer, None without it."""
    properties = _properties(procedure)
    found = {
        item["field"]: KnownField(
            item["value"],
            item["origin"]["source"],
            Text(zh=item["origin"]["zh"], en=item["origin"]["en"]),
        )
        for item in (about or {}).get("items", ())
        if item["field"] in properties and _fits(item["value"], properties[item["field"]])
    }
    wanted = {name: s for name, s in properties.items() if s.get("x-prefill") and name not in found}
    if wanted:
        earlier = _of_earlier(wanted, account_id, session)
        found |= {name: known for name, known in earlier.items() if _fits(known.value, wanted[name])}
    return found


def from_guide(procedure: Procedure, said: Mapping[str, Any]) -> dict[str, KnownField]:
    """Answers of the guided finding that the form takes over; what doesn't fit is left out."""
    properties = _properties(procedure)
    return {
        name: KnownField(value, "guide", words.FROM_GUIDE)
        for name, value in said.items()
        if name in properties and _fits(value, properties[name])
    }


def write_down(
    code: str,
    account_id: str,
    known: Mapping[str, KnownField],
    uow: UnitOfWork,
    reader: str | None = None,
) -> None:
    """Note whose data were read for what, by whom (themselves, or a firm's agent) and with which consent."""
    values = {
        "account_id": account_id,
        "reader": reader or account_id,
        "purpose": PURPOSE,
        "consent": CONSENT,
        "procedure": code,
        "fields": sorted(known),
        "sources": sorted({field.source for field in known.values()}),
        "at": uow.now,
    }
    data_use_trail.write([values], uow)


def _properties(procedure: Procedure) -> dict[str, Any]:
    return procedure.form.get("properties") or {}


def _of_earlier(wanted: Mapping[str, Any], account_id: str, session: Session) -> dict[str, KnownField]:
    found: dict[str, KnownField] = {}
    for form in _own_forms(account_id, session):
        for name in wanted:
            if name not in found and form.get(name) and wanted[name]["x-prefill"] != LICENCE_KIND:
                found[name] = KnownField(form[name], "earlier_application", words.FROM_EARLIER)
    return found


def _own_forms(account_id: str, session: Session) -> Iterator[Mapping[str, Any]]:
    """The applicant's last filled forms, newest first."""
    rows = session.scalars(
        select(application.c.form)
        .where(application.c.applicant == account_id)
        .order_by(application.c.submitted_at.desc(), application.c.application_no.desc())
        .limit(LOOK_BACK)
    )
    yield from rows


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    plain = {name: part for name, part in schema.items() if not name.startswith("x-")}
    validator = jsonschema_rs.Draft202012Validator(plain, validate_formats=True, formats=FORMATS)
    return bool(validator.is_valid(value))
