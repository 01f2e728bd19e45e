"""The OpenID provider: clients, codes, grants, consents, notes of sign-outs; a browser's secret of a session.

Revision ID: identity_0007
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "identity_0007"
down_revision = "identity_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("browser", sa.String(64)))
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(40), primary_key=True),
        sa.Column("name", JSONType, nullable=False),
        sa.Column("secret_hash", sa.String(64)),
        sa.Column("first_party", sa.Boolean, nullable=False),
        sa.Column("redirect_uris", JSONType, nullable=False),
        sa.Column("logout_uris", JSONType, nullable=False),
        sa.Column("backchannel_uri", sa.String(500)),
        sa.Column("scopes", JSONType, nullable=False),
        sa.Column("account_id", sa.String(40)),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "authorization_code",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("client_id", sa.String(40), nullable=False),
        sa.Column("session_id", sa.String(40), nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("redirect_uri", sa.String(500), nullable=False),
        sa.Column("scope", sa.String(500), nullable=False),
        sa.Column("nonce", sa.String(500)),
        sa.Column("challenge", sa.String(128), nullable=False),
        sa.Column("auth_time", UtcDateTime, nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime),
        sa.Column("grant_id", sa.String(40)),
    )
    op.create_index("ix_authorization_code_issued_at", "authorization_code", ["issued_at"])
    op.create_table(
        "client_grant",
        sa.Column("grant_id", sa.String(40), primary_key=True),
        sa.Column("session_id", sa.String(40), nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("client_id", sa.String(40), nullable=False),
        sa.Column("scope", sa.String(500), nullable=False),
        sa.Column("current", sa.String(64), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("renewed_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
    )
    for column in ("session_id", "account_id", "started_at"):
        op.create_index(f"ix_client_grant_{column}", "client_grant", [column])
    op.create_table(
        "consent",
        sa.Column("account_id", sa.String(40), primary_key=True),
        sa.Column("client_id", sa.String(40), primary_key=True),
        sa.Column("scopes", JSONType, nullable=False),
        sa.Column("given_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "sign_out_note",
        sa.Column("id", BigId, primary_key=True, autoincrement=True),
        sa.Column("client_id", sa.String(40), nullable=False),
        sa.Column("session_id", sa.String(40), nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(8), nullable=False, comment="waiting, trying, sent or failed"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("wanted_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("error", sa.String(80)),
        sa.UniqueConstraint("client_id", "session_id", name="one_note_a_client"),
        sqlite_autoincrement=True,
    )
    op.create_index("sign_out_note_due", "sign_out_note", ["state", "due_at"])


def downgrade() -> None:
    for table in ("sign_out_note", "consent", "client_grant", "authorization_code", "client"):
        op.drop_table(table)
    op.drop_column("session", "browser")
