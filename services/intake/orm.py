"""Tables of intake, and how an application lies in its row.

Personal data (the form, what the desk and the applicant write) stands in sealed columns only. The form is
read when somebody asks for it, not with every step of a case.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    inspect,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, deferred, registry
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from chassis.audit import Trail
from chassis.bulk import update_rows
from chassis.types import BigId, JSONType, SealedJSON, SealedText, UtcDateTime
from contracts.approval import BranchState, LicenceIssued
from services.intake.domain import Application, Branch, Case, Entry, Results

T = TypeVar("T")

metadata = MetaData()
mapping = registry(metadata=metadata)

_BRANCH_TIMES = ("opened_at", "answered_at", "promised_due", "statutory_due")
_CASE_TIMES = ("opened_at", "decided_at", "closed_at", "terminated_at")


class _Structured(TypeDecorator[T]):
    """A value of the domain, kept as JSON."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())

    def process_bind_param(self, value: T | None, dialect: Dialect) -> Any:
        return None if value is None else self.to_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:
        return None if value is None else self.from_json(value)

    def to_json(self, value: T) -> Any:
        raise NotImplementedError

    def from_json(self, value: Any) -> T:
        raise NotImplementedError


class HistoryColumn(_Structured[tuple[Entry, ...]]):
    """Timeline entries in order, each ``[at, event, branch_no]``."""

    cache_ok = True

    def to_json(self, value: tuple[Entry, ...]) -> Any:
        return [_entry_json(e) for e in value]

    def from_json(self, value: Any) -> tuple[Entry, ...]:
        return tuple(_entry(e) for e in value)


class CaseColumn(_Structured[Case]):
    """A `Case`, without what is still unknown."""

    cache_ok = True

    def to_json(self, value: Case) -> Any:
        times = {n: at.isoformat() for n in _CASE_TIMES if (at := getattr(value, n)) is not None}
        return times | {
            "outcome": value.outcome,
            "branches": {no: [b.sequence, _branch_json(b.state)] for no, b in value.branches.items()},
            "results": {no: [r.sequence, dict(r.codes)] for no, r in value.results.items()},
            "licences": [licence.to_data() for licence in value.licences.values()],
            "timeline": {str(n): _entry_json(e) for n, e in value.timeline.items()},
        }

    def from_json(self, value: Any) -> Case:
        licences = [LicenceIssued.from_data(data) for data in value["licences"]]
        return Case(
            **{n: datetime.fromisoformat(value[n]) for n in _CASE_TIMES if n in value},
            outcome=value["outcome"],
            branches={no: Branch(n, _branch(b)) for no, (n, b) in value["branches"].items()},
            results={no: Results(n, codes) for no, (n, codes) in value["results"].items()},
            licences={licence.licence_no: licence for licence in licences},
            timeline={int(n): _entry(e) for n, e in value["timeline"].items()},
        )


class NamesColumn(_Structured[tuple[str, ...]]):
    """A tuple of names."""

    cache_ok = True

    def to_json(self, value: tuple[str, ...]) -> Any:
        return list(value)

    def from_json(self, value: Any) -> tuple[str, ...]:
        return tuple(value)


def _entry_json(entry: Entry) -> list[Any]:
    return [entry.at.isoformat(), entry.event, entry.branch_no]


def _entry(value: Any) -> Entry:
    at, event, branch_no = value
    return Entry(datetime.fromisoformat(at), event, branch_no)


def _branch_json(state: BranchState) -> dict[str, Any]:
    values = {f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
    return {n: v.isoformat() if isinstance(v, datetime) else v for n, v in values.items() if v is not None}


def _branch(value: dict[str, Any]) -> BranchState:
    times = {n: datetime.fromisoformat(value[n]) for n in _BRANCH_TIMES if n in value}
    return BranchState(**{**value, **times})


application = Table(
    "application",
    metadata,
    Column("application_no", String(40), primary_key=True),
    Column("procedure", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("lead_department", String(16), nullable=False),
    Column("acceptance", String(12), nullable=False),
    Column("applicant", String(80), nullable=False),
    Column("filed_by", String(80), comment="the agent who filed for a firm"),
    Column("channel", String(12), nullable=False),
    Column("form", SealedJSON, nullable=False),
    Column("called", NamesColumn, nullable=False),
    Column("status", String(24), nullable=False),
    Column("submitted_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("acceptance_due", UtcDateTime),
    Column("accepted_at", UtcDateTime),
    Column("accepted_by", String(12)),
    Column("round", Integer, nullable=False),
    Column("returned_at", UtcDateTime),
    Column("not_accepted_at", UtcDateTime),
    Column("withdrawal_requested_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),
    Column("corrected", JSONType, nullable=False),
    Column("history", HistoryColumn, nullable=False),
    Column("case_facts", CaseColumn, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("application_of", "applicant", "submitted_at", "application_no"),
    Index("application_at_desk", "status", "lead_department", "acceptance_due"),
)

acceptance_act = Table(
    "acceptance_act",
    metadata,
    Column("application_no", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("act", String(16), nullable=False, comment="accept, return, refuse"),
    Column("clerk", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("ground", String(24)),
    Column("competent_department", String(16)),
    Column("words", SealedJSON, comment="reasons of a return, the reason of a refusal"),
)
"""What the desk decided, for its written notice."""

correction = Table(
    "correction",
    metadata,
    Column("branch_no", String(44), primary_key=True),
    Column("request", Integer, primary_key=True),
    Column("application_no", String(40), nullable=False),
    Column("changed", JSONType, nullable=False, comment="names of the fields that were changed"),
    Column("note", SealedText),
    Column("at", UtcDateTime, nullable=False),
)

reading = Table(
    "reading",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("application_no", String(40), nullable=False),
    Column("branch_no", String(44), comment="empty: the whole form, by the desk"),
    Column("account_id", String(80), nullable=False),
    Column("department", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("material", String(60), comment="one file, not the form"),
    Index("reading_of", "application_no", "id"),
)
"""Who read an applicant's data, and as what."""

reading_trail = Trail(reading)

agent_act = Table(
    "agent_act",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("firm", String(80), nullable=False),
    Column("agent", String(80), nullable=False),
    Column("act", String(16), nullable=False),
    Column("subject", String(60), nullable=False, comment="a draft or an application"),
    Index("agent_act_of", "subject", "id"),
    sqlite_autoincrement=True,
)
"""What agents did for a firm, besides filing."""

serial_number = Table(
    "serial_number",
    metadata,
    Column("department", String(16), primary_key=True),
    Column("day", String(8), primary_key=True, comment="yyyymmdd in Shanghai"),
    Column("last", Integer, nullable=False),
)
"""The last serial number handed out, in blocks."""

procedure_version = Table(
    "procedure_version",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("definition", JSONType, nullable=False),
)
"""Every version of every procedure: a case ends by the one it was filed under."""

procedure_state = Table(
    "procedure_state",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("newest", Integer, nullable=False),
    Column("closed", Integer, nullable=False, comment="no filing under this version and older ones"),
)

department = Table(
    "department",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("name", JSONType, nullable=False),
    Column("sequence", Integer, nullable=False),
)

calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("holidays", JSONType, nullable=False),
    Column("extra_workdays", JSONType, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("sequence", Integer, nullable=False),
)

mapping.map_imperatively(
    Application,
    application,
    properties={"form": deferred(application.c.form), "case": application.c.case_facts},
    version_id_col=application.c.revision,
)


def row_of(filed: Application) -> dict[str, Any]:
    """A new application as the values of its row."""
    values = {c.name: getattr(filed, c.name) for c in application.c if c.name not in _RENAMED}
    return values | {"case_facts": filed.case, "revision": 1}


_RENAMED = ("case_facts", "revision")


def save_followed(found: Collection[Application], session: Session) -> None:
    """Write what following cases has changed: one statement for all, where the mapper's own version
    check would take one each. Raises `StaleDataError` if somebody else was faster."""
    rows = [
        {
            "application_no": a.application_no,
            "revision": inspect(a).attrs.revision.value,
            "status": a.status,
            "changed_at": a.changed_at,
            "case_facts": a.case,
        }
        for a in found
    ]
    for changed in found:
        session.expunge(changed)
    seen = ("application_no", "revision")
    if rows and update_rows(session, application, rows, seen, counter="revision") != len(rows):
        raise StaleDataError(f"of {len(rows)} applications some were changed by somebody else")
