"""Drafts, materials and their content, licences and the use of known data.

Revision ID: intake_0002
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "intake_0002"
down_revision = "intake_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reading", sa.Column("material", sa.String(60), comment="one file, not the form"))
    op.create_table(
        "draft",
        sa.Column("draft_id", sa.String(36), primary_key=True),
        sa.Column("account_id", sa.String(80), nullable=False),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("answers", sa.LargeBinary, nullable=False),
        sa.Column(
            "origins", JSONType, nullable=False, comment="by field: where a filled-in answer came from"
        ),
        sa.Column("touched", JSONType, nullable=False, comment="by field: the revision that changed it last"),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("begun_at", UtcDateTime, nullable=False),
        sa.Column("saved_at", UtcDateTime, nullable=False),
        sa.Column("application_no", sa.String(40)),
    )
    op.create_index("draft_of", "draft", ["account_id", "saved_at"])
    unfiled = sa.text("application_no IS NULL")
    op.create_index(
        "draft_open",
        "draft",
        ["account_id", "procedure"],
        unique=True,
        sqlite_where=unfiled,
        postgresql_where=unfiled,
    )
    op.create_table(
        "material",
        sa.Column("material_id", sa.String(36), primary_key=True),
        sa.Column("draft_id", sa.String(36)),
        sa.Column("application_no", sa.String(40)),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("file_name", sa.LargeBinary, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("uploaded_at", UtcDateTime, nullable=False),
        sa.Column("handed_in_at", UtcDateTime),
    )
    op.create_index("material_of_draft", "material", ["draft_id", "code"])
    op.create_index("material_of_application", "material", ["application_no", "code"])
    op.create_index("material_content", "material", ["digest"])
    op.create_table(
        "blob",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column(
            "touched_at", UtcDateTime, nullable=False, comment="when somebody last stored this content"
        ),
    )
    op.create_table(
        "licence",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("licence_no", sa.String(80), primary_key=True),
        sa.Column("licence_type", sa.String(60), nullable=False),
        sa.Column("application_no", sa.String(40), nullable=False),
        sa.Column("applicant", sa.String(80), nullable=False),
        sa.Column("credit_code", sa.String(18)),
        sa.Column("issued_at", UtcDateTime, nullable=False),
    )
    op.create_index("licence_of", "licence", ["applicant", "licence_type"])
    op.create_index("licence_by_code", "licence", ["credit_code", "licence_type"])
    op.create_table(
        "data_use",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("account_id", sa.String(80), nullable=False, comment="whose data"),
        sa.Column("reader", sa.String(80), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("consent", sa.String(24), nullable=False, comment="how the person agreed"),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("fields", JSONType, nullable=False, comment="names of the fields filled in"),
        sa.Column("sources", JSONType, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("data_use_of", "data_use", ["account_id", "at"])


def downgrade() -> None:
    for table in ("data_use", "licence", "blob", "material", "draft"):
        op.drop_table(table)
    op.drop_column("reading", "material")
