"""The tables every service's database has, whatever else is in it."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from chassis.types import BigId, JSONType, UtcDateTime

metadata = MetaData()

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False),
    Column("type", String(80), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("case_id", String(40)),
    Column("department", String(16)),
    Column("time", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("queue", String(80), comment="addressed to this queue alone; empty: to everyone who subscribed"),
    Column("headers", JSONType),
    Column("due_at", UtcDateTime, nullable=False),
    UniqueConstraint("event_id", "queue", name="outbox_addressed_once"),
    Index("outbox_due", "due_at", "id"),
    sqlite_autoincrement=True,
)
"""Events on their way out. Deliveries that wait for another try (`queue` set) stand here too."""

event_sequence = Table(
    "event_sequence",
    metadata,
    Column("subject", String(80), primary_key=True),
    Column("last", Integer, nullable=False),
)

event_log = Table(
    "event_log",
    metadata,
    Column("position", BigId, primary_key=True, autoincrement=True),
    Column("logged_at", UtcDateTime, primary_key=False, nullable=False),
    Column("event_id", String(36), nullable=False),
    Column("type", String(80), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("case_id", String(40)),
    Column("department", String(16)),
    Column("time", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("event_log_case", "case_id"),
    Index("event_log_event", "event_id"),
    Index("event_log_logged_at", "logged_at"),
    sqlite_autoincrement=True,
)
"""The service's history, appended by the relay alone. Partitioned by month on PostgreSQL."""

inbox = Table(
    "inbox",
    metadata,
    Column("subscription", String(80), primary_key=True),
    Column("event_id", String(36), primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
)

suspect = Table(
    "suspect",
    metadata,
    Column("subscription", String(80), primary_key=True),
    Column("event_id", String(36), primary_key=True),
    Column("attempts", Integer, nullable=False),
)
"""Deliveries that may have killed their process: counted before each try, forgotten after success."""

dead_event = Table(
    "dead_event",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("queue", String(80), nullable=False),
    Column("event_id", String(36)),
    Column("type", String(80)),
    Column("case_id", String(40)),
    Column("body", LargeBinary, nullable=False),
    Column(
        "reason", String(24), nullable=False, comment="undecodable, invalid, unknown, failed, waited, poison"
    ),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("dead_at", UtcDateTime, nullable=False),
    Column("settled", String(12), comment="replayed or discarded"),
    Column("settled_at", UtcDateTime),
    Index("dead_event_open", "settled", "queue"),
    sqlite_autoincrement=True,
)

time_row = Table(
    "time_row",
    metadata,
    Column("kind", String(60), primary_key=True),
    Column("subject", String(80), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("time_row_due", "kind", "done_at", "due_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("caller", String(80), primary_key=True),
    Column("route", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("status", Integer),
    Column("headers", JSONType),
    Column("body", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    Index("idempotency_created", "created_at"),
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("x", String(64), nullable=False),
    Column("y", String(64), nullable=False),
    Column("retired_at", UtcDateTime),
)

revocation = Table(
    "revocation",
    metadata,
    Column("subject", String(80), primary_key=True),
    Column("not_before", UtcDateTime, nullable=False),
)

agency = Table(
    "agency",
    metadata,
    Column("agency_id", String(40), primary_key=True),
    Column("firm", String(80), nullable=False),
    Column("agent", String(80), nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("items", JSONType, nullable=False, comment="codes it is good for; empty: all"),
    Column("until", UtcDateTime, comment="its last moment; empty: until it is ended"),
    Column("granted_at", UtcDateTime, comment="empty: its end came first"),
    Column("ended_at", UtcDateTime),
    Index("agency_of", "agent", "firm"),
)
"""Who may act for which firm, as identity says."""

attempt = Table(
    "attempt",
    metadata,
    Column("key", String(120), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
"""Tries of something that is limited (sign-in, look-up by query code), by an opaque key."""

health_note = Table(
    "health_note",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("problem", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
"""What the worker found wrong, for the web process's readiness."""

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("position", BigId, nullable=False),
    Column("starts", Integer, nullable=False, default=0),
)
"""Up to where every subscriber of a broker that forgets has handled this service's events."""
