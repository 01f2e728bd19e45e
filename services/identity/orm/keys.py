"""Signing keys, sealed."""

from sqlalchemy import Column, String, Table

from chassis.types import SealedText, UtcDateTime
from services.identity.orm.base import metadata

key = Table(
    "private_key",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("sealed", SealedText, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
)
"""Signing keys as JSON Web Keys; one signs from ``signs_from`` until the next one does."""
