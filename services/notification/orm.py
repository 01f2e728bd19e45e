"""Tables of notification: messages, what people prefer, and whose case is whose."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, UniqueConstraint

from chassis.types import JSONType, SealedText, UtcDateTime

metadata = MetaData()

message = Table(
    "message",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("event_id", String(36), nullable=False),
    Column("recipient", String(80), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("text", String(40), nullable=False),
    Column("category", String(16), nullable=False),
    Column("case_id", String(40)),
    Column("facts", JSONType, nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("tried_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Column("error", String(120)),
    UniqueConstraint("event_id", "recipient", "channel", name="message_wished_once"),
    Index("message_of", "recipient", "channel", "message_id"),
    Index("message_unread", "recipient", "channel", "read_at"),
    Index("message_due", "channel", "state", "due_at"),
)
"""One message on one channel. In-app ones are ``kept``; of the others ``state`` says how far they are:
waiting, trying (with ``due_at`` passed: unknown), sent, failed, no_address. ``message_id`` is the
idempotency key outside."""

preference = Table(
    "preference",
    metadata,
    Column("account_id", String(80), primary_key=True),
    Column("language", String(2), nullable=False),
    Column("mail", JSONType, nullable=False, comment="the categories that are also sent by e-mail"),
)

sandbox = Table(
    "sandbox_mail",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("address", SealedText, nullable=False),
    Column("subject", SealedText, nullable=False),
    Column("body", SealedText, nullable=False),
)
"""What would have been sent, where no mail server is configured."""

application = Table(
    "application",
    metadata,
    Column("application_no", String(40), primary_key=True),
    Column("applicant", String(80), nullable=False),
    Column("filed_by", String(80), comment="the agent who filed for a firm"),
    Column("procedure", String(60), nullable=False),
)

colleague = Table(
    "colleague",
    metadata,
    Column("account_id", String(80), primary_key=True),
    Column("department", String(16)),
    Column("roles", JSONType, nullable=False),
    Column("sequence", Integer, nullable=False, server_default="1"),
    Index("colleague_of", "department"),
)
"""Members of staff."""

title = Table(
    "title",
    metadata,
    Column("kind", String(12), primary_key=True, comment="procedure or department"),
    Column("code", String(60), primary_key=True),
    Column("zh", String(200), nullable=False),
    Column("en", String(200), nullable=False),
    Column("number", Integer, nullable=False, comment="version or sequence: the newest counts"),
)
