"""Drafts live in intake; kept here are only answers whose session had ended.

Revision ID: portal_0002
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import SealedJSON, UtcDateTime

revision = "portal_0002"
down_revision = "portal_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("draft")
    op.create_table(
        "kept_answers",
        sa.Column("account_id", sa.String(40), primary_key=True),
        sa.Column("path", sa.String(200), primary_key=True),
        sa.Column("typed", SealedJSON, nullable=False),
        sa.Column("kept_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_kept_answers_kept_at", "kept_answers", ["kept_at"])


def downgrade() -> None:
    op.drop_table("kept_answers")
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
