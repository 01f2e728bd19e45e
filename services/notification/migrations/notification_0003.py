"""Which agent filed a case for a firm.

Revision ID: notification_0003
"""

import sqlalchemy as sa
from alembic import op

revision = "notification_0003"
down_revision = "notification_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "application", sa.Column("filed_by", sa.String(80), comment="the agent who filed for a firm")
    )


def downgrade() -> None:
    op.drop_column("application", "filed_by")
