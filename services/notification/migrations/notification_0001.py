"""Messages, preferences, the sandbox, and what texts name.

Revision ID: notification_0001
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import JSONType, UtcDateTime

revision = "notification_0001"
down_revision = None
branch_labels = ("notification",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("message_id", sa.String(36), primary_key=True),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("recipient", sa.String(80), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("text", sa.String(40), nullable=False),
        sa.Column("category", sa.String(16), nullable=False),
        sa.Column("case_id", sa.String(40)),
        sa.Column("facts", JSONType, nullable=False),
        sa.Column("happened_at", UtcDateTime, nullable=False),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sa.Column("read_at", UtcDateTime),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("tried_at", UtcDateTime),
        sa.Column("settled_at", UtcDateTime),
        sa.Column("error", sa.String(120)),
        sa.UniqueConstraint("event_id", "recipient", "channel", name="message_wished_once"),
    )
    op.create_index("message_of", "message", ["recipient", "channel", "message_id"])
    op.create_index("message_unread", "message", ["recipient", "channel", "read_at"])
    op.create_index("message_due", "message", ["channel", "state", "due_at"])
    op.create_table(
        "preference",
        sa.Column("account_id", sa.String(80), primary_key=True),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("mail", JSONType, nullable=False, comment="the categories that are also sent by e-mail"),
    )
    op.create_table(
        "sandbox_mail",
        sa.Column("message_id", sa.String(36), primary_key=True),
        sa.Column("sent_at", UtcDateTime, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "application",
        sa.Column("application_no", sa.String(40), primary_key=True),
        sa.Column("applicant", sa.String(80), nullable=False),
        sa.Column("procedure", sa.String(60), nullable=False),
    )
    op.create_table(
        "colleague",
        sa.Column("account_id", sa.String(80), primary_key=True),
        sa.Column("department", sa.String(16)),
        sa.Column("roles", JSONType, nullable=False),
    )
    op.create_index("colleague_of", "colleague", ["department"])
    op.create_table(
        "title",
        sa.Column("kind", sa.String(12), primary_key=True, comment="procedure or department"),
        sa.Column("code", sa.String(60), primary_key=True),
        sa.Column("zh", sa.String(200), nullable=False),
        sa.Column("en", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, comment="version or sequence: the newest counts"),
    )


def downgrade() -> None:
    for table in ("title", "colleague", "application", "sandbox_mail", "preference", "message"):
        op.drop_table(table)
