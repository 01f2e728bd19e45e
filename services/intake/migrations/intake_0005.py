"""Who read an applicant's data: chained, append-only.

Revision ID: intake_0005
"""

from chassis.audit_migration import chain_table, unchain_table

revision = "intake_0005"
down_revision = "intake_0004"
branch_labels = None
depends_on = None

TABLES = ("reading", "data_use")


def upgrade() -> None:
    for table in TABLES:
        chain_table(table)


def downgrade() -> None:
    for table in TABLES:
        unchain_table(table)
