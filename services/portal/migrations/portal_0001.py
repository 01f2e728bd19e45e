"""Drafts, session renewals and pages that have changed.

Revision ID: portal_0001
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, SealedJSON, UtcDateTime

revision = "portal_0001"
down_revision = None
branch_labels = ("portal",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        sa.Column("draft_id", sa.String(36), primary_key=True),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("answers", SealedJSON, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("saved_at", UtcDateTime, nullable=False),
        sa.Column("application_no", sa.String(40)),
        sa.Column("receipt", SealedJSON),
    )
    op.create_index("ix_draft_account_id", "draft", ["account_id"])
    op.create_index("ix_draft_application_no", "draft", ["application_no"])
    op.create_table(
        "renewal",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("tokens", SealedJSON),
    )
    op.create_index("ix_renewal_started_at", "renewal", ["started_at"])
    op.create_table(
        "page_change",
        sa.Column("position", BigId, primary_key=True, autoincrement=True),
        sa.Column("topic", sa.String(80), nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("page_change")
    op.drop_table("renewal")
    op.drop_table("draft")
