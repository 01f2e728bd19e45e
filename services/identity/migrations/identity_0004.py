"""Real-name levels, codes sent to phones, who may act for a firm and who is invited to.

Revision ID: identity_0004
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType, UtcDateTime

revision = "identity_0004"
down_revision = "identity_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("phone", sa.LargeBinary))
    op.add_column("account", sa.Column("level", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "phone_check",
        sa.Column("check_id", sa.String(40), primary_key=True),
        sa.Column(
            "account_id", sa.String(40), sa.ForeignKey("account.account_id"), nullable=False, unique=True
        ),
        sa.Column("phone", sa.LargeBinary, nullable=False),
        sa.Column("code", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "sandbox_person",
        sa.Column("id_index", sa.String(64), primary_key=True),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("represents", JSONType, nullable=False, comment="credit codes"),
        sa.Column("is_away", sa.Boolean, nullable=False, comment="about this one there is never an answer"),
    )
    op.create_table(
        "firm_agency",
        sa.Column("agency_id", sa.String(40), primary_key=True),
        sa.Column("firm", sa.String(40), sa.ForeignKey("account.account_id"), nullable=False),
        sa.Column("agent", sa.String(40), sa.ForeignKey("account.account_id"), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("items", JSONType, nullable=False),
        sa.Column("until", UtcDateTime),
        sa.Column("granted_at", UtcDateTime, nullable=False),
        sa.Column("granted_by", sa.String(40), nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("ended_by", sa.String(40)),
    )
    op.create_index("firm_agency_of_firm", "firm_agency", ["firm", "granted_at"])
    op.create_index("firm_agency_of_agent", "firm_agency", ["agent", "firm"])
    op.create_table(
        "firm_invitation",
        sa.Column("invitation_id", sa.String(40), primary_key=True),
        sa.Column("firm", sa.String(40), sa.ForeignKey("account.account_id"), nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("items", JSONType, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("invited_by", sa.String(40), nullable=False),
        sa.Column("invited_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("accepted_at", UtcDateTime),
        sa.Column("declined_at", UtcDateTime),
        sa.Column("withdrawn_at", UtcDateTime),
    )
    op.create_index("firm_invitation_of", "firm_invitation", ["firm", "invited_at"])


def downgrade() -> None:
    op.drop_table("firm_invitation")
    op.drop_table("firm_agency")
    op.drop_table("sandbox_person")
    op.drop_table("phone_check")
    op.drop_column("account", "level")
    op.drop_column("account", "phone")
