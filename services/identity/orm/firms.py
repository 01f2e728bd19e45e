"""Who may act for a firm, and who is invited to. Names are sealed, codes are hashed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from chassis.types import JSONType, SealedText, UtcDateTime
from services.identity.domain.firms import Agency, Invitation
from services.identity.orm.accounts import account
from services.identity.orm.base import mapping, metadata

agency = Table(
    "firm_agency",
    metadata,
    Column("agency_id", String(40), primary_key=True),
    Column("firm", String(40), ForeignKey(account.c.account_id), nullable=False),
    Column("agent", String(40), ForeignKey(account.c.account_id), nullable=False),
    Column("role", String(16), nullable=False),
    Column("items", JSONType, nullable=False),
    Column("until", UtcDateTime),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("granted_by", String(40), nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(40)),
    Index("firm_agency_of_firm", "firm", "granted_at"),
    Index("firm_agency_of_agent", "agent", "firm"),
)

invitation = Table(
    "firm_invitation",
    metadata,
    Column("invitation_id", String(40), primary_key=True),
    Column("firm", String(40), ForeignKey(account.c.account_id), nullable=False),
    Column("name", SealedText, nullable=False),
    Column("items", JSONType, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("invited_by", String(40), nullable=False),
    Column("invited_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("declined_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),
    Index("firm_invitation_of", "firm", "invited_at"),
)

mapping.map_imperatively(Agency, agency)
mapping.map_imperatively(Invitation, invitation)
