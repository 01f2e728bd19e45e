"""A department reads what concerns it from any point on.

Revision ID: approval_0004
"""

import sqlalchemy as sa
from alembic import op

revision = "approval_0004"
down_revision = "approval_0003"
branch_labels = None
depends_on = "chassis_0001"


def upgrade() -> None:
    some = sa.text("department IS NOT NULL")
    op.create_index(
        "event_log_department",
        "event_log",
        ["department", "position"],
        postgresql_where=some,
        sqlite_where=some,
    )


def downgrade() -> None:
    op.drop_index("event_log_department", "event_log")
