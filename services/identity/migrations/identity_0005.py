"""The audit's chain; who closed an account, and when.

Revision ID: identity_0005
"""

from chassis.audit_migration import chain_table, unchain_table

revision = "identity_0005"
down_revision = "identity_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    chain_table("audit")


def downgrade() -> None:
    unchain_table("audit")
