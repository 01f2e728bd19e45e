"""Tables of co-signing: a frozen version going round, and who signs it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table
from sqlalchemy.orm import relationship

from chassis.types import JSONType, SealedText, UtcDateTime
from services.intake.domain.signing import Signer, SigningRound
from services.intake.orm import mapping, metadata

TOKEN_INDEX = "signer-token"

signing_round = Table(
    "signing_round",
    metadata,
    Column("round_id", String(36), primary_key=True),
    Column("draft_id", String(36), nullable=False),
    Column("applicant", String(80), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("filed_by", String(80)),
    Column("procedure", String(60), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False, comment="of everything that is signed"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("outcome", String(12)),
    Column("ended_at", UtcDateTime),
    Column("application_no", String(40)),
    Index("signing_round_of", "draft_id", "started_at"),
    Index("signing_round_filed", "application_no"),
)
_running = signing_round.c.outcome.is_(None)
Index(
    "signing_round_running",
    signing_round.c.draft_id,
    unique=True,
    sqlite_where=_running,
    postgresql_where=_running,
)

signer = Table(
    "signer",
    metadata,
    Column("signer_id", String(36), primary_key=True),
    Column("round_id", String(36), ForeignKey("signing_round.round_id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("roles", JSONType, nullable=False),
    Column("name", SealedText, nullable=False),
    Column("id_number", SealedText, nullable=False),
    Column("phone", SealedText, comment="where the link goes; empty: the applicant"),
    Column("token", SealedText, comment="until the round is over"),
    Column("token_index", String(64), unique=True, info={"blind_index_of": ("token", TOKEN_INDEX)}),
    Column("invitations", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("account_id", String(80)),
    Column("level", Integer),
    Column("answered_at", UtcDateTime),
    Column("reason", SealedText, comment="why somebody objects"),
    Index("signer_in_round", "round_id", "position"),
)
"""The evidence: who (account and level), when, over which digest. It stays with the application."""

mapping.map_imperatively(Signer, signer)
mapping.map_imperatively(
    SigningRound,
    signing_round,
    properties={
        "signers": relationship(
            Signer, order_by=signer.c.position, lazy="selectin", cascade="all, delete-orphan"
        )
    },
)
