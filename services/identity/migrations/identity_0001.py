"""Accounts, sessions, signing keys, and who read or opened what.

Revision ID: identity_0001
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "identity_0001"
down_revision = None
branch_labels = ("identity",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.String(40), primary_key=True),
        sa.Column("login", sa.String(40), nullable=False, unique=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("display_name", sa.LargeBinary, nullable=False),
        sa.Column("password_hash", sa.String(120), nullable=False),
        sa.Column("roles", JSONType, nullable=False),
        sa.Column("department", sa.String(16)),
        sa.Column("id_number", sa.LargeBinary),
        sa.Column("id_index", sa.String(64), unique=True),
        sa.Column("credit_code", sa.String(18), unique=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("revoked_before", UtcDateTime),
    )
    op.create_table(
        "audit",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("act", sa.String(24), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_of", "audit", ["subject", "at"])
    op.create_table(
        "private_key",
        sa.Column("kid", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("signs_from", UtcDateTime, nullable=False),
        sa.Column("retired_at", UtcDateTime),
    )
    op.create_table(
        "session",
        sa.Column("session_id", sa.String(40), primary_key=True),
        sa.Column("account_id", sa.String(40), sa.ForeignKey("account.account_id"), nullable=False),
        sa.Column("current", sa.String(64), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("renewed_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
    )
    op.create_index("session_of", "session", ["account_id"])


def downgrade() -> None:
    op.drop_table("session")
    op.drop_table("private_key")
    op.drop_table("audit")
    op.drop_table("account")
