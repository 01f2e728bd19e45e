"""Tables of what applicants hand in: drafts, materials, and certificates in their place.

The content of a file lies in the vault under its digest; `blob` says which digests lie there. Answers and
file names are sealed.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table, UniqueConstraint

from chassis.audit import Trail
from chassis.types import BigId, JSONType, SealedJSON, SealedText, UtcDateTime
from services.intake.domain import Draft, Material
from services.intake.domain.certificates import CertificateUse
from services.intake.orm import mapping, metadata

draft = Table(
    "draft",
    metadata,
    Column("draft_id", String(36), primary_key=True),
    Column("account_id", String(80), nullable=False),
    Column("procedure", String(60), nullable=False),
    Column("answers", SealedJSON, nullable=False),
    Column("origins", JSONType, nullable=False, comment="by field: where a filled-in answer came from"),
    Column("touched", JSONType, nullable=False, comment="by field: the revision that changed it last"),
    Column("revision", Integer, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("application_no", String(40)),
    Index("draft_of", "account_id", "saved_at"),
)
_unfiled = draft.c.application_no.is_(None)
Index(
    "draft_open",
    draft.c.account_id,
    draft.c.procedure,
    unique=True,
    sqlite_where=_unfiled,
    postgresql_where=_unfiled,
)

material = Table(
    "material",
    metadata,
    Column("material_id", String(36), primary_key=True),
    Column("draft_id", String(36)),
    Column("application_no", String(40)),
    Column("code", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("file_name", SealedText, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("handed_in_at", UtcDateTime),
    Index("material_of_draft", "draft_id", "code"),
    Index("material_of_application", "application_no", "code"),
    Index("material_content", "digest"),
)

blob = Table(
    "blob",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("touched_at", UtcDateTime, nullable=False, comment="when somebody last stored this content"),
)
"""What lies in the vault, written before it lies there."""

certificate_use = Table(
    "certificate_use",
    metadata,
    Column("draft_id", String(36), primary_key=True),
    Column("code", String(60), primary_key=True),
    Column("application_no", String(40)),
    Column("certificate_id", String(80), nullable=False),
    Column("title", JSONType, nullable=False),
    Column("state", String(12), nullable=False),
    Column("valid_until", Date),
    Column("given", Boolean, comment="agreed, not agreed; empty: not asked"),
    Column("facts", SealedJSON, comment="what stands on it, with consent"),
    Column("sequence", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("certificate_use_in_case", "application_no"),
    Index("certificate_use_of", "certificate_id"),
)
"""Certificates of the library for the materials of a draft, later of its case."""

kept_file = Table(
    "kept_file",
    metadata,
    Column("file_id", String(36), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("code", String(60), nullable=False),
    Column("file_name", SealedText, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
    UniqueConstraint("holder", "code", "digest", name="kept_file_once"),
    Index("kept_file_content", "digest"),
)
"""Materials a holder keeps in the space for later cases."""

data_use = Table(
    "data_use",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("account_id", String(80), nullable=False, comment="whose data"),
    Column("reader", String(80), nullable=False),
    Column("purpose", String(24), nullable=False),
    Column("consent", String(24), nullable=False, comment="how the person agreed"),
    Column("procedure", String(60), nullable=False),
    Column("fields", JSONType, nullable=False, comment="names of the fields filled in"),
    Column("sources", JSONType, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("data_use_of", "account_id", "at"),
)
"""Whose data were read to fill in a form: by whom, what for, and with which consent."""

data_use_trail = Trail(data_use)

mapping.map_imperatively(Draft, draft)
mapping.map_imperatively(Material, material)
mapping.map_imperatively(CertificateUse, certificate_use)
