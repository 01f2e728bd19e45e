"""Where mail for an account goes, sealed.

Revision ID: identity_0002
"""

import sqlalchemy as sa
from alembic import op

revision = "identity_0002"
down_revision = "identity_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("email", sa.LargeBinary))


def downgrade() -> None:
    op.drop_column("account", "email")
