"""Second factors, sign-ins, the tree staff belong to; who is suspended; where sessions began.

Revision ID: identity_0003
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "identity_0003"
down_revision = "identity_0002"
branch_labels = None
depends_on = None

ACCOUNT = ("has_initial_password", "is_demonstration", "suspended_at")
SESSION = ("device", "address")


def upgrade() -> None:
    for name in ACCOUNT[:2]:
        op.add_column("account", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("account", sa.Column("suspended_at", UtcDateTime))
    op.add_column("session", sa.Column("device", sa.String(24), nullable=False, server_default="other/other"))
    op.add_column("session", sa.Column("address", sa.String(24), nullable=False, server_default=""))
    op.create_table(
        "second_factor",
        _account(primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "recovery_code",
        _account(primary_key=True),
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("used_at", UtcDateTime),
    )
    op.create_table(
        "challenge",
        sa.Column("key", sa.String(64), primary_key=True),
        _account(nullable=False),
        sa.Column("passed", JSONType, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
    )
    op.create_index("challenge_of", "challenge", ["account_id"])
    op.create_table(
        "enrolment",
        sa.Column("holder", sa.String(64), primary_key=True),
        _account(nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("begun_at", UtcDateTime, nullable=False),
    )
    op.create_index("enrolment_of", "enrolment", ["account_id"])
    op.create_table(
        "sign_in",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("device", sa.String(24), nullable=False),
        sa.Column("address", sa.String(24), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("sign_in_of", "sign_in", ["account_id", "id"])
    op.create_table(
        "unit",
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("name", JSONType, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("parent", sa.String(16)),
        sa.Column("is_gone", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )


def _account(*, primary_key: bool = False, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(
        "account_id",
        sa.String(40),
        sa.ForeignKey("account.account_id"),
        primary_key=primary_key,
        nullable=nullable and not primary_key,
    )


def downgrade() -> None:
    for table in ("unit", "sign_in", "enrolment", "challenge", "recovery_code", "second_factor"):
        op.drop_table(table)
    for name in SESSION:
        op.drop_column("session", name)
    for name in ACCOUNT:
        op.drop_column("account", name)
