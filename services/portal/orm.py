"""The portal's own tables: drafts that are being filled in, renewals of sessions, pages that have changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, MetaData, String, literal, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.types import BigId, SealedJSON, UtcDateTime


class Base(DeclarativeBase):
    metadata = MetaData()


class Draft(Base):
    """One form being filled in. When it is filed the answers go and the receipt stays."""

    __tablename__ = "draft"

    draft_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(40), index=True)
    procedure: Mapped[str] = mapped_column(String(60))
    answers: Mapped[dict[str, Any]] = mapped_column(SealedJSON)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    application_no: Mapped[str | None] = mapped_column(String(40), index=True)
    receipt: Mapped[dict[str, Any] | None] = mapped_column(SealedJSON)

    @property
    def key(self) -> str:
        """The Idempotency-Key of filing these answers: the same answers make the same case."""
        return f"{self.draft_id}-{self.revision}"


class Renewal(Base):
    """A refresh token that has been used, and the tokens it was exchanged for.

    A refresh token works once. When several requests of one browser find it at the same moment, the
    first exchanges it and the others take what it got, in whichever process they run.
    """

    __tablename__ = "renewal"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    tokens: Mapped[dict[str, Any] | None] = mapped_column(SealedJSON)


class PageChange(Base):
    """Something shown under ``topic`` is no longer up to date: ``case:<no>``, ``department:<code>``,
    ``account:<id>`` or ``figures``.

    Said to open pages only; positions become visible in their order.
    """

    __tablename__ = "page_change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    topic: Mapped[str] = mapped_column(String(80))


changed_pages = select(
    PageChange.position,
    literal("portal.page_changed").label("type"),
    PageChange.topic.label("subject"),
    PageChange.topic.label("case_id"),
).subquery()
"""Page changes as `chassis.live.Feed` reads them."""
