"""Themes, places, materials, policies, everyday words, situations.

Revision ID: catalog_0002
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "theme",
        sa.Column("key", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("title_zh", sa.String(100), nullable=False),
        sa.Column("title_en", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_table(
        "place",
        sa.Column("code", sa.String(12), primary_key=True),
        sa.Column("name_zh", sa.String(100), nullable=False),
        sa.Column("name_en", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("parent", sa.String(12)),
        sa.Column("windows", sa.Integer, nullable=False),
    )
    op.create_table(
        "material",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("entry", JSONType, nullable=False),
    )
    op.create_table(
        "policy",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("published_on", sa.Date, nullable=False),
        sa.Column("items", JSONType, nullable=False),
        sa.Column("article", JSONType, nullable=False),
    )
    op.create_table(
        "synonym",
        sa.Column("say", sa.String(40), primary_key=True),
        sa.Column("words", JSONType, nullable=False),
        sa.Column("items", JSONType, nullable=False),
    )
    op.create_table(
        "situation",
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("content", JSONType, nullable=False),
    )


def downgrade() -> None:
    for table in ("situation", "synonym", "policy", "material", "place", "theme"):
        op.drop_table(table)
