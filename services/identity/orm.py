"""Tables of identity. What says who somebody is, and private keys, are sealed; refresh tokens hashed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, MetaData, String, Table
from sqlalchemy.orm import registry

from chassis.types import BigId, JSONType, SealedText, UtcDateTime
from services.identity.domain import Account, Session

metadata = MetaData()
mapping = registry(metadata=metadata)

account = Table(
    "account",
    metadata,
    Column("account_id", String(40), primary_key=True),
    Column("login", String(40), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    Column("display_name", SealedText, nullable=False),
    Column("password_hash", String(120), nullable=False),
    Column("roles", JSONType, nullable=False),
    Column("department", String(16)),
    Column("id_number", SealedText),
    Column("id_index", String(64), unique=True),
    Column("credit_code", String(18), unique=True),
    Column("email", SealedText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_before", UtcDateTime),
)

session = Table(
    "session",
    metadata,
    Column("session_id", String(40), primary_key=True),
    Column("account_id", String(40), ForeignKey(account.c.account_id), nullable=False),
    Column("current", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("renewed_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("session_of", "account_id"),
)

key = Table(
    "private_key",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("sealed", SealedText, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
)
"""Signing keys as JSON Web Keys; one signs from ``signs_from`` until the next one does."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("act", String(24), nullable=False),
    Column("subject", String(40), nullable=False),
    Index("audit_of", "subject", "at"),
    sqlite_autoincrement=True,
)
"""Who read whose name or address, who opened whose account."""

mapping.map_imperatively(Account, account)
mapping.map_imperatively(Session, session)
