"""Tables of approval, and how cases and branches lie in them.

Opinions, conditions and reasons are sealed; events never carry them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    inspect,
)
from sqlalchemy.orm import Session, registry, relationship
from sqlalchemy.orm.exc import StaleDataError

from chassis.bulk import insert_rows, update_rows
from chassis.types import BigId, JSONType, SealedJSON, SealedText, UtcDateTime
from services.approval.domain import Branch, Case, Pause, Supervision

metadata = MetaData()
mapping = registry(metadata=metadata)

case = Table(
    "approval_case",
    metadata,
    Column("application_no", String(40), primary_key=True),
    Column("procedure_code", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("applicant", String(80), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("outcome", String(16)),
    Column("closed_at", UtcDateTime),
    Column("terminated_at", UtcDateTime),
    Column("revision", Integer, nullable=False, default=1),
)

branch = Table(
    "branch",
    metadata,
    Column("branch_no", String(44), primary_key=True),
    Column("application_no", String(40), ForeignKey(case.c.application_no), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", String(60), nullable=False),
    Column("item", String(60), nullable=False),
    Column("department", String(16), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("required", Boolean, nullable=False),
    Column("status", String(12), nullable=False),
    Column("handler", String(80)),
    Column("answer", String(24)),
    Column("results", JSONType, nullable=False),
    Column("opened_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("promised_due", UtcDateTime),
    Column("statutory_due", UtcDateTime),
    Column("due_by_law", UtcDateTime, Computed("coalesce(statutory_due, promised_due)", persisted=True)),
    Column("corrections", Integer, nullable=False),
    Column("corrected", Integer, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("deemed", Boolean, nullable=False),
    Column("extension_asked", Integer),
    Column("extension_asked_by", String(80)),
    Column("extended", Integer, nullable=False, default=0, server_default="0"),
    Column("proposed", String(24)),
    Column("proposed_by", String(80)),
    Index("branch_of_case", "application_no"),
    Index("branch_inbox", "department", "status", "due_by_law", "branch_no"),
)

pause = Table(
    "pause",
    metadata,
    Column("branch_no", String(44), ForeignKey(branch.c.branch_no), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("ground", String(16)),
    Column("stops", String(12), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)
"""The pause ledger 暂停台账."""

pause_reason = Table(
    "pause_reason",
    metadata,
    Column("branch_no", String(44), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("reason", SealedText, nullable=False),
    Column("expected_end", Date, comment="what the applicant was told"),
)

opinion = Table(
    "opinion",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("branch_no", String(44), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("author", String(80), nullable=False),
    Column("answer", String(24), nullable=False),
    Column("words", SealedJSON, nullable=False, comment="public: opinion, conditions; internal: note"),
    Index("opinion_of_branch", "branch_no"),
    sqlite_autoincrement=True,
)

correction_request = Table(
    "correction_request",
    metadata,
    Column("branch_no", String(44), primary_key=True),
    Column("request", Integer, primary_key=True),
    Column("fields", JSONType, nullable=False),
    Column("reasons", SealedJSON, nullable=False),
    Column("asked_by", String(80), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
)

rejected_answer = Table(
    "rejected_answer",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("branch_no", String(44), nullable=False),
    Column("department", String(16), nullable=False),
    Column("reason", String(24), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("rejected_of_department", "department", "at"),
    sqlite_autoincrement=True,
)
"""Answers that could not be taken, and corrections asked for twice."""

extension = Table(
    "extension",
    metadata,
    Column("branch_no", String(44), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("department", String(16), nullable=False),
    Column("days", Integer, nullable=False),
    Column("reason", SealedText, nullable=False),
    Column("asked_by", String(80), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("approved", Boolean),
    Column("decided_by", String(80)),
    Column("decided_at", UtcDateTime),
    Column("decision_reason", SealedText),
)
"""Extensions 延期 asked for and what the head said."""

signature = Table(
    "signature",
    metadata,
    Column("branch_no", String(44), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("department", String(16), nullable=False),
    Column("answer", String(24), nullable=False),
    Column("proposed_by", String(80), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("signed", Boolean),
    Column("decided_by", String(80)),
    Column("decided_at", UtcDateTime),
    Column("decision_reason", SealedText),
)
"""Answers that took, or were refused, a second signature."""

supervision = Table(
    "supervision",
    metadata,
    Column("branch_no", String(44), ForeignKey(branch.c.branch_no), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("application_no", String(40), nullable=False),
    Column("department", String(16), nullable=False),
    Column("responsible", String(80)),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("answer_due", UtcDateTime, nullable=False),
    Column("answer", SealedText),
    Column("answered_by", String(80)),
    Column("answered_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("closed_by", String(80)),
    Column("closed_because", String(16)),
    Index("supervision_open", "closed_at", "department", "answer_due"),
)

delegation = Table(
    "delegation",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("department", String(16), nullable=False),
    Column("absent", String(80), nullable=False),
    Column("delegate", String(80), nullable=False),
    Column("given_by", String(80), nullable=False),
    Column("begins", UtcDateTime, nullable=False),
    Column("ends", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("delegation_of_delegate", "delegate", "ends"),
    Index("delegation_of_department", "department", "ends"),
)

opinion_template = Table(
    "opinion_template",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("department", String(16), nullable=False),
    Column("owner", String(80), comment="none: the department's"),
    Column("answer", String(24), nullable=False),
    Column("title", String(40), nullable=False),
    Column("text", String(2000), nullable=False),
    Index("template_of_department", "department", "owner"),
)

saved_filter = Table(
    "saved_filter",
    metadata,
    Column("account", String(80), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("query", JSONType, nullable=False),
)

staff = Table(
    "staff",
    metadata,
    Column("account_id", String(80), primary_key=True),
    Column("department", String(16), nullable=False),
    Column("roles", JSONType, nullable=False),
    Column("sequence", Integer, nullable=False),
    Index("staff_of_department", "department"),
)
"""Who works where, as identity said: accounts and roles, no names."""

used_certificate = Table(
    "used_certificate",
    metadata,
    Column("application_no", String(40), primary_key=True),
    Column("material", String(60), primary_key=True),
    Column("certificate_id", String(80), nullable=False),
)
"""Certificates of the library that stand for materials of a case."""

certificate_state = Table(
    "certificate_state",
    metadata,
    Column("certificate_id", String(80), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("valid_until", Date),
    Column("sequence", Integer, nullable=False),
)
"""How each certificate of the library stands: no holder, no number."""

procedure_version = Table(
    "procedure_version",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("definition", JSONType, nullable=False),
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
    Column("year", Integer, primary_key=True),
    Column("holidays", JSONType, nullable=False),
    Column("extra_workdays", JSONType, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("sequence", Integer, nullable=False),
)

mapping.map_imperatively(Pause, pause)
mapping.map_imperatively(Supervision, supervision)
mapping.map_imperatively(
    Branch,
    branch,
    exclude_properties=["due_by_law"],
    properties={"pauses": relationship(Pause, order_by=pause.c.number, lazy="selectin")},
)
mapping.map_imperatively(
    Case,
    case,
    properties={"branches": relationship(Branch, order_by=branch.c.number, lazy="selectin")},
)


def next_revision(changed: Collection[Case], session: Session) -> None:
    """Count a change of each case, branches included: one statement for all, where the mapper's own
    version check would take one each. Raises `StaleDataError` if somebody else was faster."""
    if not changed:
        return
    seen = [
        {"application_no": c.application_no, "revision": inspect(c).attrs.revision.value} for c in changed
    ]
    if update_rows(session, case, seen, ("application_no", "revision"), counter="revision") != len(seen):
        raise StaleDataError(f"of {len(seen)} cases some were changed by somebody else")


def write_new(opened: Collection[Case], session: Session) -> None:
    """Write new cases with all that belongs to them: one statement a table."""
    branches = [b for c in opened for b in c.branches]
    pauses = [p for b in branches for p in b.pauses]
    tables: tuple[tuple[Table, Collection[Any]], ...] = ((case, opened), (branch, branches), (pause, pauses))
    for table, objects in tables:
        names = [c.name for c in table.c if c.computed is None and c.name != "revision"]
        if objects:
            insert_rows(session, table, [{name: getattr(o, name) for name in names} for o in objects])
