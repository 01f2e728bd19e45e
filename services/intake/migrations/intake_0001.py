"""Applications, what the desk and the applicant wrote, who read it, and the replica of the catalogue.

Revision ID: intake_0001
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "intake_0001"
down_revision = None
branch_labels = ("intake",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "application",
        sa.Column("application_no", sa.String(40), primary_key=True),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("lead_department", sa.String(16), nullable=False),
        sa.Column("acceptance", sa.String(12), nullable=False),
        sa.Column("applicant", sa.String(80), nullable=False),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("form", sa.LargeBinary, nullable=False),
        sa.Column("called", JSONType, nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("submitted_at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("acceptance_due", UtcDateTime),
        sa.Column("accepted_at", UtcDateTime),
        sa.Column("accepted_by", sa.String(12)),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("returned_at", UtcDateTime),
        sa.Column("not_accepted_at", UtcDateTime),
        sa.Column("withdrawal_requested_at", UtcDateTime),
        sa.Column("withdrawn_at", UtcDateTime),
        sa.Column("corrected", JSONType, nullable=False),
        sa.Column("history", JSONType, nullable=False),
        sa.Column("case_facts", JSONType, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_index("application_of", "application", ["applicant", "submitted_at", "application_no"])
    op.create_index("application_at_desk", "application", ["status", "lead_department", "acceptance_due"])
    op.create_table(
        "acceptance_act",
        sa.Column("application_no", sa.String(40), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("act", sa.String(16), nullable=False, comment="accept, return, refuse"),
        sa.Column("clerk", sa.String(80), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("ground", sa.String(24)),
        sa.Column("competent_department", sa.String(16)),
        sa.Column("words", sa.LargeBinary, comment="reasons of a return, the reason of a refusal"),
    )
    op.create_table(
        "correction",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("request", sa.Integer, primary_key=True),
        sa.Column("application_no", sa.String(40), nullable=False),
        sa.Column("changed", JSONType, nullable=False, comment="names of the fields that were changed"),
        sa.Column("note", sa.LargeBinary),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "reading",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("application_no", sa.String(40), nullable=False),
        sa.Column("branch_no", sa.String(44), comment="empty: the whole form, by the desk"),
        sa.Column("account_id", sa.String(80), nullable=False),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("reading_of", "reading", ["application_no", "id"])
    op.create_table(
        "serial_number",
        sa.Column("department", sa.String(16), primary_key=True),
        sa.Column("day", sa.String(8), primary_key=True, comment="yyyymmdd in Shanghai"),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "procedure_version",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("definition", JSONType, nullable=False),
    )
    op.create_table(
        "procedure_state",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("newest", sa.Integer, nullable=False),
        sa.Column(
            "closed", sa.Integer, nullable=False, comment="no filing under this version and older ones"
        ),
    )
    op.create_table(
        "department",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("name", JSONType, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holidays", JSONType, nullable=False),
        sa.Column("extra_workdays", JSONType, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    for table in (
        "calendar_year",
        "department",
        "procedure_state",
        "procedure_version",
        "serial_number",
        "reading",
        "correction",
        "acceptance_act",
        "application",
    ):
        op.drop_table(table)
