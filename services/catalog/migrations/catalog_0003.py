"""Search: documents, postings, misses; how often things are filed; what editors wrote.

Revision ID: catalog_0003
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType

revision = "catalog_0003"
down_revision = "catalog_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_document",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(60), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("card", JSONType, nullable=False),
        sa.Column("document", JSONType, nullable=False),
    )
    op.create_table(
        "search_posting",
        sa.Column("term", sa.String(48), primary_key=True),
        sa.Column("bits", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "search_miss",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("words", sa.Text, primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_table(
        "procedure_usage",
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_table(
        "manuscript",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
    )


def downgrade() -> None:
    for table in ("manuscript", "procedure_usage", "search_miss", "search_posting", "search_document"):
        op.drop_table(table)
