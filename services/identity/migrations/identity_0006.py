"""Spaces: certificates, consents, readings.

Revision ID: identity_0006
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "identity_0006"
down_revision = "identity_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("certificate_id", sa.String(80), primary_key=True),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False, comment="licence type, or the material's code"),
        sa.Column("title", JSONType, nullable=False),
        sa.Column("number", sa.LargeBinary, nullable=False),
        sa.Column("issuer", sa.String(16), nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column(
            "issued_until",
            sa.Date,
            comment="as issued; empty: without end, or the end of the one it replaces",
        ),
        sa.Column("replaces", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(12), nullable=False, comment="valid, superseded, revoked"),
        sa.Column("valid_until", sa.Date),
        sa.Column(
            "contents", sa.LargeBinary, nullable=False, comment="answers to questions of forms, by element"
        ),
        sa.Column("contents_due_at", UtcDateTime, comment="when to ask (again) for what stands on it"),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("application_no", sa.String(40)),
        sa.Column("branch_no", sa.String(44)),
        sa.Column("item", sa.String(60)),
    )
    op.create_index("certificate_of", "certificate", ["holder", "kind"])
    op.create_index("certificate_contents_due", "certificate", ["contents_due_at"])
    op.create_table(
        "certificate_ending",
        sa.Column("ending_id", sa.String(80), primary_key=True),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("certificate_id", sa.String(80), comment="empty: the holder's last one"),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("certificate_ending_of", "certificate_ending", ["holder", "kind"])
    op.create_table(
        "case_of",
        sa.Column("application_no", sa.String(40), primary_key=True),
        sa.Column("applicant", sa.String(40), nullable=False),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "issuing",
        sa.Column("procedure", sa.String(60), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("title", JSONType, nullable=False),
        sa.Column("branches", JSONType, nullable=False, comment="those that issue or end a licence"),
    )
    op.create_table(
        "material_kind",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("title", JSONType, nullable=False),
        sa.Column("licence_type", sa.String(60)),
        sa.Column("gives", JSONType, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("procedure", sa.String(60), nullable=False),
    )
    op.create_index("material_kind_of", "material_kind", ["licence_type"])
    op.create_table(
        "department_name",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("name", JSONType, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )
    op.create_table(
        "certificate_consent",
        sa.Column("matter", sa.String(40), primary_key=True, comment="the draft it was given in"),
        sa.Column("certificate_id", sa.String(80), primary_key=True),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("application_no", sa.String(40)),
    )
    op.create_index("certificate_consent_of", "certificate_consent", ["holder", "at"])
    op.create_table(
        "reading",
        sa.Column("reading_id", BigId, primary_key=True, autoincrement=True),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("reader", sa.String(16), nullable=False, comment="a department's code, self or platform"),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column(
            "about", sa.String(80), nullable=False, comment="case, or procedure where there is no case yet"
        ),
        sa.Column("detail", sa.String(80), nullable=False, comment="certificate or material"),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint(
            "holder", "day", "reader", "what", "purpose", "about", "detail", name="reading_once_a_day"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("reading_of", "reading", ["holder", "last_at", "reading_id"])


def downgrade() -> None:
    for table in (
        "reading",
        "certificate_consent",
        "department_name",
        "material_kind",
        "issuing",
        "case_of",
        "certificate_ending",
        "certificate",
    ):
        op.drop_table(table)
