"""Who read and who did what."""

from sqlalchemy import Column, Index, String, Table

from chassis.audit import Trail
from chassis.types import BigId, UtcDateTime
from services.identity.orm.base import metadata

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
"""Who read whose name or address, who opened whose account. Rows are never changed or deleted."""

trail = Trail(audit)
