"""Tables of webhooks: where they point, what is to be delivered, and every try."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from chassis.types import BigId, JSONType, SealedText, UtcDateTime
from services.notification.orm import metadata

endpoint = Table(
    "hook_endpoint",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("department", String(16), nullable=False),
    Column("url", String(500), nullable=False),
    Column("events", JSONType, nullable=False, comment="types it wants; none: all"),
    Column("state", String(8), nullable=False),
    Column("why", String(12), comment="why it is paused: by_hand, gone, given_up"),
    Column("secret", SealedText, nullable=False),
    Column("old_secret", SealedText),
    Column("old_until", UtcDateTime, comment="until when the old secret signs as well"),
    Column("made_by", String(80), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime, comment="the last success"),
    Index("hook_endpoint_of", "department"),
)

delivery = Table(
    "hook_delivery",
    metadata,
    Column("position", BigId, primary_key=True, autoincrement=True),
    Column("delivery_id", String(36), nullable=False, unique=True),
    Column(
        "endpoint_id",
        String(36),
        ForeignKey("hook_endpoint.endpoint_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("event_id", String(36), nullable=False),
    Column("type", String(80), nullable=False),
    Column("case_id", String(40)),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column(
        "first_due", UtcDateTime, nullable=False, comment="from when the 24 hours count; a re-send renews it"
    ),
    Column("due_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    UniqueConstraint("endpoint_id", "event_id", name="hook_delivered_once"),
    Index("hook_delivery_due", "state", "due_at"),
    Index("hook_delivery_of", "endpoint_id", "position"),
    sqlite_autoincrement=True,
)
"""``event_id`` goes out as ``webhook-id``: the same event keeps it through every try and re-send."""

attempt = Table(
    "hook_attempt",
    metadata,
    Column("attempt_id", BigId, primary_key=True, autoincrement=True),
    Column(
        "delivery_id", String(36), ForeignKey("hook_delivery.delivery_id", ondelete="CASCADE"), nullable=False
    ),
    Column("at", UtcDateTime, nullable=False),
    Column("ms", Integer, nullable=False),
    Column("status", Integer, comment="HTTP status; none: no answer"),
    Column("error", String(40), comment="a code"),
    Index("hook_attempt_of", "delivery_id"),
)
