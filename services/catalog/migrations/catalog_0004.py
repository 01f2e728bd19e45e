"""Who edited a year's calendar, and when.

Revision ID: catalog_0004
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import UtcDateTime

revision = "catalog_0004"
down_revision = "catalog_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calendar_year", sa.Column("edited_by", sa.String(80)))
    op.add_column("calendar_year", sa.Column("edited_at", UtcDateTime))


def downgrade() -> None:
    op.drop_column("calendar_year", "edited_at")
    op.drop_column("calendar_year", "edited_by")
