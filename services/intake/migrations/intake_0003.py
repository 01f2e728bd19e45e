"""Who filed for a firm, and what agents did for one.

Revision ID: intake_0003
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, UtcDateTime

revision = "intake_0003"
down_revision = "intake_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "application", sa.Column("filed_by", sa.String(80), comment="the agent who filed for a firm")
    )
    op.create_table(
        "agent_act",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("firm", sa.String(80), nullable=False),
        sa.Column("agent", sa.String(80), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(60), nullable=False, comment="a draft or an application"),
        sqlite_autoincrement=True,
    )
    op.create_index("agent_act_of", "agent_act", ["subject", "id"])


def downgrade() -> None:
    op.drop_table("agent_act")
    op.drop_column("application", "filed_by")
