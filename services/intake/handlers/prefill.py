"""Filling in what is known: which answers, and where each came from.

A property's ``x-prefill`` says which known data fits it. Sources, best first: what identity knows of the
account, the business licence, the applicant's own last answer to the same question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from contracts.approval import LicenceIssued
from contracts.cloudevents import Envelope
from contracts.procedure import Procedure, Text
from services.intake import words
from services.intake.domain import Application
from services.intake.forms import FORMATS
from services.intake.orm import application
from services.intake.papers import data_use_trail, licence

PURPOSE = "prefill"
CONSENT = "asked_for"
BUSINESS_LICENCE = "business-licence"
OF_ACCOUNT = {"name": "display_name", "id_number": "id_number"}
OF_FIRM = {"company_name": "display_name", "credit_code": "credit_code"}
LOOK_BACK = 5


@dataclass(frozen=True, slots=True)
class KnownField:
    """A value and where it came from; ``source`` is the word for programs."""

    value: Any
    source: str
    words: Text

    def origin(self) -> dict[str, str]:
        return {"source": self.source, "zh": self.words.zh, "en": self.words.en}


def known_fields(
    procedure: Procedure, account_id: str, about: Mapping[str, Any] | None, session: Session
) -> dict[str, KnownField]:
    """What the form can be filled in with. ``about`` is identity's word on the account, None without it."""
    wanted = {
        name: schema
        for name, schema in (procedure.form.get("properties") or {}).items()
        if schema.get("x-prefill")
    }
    found: dict[str, KnownField] = {}
    if not wanted:
        return found
    of_account = _of_account(wanted, about or {})
    licensed: dict[str, KnownField] = {}
    if all(branch.issues != BUSINESS_LICENCE for branch in procedure.branches):
        licensed = _of_licence(wanted, account_id, about or {}, session)
    earlier = _of_earlier(wanted, account_id, session)
    for name, schema in wanted.items():
        for source in (of_account, licensed, earlier):
            if name in source and _fits(source[name].value, schema):
                found[name] = source[name]
                break
    return found


def from_guide(procedure: Procedure, said: Mapping[str, Any]) -> dict[str, KnownField]:
    """Answers of the guided finding that the form takes over; what doesn't fit is left out."""
    properties = procedure.form.get("properties") or {}
    return {
        name: KnownField(value, "guide", words.FROM_GUIDE)
        for name, value in said.items()
        if name in properties and _fits(value, properties[name])
    }


def keep_licences(events: Iterable[Envelope], filed: Mapping[str, Application], uow: UnitOfWork) -> None:
    """Remember the licences that cases have brought, to fill in later forms with them."""
    rows = [
        {
            "branch_no": event.branch_no,
            "licence_no": event.licence_no,
            "licence_type": event.licence_type,
            "application_no": event.application_no,
            "applicant": filed[event.application_no].applicant,
            "credit_code": event.results.get("credit_code"),
            "issued_at": event.issued_at,
        }
        for event in (envelope.event for envelope in events)
        if isinstance(event, LicenceIssued)
    ]
    if rows:
        uow.session.execute(uow.insert(licence).on_conflict_do_nothing(), rows)


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


def _of_account(wanted: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, KnownField]:
    if about.get("kind") != "person":
        return {}
    return {
        name: KnownField(about[OF_ACCOUNT[kind]], "account", words.FROM_ACCOUNT)
        for name, schema in wanted.items()
        if (kind := schema["x-prefill"]) in OF_ACCOUNT and about.get(OF_ACCOUNT[kind])
    }


def _of_licence(
    wanted: Mapping[str, Any], account_id: str, about: Mapping[str, Any], session: Session
) -> dict[str, KnownField]:
    """What stands on the business licence: the firm's own, or the one a person's case has brought."""
    values: dict[str, Any] = {}
    table = licence.c
    credit_code = about.get("credit_code")
    mine = table.credit_code == credit_code if credit_code else table.applicant == account_id
    row = session.execute(
        select(table.application_no, table.credit_code)
        .where(table.licence_type == BUSINESS_LICENCE, mine)
        .order_by(table.issued_at.desc())
        .limit(1)
    ).first()
    if row is not None:
        form = session.scalar(
            select(application.c.form).where(application.c.application_no == row.application_no)
        )
        values |= form or {}
        values |= {"credit_code": row.credit_code} if row.credit_code else {}
    if about.get("kind") == "firm":
        values |= {name: about[key] for name, key in OF_FIRM.items() if about.get(key)}
    return {
        name: KnownField(values[name], "business_licence", words.FROM_LICENCE)
        for name, schema in wanted.items()
        if schema["x-prefill"] == "business_licence" and values.get(name)
    }


def _of_earlier(wanted: Mapping[str, Any], account_id: str, session: Session) -> dict[str, KnownField]:
    found: dict[str, KnownField] = {}
    for form in _own_forms(account_id, session):
        for name in wanted:
            if name not in found and form.get(name) and wanted[name]["x-prefill"] != "business_licence":
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
