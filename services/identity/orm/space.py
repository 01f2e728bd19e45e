"""Tables of the spaces: certificates, consents, readings; and what is kept of others to understand them.

Numbers and what stands on a certificate are sealed.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table, UniqueConstraint

from chassis.types import BigId, JSONType, SealedJSON, SealedText, UtcDateTime
from services.identity.orm.base import metadata

certificate = Table(
    "certificate",
    metadata,
    Column("certificate_id", String(80), primary_key=True),
    Column("holder", String(40), nullable=False),
    Column("kind", String(60), nullable=False, comment="licence type, or the material's code"),
    Column("title", JSONType, nullable=False),
    Column("number", SealedText, nullable=False),
    Column("issuer", String(16), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("issued_until", Date, comment="as issued; empty: without end, or the end of the one it replaces"),
    Column("replaces", Boolean, nullable=False),
    Column("state", String(12), nullable=False, comment="valid, superseded, revoked"),
    Column("valid_until", Date),
    Column("contents", SealedJSON, nullable=False, comment="answers to questions of forms, by element"),
    Column("contents_due_at", UtcDateTime, comment="when to ask (again) for what stands on it"),
    Column("tries", Integer, nullable=False, default=0),
    Column("application_no", String(40)),
    Column("branch_no", String(44)),
    Column("item", String(60)),
    Index("certificate_of", "holder", "kind"),
    Index("certificate_contents_due", "contents_due_at"),
)

certificate_ending = Table(
    "certificate_ending",
    metadata,
    Column("ending_id", String(80), primary_key=True),
    Column("holder", String(40), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("certificate_id", String(80), comment="empty: the holder's last one"),
    Column("at", UtcDateTime, nullable=False),
    Index("certificate_ending_of", "holder", "kind"),
)

case_of = Table(
    "case_of",
    metadata,
    Column("application_no", String(40), primary_key=True),
    Column("applicant", String(40), nullable=False),
    Column("procedure", String(60), nullable=False),
    Column("version", Integer, nullable=False),
)
"""Whose case it is, and under which version it was filed."""

issuing = Table(
    "issuing",
    metadata,
    Column("procedure", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("title", JSONType, nullable=False),
    Column("branches", JSONType, nullable=False, comment="those that issue or end a licence"),
)

material_kind = Table(
    "material_kind",
    metadata,
    Column("code", String(60), primary_key=True),
    Column("title", JSONType, nullable=False),
    Column("licence_type", String(60)),
    Column("gives", JSONType, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("procedure", String(60), nullable=False),
    Index("material_kind_of", "licence_type"),
)
"""Which material a licence is, and which elements it answers."""

department_name = Table(
    "department_name",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("name", JSONType, nullable=False),
    Column("sequence", Integer, nullable=False),
)

certificate_consent = Table(
    "certificate_consent",
    metadata,
    Column("matter", String(40), primary_key=True, comment="the draft it was given in"),
    Column("certificate_id", String(80), primary_key=True),
    Column("holder", String(40), nullable=False),
    Column("procedure", String(60), nullable=False),
    Column("purpose", String(24), nullable=False),
    Column("given", Boolean, nullable=False),
    Column("by", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("application_no", String(40)),
    Index("certificate_consent_of", "holder", "at"),
)
"""What a holder agreed to, or did not: by case and certificate."""

reading = Table(
    "reading",
    metadata,
    Column("reading_id", BigId, primary_key=True, autoincrement=True),
    Column("holder", String(40), nullable=False),
    Column("day", Date, nullable=False),
    Column("reader", String(16), nullable=False, comment="a department's code, self or platform"),
    Column("what", String(16), nullable=False),
    Column("purpose", String(24), nullable=False),
    Column("about", String(80), nullable=False, comment="case, or procedure where there is no case yet"),
    Column("detail", String(80), nullable=False, comment="certificate or material"),
    Column("times", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    UniqueConstraint(
        "holder", "day", "reader", "what", "purpose", "about", "detail", name="reading_once_a_day"
    ),
    Index("reading_of", "holder", "last_at", "reading_id"),
    sqlite_autoincrement=True,
)
"""Who read whose data, for what: one row a day for the same reader and purpose. Names no officer."""
