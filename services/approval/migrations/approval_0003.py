"""Certificates used in cases, and how each stands.

Revision ID: approval_0003
"""

import sqlalchemy as sa
from alembic import op

revision = "approval_0003"
down_revision = "approval_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_certificate",
        sa.Column("application_no", sa.String(40), primary_key=True),
        sa.Column("material", sa.String(60), primary_key=True),
        sa.Column("certificate_id", sa.String(80), nullable=False),
    )
    op.create_table(
        "certificate_state",
        sa.Column("certificate_id", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("sequence", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("certificate_state")
    op.drop_table("used_certificate")
