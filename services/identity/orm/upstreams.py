"""Sign-ins through other providers: those under way, what waits to be linked, and the links.

States and tickets are random and hashed; subjects and what is vouched for are sealed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, UniqueConstraint

from chassis.types import SealedJSON, SealedText, UtcDateTime
from services.identity.domain.upstreams import LinkTicket, UpstreamFlow, UpstreamLink
from services.identity.orm.accounts import account
from services.identity.orm.base import mapping, metadata

SUBJECT_INDEX = "upstream-subject"

upstream_flow = Table(
    "upstream_flow",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("upstream", String(20), nullable=False),
    Column("browser", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", SealedText, nullable=False),
    Column("fresh", Boolean, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False, index=True),
)

link_ticket = Table(
    "upstream_ticket",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("upstream", String(20), nullable=False),
    Column("vouched", SealedJSON, nullable=False),
    Column("made_at", UtcDateTime, nullable=False, index=True),
)

upstream_link = Table(
    "upstream_link",
    metadata,
    Column("link_id", String(40), primary_key=True),
    Column("upstream", String(20), nullable=False),
    Column("issuer", String(200), nullable=False),
    Column("subject", SealedText, nullable=False),
    Column("subject_index", String(64), nullable=False, info={"blind_index_of": ("subject", SUBJECT_INDEX)}),
    Column("account_id", String(40), ForeignKey(account.c.account_id), nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer", "subject_index", name="one_account_a_subject"),
    UniqueConstraint("issuer", "account_id", name="one_subject_an_account"),
    Index("upstream_link_of", "account_id"),
)

mapping.map_imperatively(UpstreamFlow, upstream_flow)
mapping.map_imperatively(LinkTicket, link_ticket)
mapping.map_imperatively(UpstreamLink, upstream_link)
