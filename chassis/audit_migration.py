"""What a migration does to chain a table: the chain beside it, old rows noted for it, no changes any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.audit import make_append_only, make_changeable
from chassis.types import BigId, UtcDateTime


def chain_table(name: str) -> None:
    """Make ``<name>_chain`` and ``<name>_unchained``; both tables of record become append-only."""
    op.create_table(
        f"{name}_chain",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("row_id", BigId, nullable=False, unique=True),
        sa.Column("chained_at", UtcDateTime, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(f"{name}_unchained", sa.Column("row_id", BigId, primary_key=True, autoincrement=False))
    op.execute(f"INSERT INTO {name}_unchained (row_id) SELECT id FROM {name}")
    make_append_only(op.get_bind(), name, f"{name}_chain")


def unchain_table(name: str) -> None:
    """Take it back."""
    make_changeable(op.get_bind(), name, f"{name}_chain")
    op.drop_table(f"{name}_unchained")
    op.drop_table(f"{name}_chain")
