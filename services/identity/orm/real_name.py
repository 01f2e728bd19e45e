"""Codes sent to phones, until they are used up or over. Phone and code are sealed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, String, Table

from chassis.types import JSONType, SealedText, UtcDateTime
from services.identity.orm.accounts import account
from services.identity.orm.base import metadata

phone_check = Table(
    "phone_check",
    metadata,
    Column("check_id", String(40), primary_key=True),
    Column("account_id", String(40), ForeignKey(account.c.account_id), nullable=False, unique=True),
    Column("phone", SealedText, nullable=False),
    Column("code", SealedText, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""One code an account: a new one takes the place of the last."""

sandbox_person = Table(
    "sandbox_person",
    metadata,
    Column("id_index", String(64), primary_key=True),
    Column("name", SealedText, nullable=False),
    Column("represents", JSONType, nullable=False, comment="credit codes"),
    Column("is_away", Boolean, nullable=False, comment="about this one there is never an answer"),
)
"""Whom the sandbox's registry knows."""
