"""Webhooks: where they point, what is to be delivered, every try.

Revision ID: notification_0004
"""

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, JSONType, UtcDateTime

revision = "notification_0004"
down_revision = "notification_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hook_endpoint",
        sa.Column("endpoint_id", sa.String(36), primary_key=True),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("events", JSONType, nullable=False, comment="types it wants; none: all"),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("why", sa.String(12), comment="why it is paused: by_hand, gone, given_up"),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("old_secret", sa.LargeBinary),
        sa.Column("old_until", UtcDateTime, comment="until when the old secret signs as well"),
        sa.Column("made_by", sa.String(80), nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("delivered_at", UtcDateTime, comment="the last success"),
    )
    op.create_index("hook_endpoint_of", "hook_endpoint", ["department"])
    op.create_table(
        "hook_delivery",
        sa.Column("position", BigId, primary_key=True, autoincrement=True),
        sa.Column("delivery_id", sa.String(36), nullable=False, unique=True),
        sa.Column(
            "endpoint_id",
            sa.String(36),
            sa.ForeignKey("hook_endpoint.endpoint_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("case_id", sa.String(40)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sa.Column(
            "first_due",
            UtcDateTime,
            nullable=False,
            comment="from when the 24 hours count; a re-send renews it",
        ),
        sa.Column("due_at", UtcDateTime),
        sa.Column("settled_at", UtcDateTime),
        sa.UniqueConstraint("endpoint_id", "event_id", name="hook_delivered_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("hook_delivery_due", "hook_delivery", ["state", "due_at"])
    op.create_index("hook_delivery_of", "hook_delivery", ["endpoint_id", "position"])
    op.create_table(
        "hook_attempt",
        sa.Column("attempt_id", BigId, primary_key=True, autoincrement=True),
        sa.Column(
            "delivery_id",
            sa.String(36),
            sa.ForeignKey("hook_delivery.delivery_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("ms", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, comment="HTTP status; none: no answer"),
        sa.Column("error", sa.String(40), comment="a code"),
    )
    op.create_index("hook_attempt_of", "hook_attempt", ["delivery_id"])


def downgrade() -> None:
    op.drop_table("hook_attempt")
    op.drop_table("hook_delivery")
    op.drop_table("hook_endpoint")
