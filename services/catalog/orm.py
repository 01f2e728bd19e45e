"""The catalogue's tables. What is published is kept whole and for good, version by version."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, Integer, MetaData, String
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


class Theme(Base):
    """A theme or a scene by which items are found, in the order pages show them."""

    __tablename__ = "theme"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    title_zh: Mapped[str] = mapped_column(String(100))
    title_en: Mapped[str] = mapped_column(String(100))
    position: Mapped[int] = mapped_column(Integer)


class Place(Base):
    """A node of the tree of places; ``parent`` is a place's code."""

    __tablename__ = "place"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(10))
    parent: Mapped[str | None] = mapped_column(String(12))
    windows: Mapped[int] = mapped_column(Integer)


class Material(Base):
    """An entry of the materials catalogue; ``entry`` is what the API says of it."""

    __tablename__ = "material"

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    entry: Mapped[dict[str, Any]] = mapped_column(JSONType)


class Policy(Base):
    """A policy article; ``article`` holds its texts, ``items`` the items and packages it is about."""

    __tablename__ = "policy"

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    published_on: Mapped[date] = mapped_column(Date)
    items: Mapped[list[str]] = mapped_column(JSONType)
    article: Mapped[dict[str, Any]] = mapped_column(JSONType)


class Synonym(Base):
    """An everyday word, the catalogue's words for it, and the codes it means, the likeliest first."""

    __tablename__ = "synonym"

    say: Mapped[str] = mapped_column(String(40), primary_key=True)
    words: Mapped[list[str]] = mapped_column(JSONType)
    items: Mapped[list[str]] = mapped_column(JSONType)


class Situation(Base):
    """The guided finding of one item or package, as its file says it."""

    __tablename__ = "situation"

    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONType)
