"""The portal's own tables: renewals of sessions, answers whose session had ended, pages that have changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import MetaData, String, literal, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.types import BigId, SealedJSON, UtcDateTime


class Base(DeclarativeBase):
    metadata = MetaData()


class Renewal(Base):
    """A refresh token that has been used, and the tokens it was exchanged for.

    A refresh token works once. When several requests of one browser find it at the same moment, the
    first exchanges it and the others take what it got, in whichever process they run.
    """

    __tablename__ = "renewal"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    tokens: Mapped[dict[str, Any] | None] = mapped_column(SealedJSON)


class KeptAnswers(Base):
    """What was typed into a page when it was sent after the session had ended: shown again after the
    next sign-in of the same account."""

    __tablename__ = "kept_answers"

    account_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    typed: Mapped[list[list[str]]] = mapped_column(SealedJSON)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


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
