"""Certificates of the library in place of materials. Licences themselves are kept by that library now.

Revision ID: intake_0004
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType, UtcDateTime

revision = "intake_0004"
down_revision = "intake_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate_use",
        sa.Column("draft_id", sa.String(36), primary_key=True),
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("application_no", sa.String(40)),
        sa.Column("certificate_id", sa.String(80), nullable=False),
        sa.Column("title", JSONType, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("given", sa.Boolean, comment="agreed, not agreed; empty: not asked"),
        sa.Column("facts", sa.LargeBinary, comment="what stands on it, with consent"),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("certificate_use_in_case", "certificate_use", ["application_no"])
    op.create_index("certificate_use_of", "certificate_use", ["certificate_id"])
    op.create_table(
        "kept_file",
        sa.Column("file_id", sa.String(36), primary_key=True),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("file_name", sa.LargeBinary, nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kept_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("holder", "code", "digest", name="kept_file_once"),
    )
    op.create_index("kept_file_content", "kept_file", ["digest"])
    op.drop_table("licence")


def downgrade() -> None:
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
    op.drop_table("kept_file")
    op.drop_table("certificate_use")
