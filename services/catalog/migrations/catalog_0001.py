"""Procedures with their versions, departments, calendar.

Revision ID: catalog_0001
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType, UtcDateTime

revision = "catalog_0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "procedure",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("closed_at", UtcDateTime),
    )
    op.create_index("ix_procedure_kind", "procedure", ["kind"])
    op.create_table(
        "procedure_version",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("definition", JSONType, nullable=False),
        sa.Column("facts", JSONType, nullable=False),
        sa.Column("published_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "department",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("name_zh", sa.String(100), nullable=False),
        sa.Column("name_en", sa.String(100), nullable=False),
        sa.Column("is_government", sa.Boolean, nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holidays", JSONType, nullable=False),
        sa.Column("extra_workdays", JSONType, nullable=False),
        sa.Column("provisional", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    for table in ("calendar_year", "department", "procedure_version", "procedure"):
        op.drop_table(table)
