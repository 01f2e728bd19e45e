"""The catalogue's tables. What is published is kept whole and for good, version by version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.types import JSONType, UtcDateTime


class Base(DeclarativeBase):
    metadata = MetaData()


class Procedure(Base):
    """An item or package as it stands; ``version`` 0 is one that is just being made."""

    __tablename__ = "procedure"

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), index=True)
    version: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ProcedureVersion(Base):
    """One published version: ``definition`` as it travels in events, ``facts`` as guides show them."""

    __tablename__ = "procedure_version"

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONType)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONType)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Department(Base):
    __tablename__ = "department"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    is_government: Mapped[bool] = mapped_column(Boolean)
    phone: Mapped[str] = mapped_column(String(20))


class CalendarYear(Base):
    """A year's working calendar, its days as ISO 8601 dates. One that was edited is left alone by loads."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    holidays: Mapped[list[str]] = mapped_column(JSONType)
    extra_workdays: Mapped[list[str]] = mapped_column(JSONType)
    provisional: Mapped[bool] = mapped_column(Boolean)
    edited_by: Mapped[str | None] = mapped_column(String(80))
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
