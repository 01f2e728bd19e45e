"""Accounts and their sessions. What says who somebody is is sealed; refresh tokens are hashed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, false

from chassis.types import JSONType, SealedText, UtcDateTime
from services.identity.domain import Account, Session
from services.identity.numbers import INDEX
from services.identity.orm.base import mapping, metadata

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
    Column("id_index", String(64), unique=True, info={"blind_index_of": ("id_number", INDEX)}),
    Column("credit_code", String(18), unique=True),
    Column("email", SealedText),
    Column("phone", SealedText),
    Column("level", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_before", UtcDateTime),
    Column("has_initial_password", Boolean, nullable=False, server_default=false()),
    Column("is_demonstration", Boolean, nullable=False, server_default=false()),
    Column("suspended_at", UtcDateTime),
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
    Column("device", String(24), nullable=False, server_default="other/other"),
    Column("address", String(24), nullable=False, server_default=""),
    Column("browser", String(64)),
    Column("began_by", String(40), nullable=False, server_default="pwd"),
    Index("session_of", "account_id"),
)

mapping.map_imperatively(Account, account)
mapping.map_imperatively(Session, session)
