"""Cases, branches, the pause ledger, words and the replica of the catalogue.

Revision ID: approval_0001
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "approval_0001"
down_revision = None
branch_labels = ("approval",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval_case",
        sa.Column("application_no", sa.String(40), primary_key=True),
        sa.Column("procedure_code", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("applicant", sa.String(80), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("outcome", sa.String(16)),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("terminated_at", UtcDateTime),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer, primary_key=True),
        sa.Column("holidays", JSONType, nullable=False),
        sa.Column("extra_workdays", JSONType, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )
    op.create_table(
        "correction_request",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("request", sa.Integer, primary_key=True),
        sa.Column("fields", JSONType, nullable=False),
        sa.Column("reasons", sa.LargeBinary, nullable=False),
        sa.Column("asked_by", sa.String(80), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("answered_at", UtcDateTime),
    )
    op.create_table(
        "department",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("name", JSONType, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )
    op.create_table(
        "opinion",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("branch_no", sa.String(44), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("answer", sa.String(24), nullable=False),
        sa.Column(
            "words", sa.LargeBinary, nullable=False, comment="public: opinion, conditions; internal: note"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("opinion_of_branch", "opinion", ["branch_no"])
    op.create_table(
        "pause_reason",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("reason", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "procedure_version",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("definition", JSONType, nullable=False),
    )
    op.create_table(
        "rejected_answer",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("branch_no", sa.String(44), nullable=False),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("rejected_of_department", "rejected_answer", ["department", "at"])
    op.create_table(
        "branch",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column(
            "application_no", sa.String(40), sa.ForeignKey("approval_case.application_no"), nullable=False
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("item", sa.String(60), nullable=False),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("required", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("handler", sa.String(80)),
        sa.Column("answer", sa.String(24)),
        sa.Column("results", JSONType, nullable=False),
        sa.Column("opened_at", UtcDateTime),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("promised_due", UtcDateTime),
        sa.Column("statutory_due", UtcDateTime),
        sa.Column(
            "due_by_law", UtcDateTime, sa.Computed("coalesce(statutory_due, promised_due)", persisted=True)
        ),
        sa.Column("corrections", sa.Integer, nullable=False),
        sa.Column("corrected", sa.Integer, nullable=False),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("deemed", sa.Boolean, nullable=False),
    )
    op.create_index("branch_inbox", "branch", ["department", "status", "due_by_law", "branch_no"])
    op.create_index("branch_of_case", "branch", ["application_no"])
    op.create_table(
        "pause",
        sa.Column("branch_no", sa.String(44), sa.ForeignKey("branch.branch_no"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("ground", sa.String(16)),
        sa.Column("stops", sa.String(12), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
    )


def downgrade() -> None:
    op.drop_table("pause")
    op.drop_table("branch")
    op.drop_table("rejected_answer")
    op.drop_table("procedure_version")
    op.drop_table("pause_reason")
    op.drop_table("opinion")
    op.drop_table("department")
    op.drop_table("correction_request")
    op.drop_table("calendar_year")
    op.drop_table("approval_case")
