"""Co-signing: versions going round, and who signs them.

Revision ID: intake_0006
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType, UtcDateTime

revision = "intake_0006"
down_revision = "intake_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_round",
        sa.Column("round_id", sa.String(36), primary_key=True),
        sa.Column("draft_id", sa.String(36), nullable=False),
        sa.Column("applicant", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("filed_by", sa.String(80)),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="of everything that is signed"),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("outcome", sa.String(12)),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("application_no", sa.String(40)),
    )
    op.create_index("signing_round_of", "signing_round", ["draft_id", "started_at"])
    op.create_index("signing_round_filed", "signing_round", ["application_no"])
    running = sa.text("outcome IS NULL")
    op.create_index(
        "signing_round_running",
        "signing_round",
        ["draft_id"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_table(
        "signer",
        sa.Column("signer_id", sa.String(36), primary_key=True),
        sa.Column(
            "round_id",
            sa.String(36),
            sa.ForeignKey("signing_round.round_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("roles", JSONType, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("id_number", sa.LargeBinary, nullable=False),
        sa.Column("phone", sa.LargeBinary, comment="where the link goes; empty: the applicant"),
        sa.Column("token", sa.LargeBinary, comment="until the round is over"),
        sa.Column("token_index", sa.String(64), unique=True),
        sa.Column("invitations", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("account_id", sa.String(80)),
        sa.Column("level", sa.Integer),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("reason", sa.LargeBinary, comment="why somebody objects"),
    )
    op.create_index("signer_in_round", "signer", ["round_id", "position"])


def downgrade() -> None:
    op.drop_table("signer")
    op.drop_table("signing_round")
