"""The audit's chain; who closed an account, and when.

Revision ID: identity_05_protect
"""

from chassis.audit_migration import chain_table, unchain_table

revision = "identity_05_protect"
down_revision = "identity_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    chain_table("audit")


def downgrade() -> None:
    unchain_table("audit")
