"""Clients of the OpenID provider, their codes and grants, consents, and notes of sign-outs to be sent.

Secrets, codes and refresh tokens are hashed: they are random, so that a plain hash is enough."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, UniqueConstraint

from chassis.types import BigId, JSONType, UtcDateTime
from services.identity.domain.clients import Client
from services.identity.domain.grants import Code, Consent, Grant
from services.identity.orm.base import mapping, metadata

client = Table(
    "client",
    metadata,
    Column("client_id", String(40), primary_key=True),
    Column("name", JSONType, nullable=False),
    Column("secret_hash", String(64)),
    Column("first_party", Boolean, nullable=False),
    Column("redirect_uris", JSONType, nullable=False),
    Column("logout_uris", JSONType, nullable=False),
    Column("backchannel_uri", String(500)),
    Column("scopes", JSONType, nullable=False),
    Column("account_id", String(40)),
    Column("created_at", UtcDateTime, nullable=False),
)

code = Table(
    "authorization_code",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("client_id", String(40), nullable=False),
    Column("session_id", String(40), nullable=False),
    Column("account_id", String(40), nullable=False),
    Column("redirect_uri", String(500), nullable=False),
    Column("scope", String(500), nullable=False),
    Column("nonce", String(500)),
    Column("challenge", String(128), nullable=False),
    Column("auth_time", UtcDateTime, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
    Column("grant_id", String(40)),
)

grant = Table(
    "client_grant",
    metadata,
    Column("grant_id", String(40), primary_key=True),
    Column("session_id", String(40), nullable=False, index=True),
    Column("account_id", String(40), nullable=False, index=True),
    Column("client_id", String(40), nullable=False),
    Column("scope", String(500), nullable=False),
    Column("current", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("renewed_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

consent = Table(
    "consent",
    metadata,
    Column("account_id", String(40), primary_key=True),
    Column("client_id", String(40), primary_key=True),
    Column("scopes", JSONType, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
)

sign_out_note = Table(
    "sign_out_note",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("client_id", String(40), nullable=False),
    Column("session_id", String(40), nullable=False),
    Column("account_id", String(40), nullable=False),
    Column("state", String(8), nullable=False, comment="waiting, trying, sent or failed"),
    Column("attempts", Integer, nullable=False),
    Column("wanted_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("error", String(80)),
    UniqueConstraint("client_id", "session_id", name="one_note_a_client"),
    Index("sign_out_note_due", "state", "due_at"),
    sqlite_autoincrement=True,
)
"""One for each client that wants to hear that a session it took part in is over."""

mapping.map_imperatively(Client, client)
mapping.map_imperatively(Code, code)
mapping.map_imperatively(Grant, grant)
mapping.map_imperatively(Consent, consent)
