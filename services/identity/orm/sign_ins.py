"""Who signed in, or failed to, when and from what."""

from sqlalchemy import Column, Index, String, Table

from chassis.types import BigId, UtcDateTime
from services.identity.orm.base import metadata

sign_in = Table(
    "sign_in",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("account_id", String(40), nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("device", String(24), nullable=False),
    Column("address", String(24), nullable=False),
    Index("sign_in_of", "account_id", "id"),
    sqlite_autoincrement=True,
)
"""Sign-ins of accounts that exist; kept for 400 days (网络安全法 art. 21 demands six months)."""
