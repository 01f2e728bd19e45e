"""Extensions, second signatures, supervision, absence, templates and saved filters.

Revision ID: approval_0002
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType, UtcDateTime

revision = "approval_0002"
down_revision = "approval_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("branch", sa.Column("extension_asked", sa.Integer))
    op.add_column("branch", sa.Column("extension_asked_by", sa.String(80)))
    op.add_column("branch", sa.Column("extended", sa.Integer, nullable=False, server_default="0"))
    op.add_column("branch", sa.Column("proposed", sa.String(24)))
    op.add_column("branch", sa.Column("proposed_by", sa.String(80)))
    op.add_column("pause_reason", sa.Column("expected_end", sa.Date, comment="what the applicant was told"))
    op.create_table(
        "extension",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("asked_by", sa.String(80), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("approved", sa.Boolean),
        sa.Column("decided_by", sa.String(80)),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decision_reason", sa.LargeBinary),
    )
    op.create_table(
        "signature",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("answer", sa.String(24), nullable=False),
        sa.Column("proposed_by", sa.String(80), nullable=False),
        sa.Column("proposed_at", UtcDateTime, nullable=False),
        sa.Column("signed", sa.Boolean),
        sa.Column("decided_by", sa.String(80)),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decision_reason", sa.LargeBinary),
    )
    op.create_table(
        "supervision",
        sa.Column("branch_no", sa.String(44), sa.ForeignKey("branch.branch_no"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("application_no", sa.String(40), nullable=False),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("responsible", sa.String(80)),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("answer_due", UtcDateTime, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("answered_by", sa.String(80)),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("closed_by", sa.String(80)),
        sa.Column("closed_because", sa.String(16)),
    )
    op.create_index("supervision_open", "supervision", ["closed_at", "department", "answer_due"])
    op.create_table(
        "delegation",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("absent", sa.String(80), nullable=False),
        sa.Column("delegate", sa.String(80), nullable=False),
        sa.Column("given_by", sa.String(80), nullable=False),
        sa.Column("begins", UtcDateTime, nullable=False),
        sa.Column("ends", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
    )
    op.create_index("delegation_of_delegate", "delegation", ["delegate", "ends"])
    op.create_index("delegation_of_department", "delegation", ["department", "ends"])
    op.create_table(
        "opinion_template",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(80), comment="none: the department's"),
        sa.Column("answer", sa.String(24), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
    )
    op.create_index("template_of_department", "opinion_template", ["department", "owner"])
    op.create_table(
        "saved_filter",
        sa.Column("account", sa.String(80), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("query", JSONType, nullable=False),
    )
    op.create_table(
        "staff",
        sa.Column("account_id", sa.String(80), primary_key=True),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("roles", JSONType, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )
    op.create_index("staff_of_department", "staff", ["department"])


def downgrade() -> None:
    for table in (
        "staff",
        "saved_filter",
        "opinion_template",
        "delegation",
        "supervision",
        "signature",
        "extension",
    ):
        op.drop_table(table)
    op.drop_column("pause_reason", "expected_end")
    for column in ("proposed_by", "proposed", "extended", "extension_asked_by", "extension_asked"):
        op.drop_column("branch", column)
