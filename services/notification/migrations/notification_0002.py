"""Of what is said about a colleague the newest counts.

Revision ID: notification_0002
"""

import sqlalchemy as sa
from alembic import op

revision = "notification_0002"
down_revision = "notification_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("colleague", sa.Column("sequence", sa.Integer, nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("colleague", "sequence")
