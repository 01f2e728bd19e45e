"""Who may act for which firm.

Revision ID: chassis_0002
"""

from alembic import op

from chassis.tables import agency

revision = "chassis_0002"
down_revision = "chassis_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    agency.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    agency.drop(op.get_bind(), checkfirst=True)
