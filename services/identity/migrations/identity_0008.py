"""Sign-ins through other providers: under way, waiting for a link, linked; how a session began.

Revision ID: identity_0008
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import UtcDateTime

revision = "identity_0008"
down_revision = "identity_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("began_by", sa.String(40), nullable=False, server_default="pwd"))
    op.create_table(
        "upstream_flow",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("upstream", sa.String(20), nullable=False),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.LargeBinary, nullable=False),
        sa.Column("fresh", sa.Boolean, nullable=False),
        sa.Column("begun_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_upstream_flow_begun_at", "upstream_flow", ["begun_at"])
    op.create_table(
        "upstream_ticket",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("upstream", sa.String(20), nullable=False),
        sa.Column("vouched", sa.LargeBinary, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_upstream_ticket_made_at", "upstream_ticket", ["made_at"])
    op.create_table(
        "upstream_link",
        sa.Column("link_id", sa.String(40), primary_key=True),
        sa.Column("upstream", sa.String(20), nullable=False),
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("subject_index", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(40), sa.ForeignKey("account.account_id"), nullable=False),
        sa.Column("linked_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("issuer", "subject_index", name="one_account_a_subject"),
        sa.UniqueConstraint("issuer", "account_id", name="one_subject_an_account"),
    )
    op.create_index("upstream_link_of", "upstream_link", ["account_id"])


def downgrade() -> None:
    for table in ("upstream_link", "upstream_ticket", "upstream_flow"):
        op.drop_table(table)
    op.drop_column("session", "began_by")
