"""The tables that search, the start page and editors' files stand on; the same on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, Date, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chassis.types import JSONType
from services.catalog.orm import Base


class SearchDocument(Base):
    """An item or package as it is found. ``number`` is its place in every posting and stays for good;
    ``card`` is what a list of results shows, ``document`` what it is found by."""

    __tablename__ = "search_document"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    card: Mapped[dict[str, Any]] = mapped_column(JSONType)
    document: Mapped[dict[str, Any]] = mapped_column(JSONType)


class SearchPosting(Base):
    """Where a term occurs: one bit a document, deflated. The term ``=`` counts the changes of the index."""

    __tablename__ = "search_posting"

    term: Mapped[str] = mapped_column(String(48), primary_key=True)
    bits: Mapped[bytes] = mapped_column(LargeBinary)


class SearchMiss(Base):
    """Words that found nothing on a day and how often; nothing tells who asked."""

    __tablename__ = "search_miss"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    words: Mapped[str] = mapped_column(Text, primary_key=True)
    times: Mapped[int] = mapped_column(Integer)


class ProcedureUsage(Base):
    """How often a procedure was filed under in a month (``2026-11``)."""

    __tablename__ = "procedure_usage"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    times: Mapped[int] = mapped_column(Integer)


class Manuscript(Base):
    """A file of the catalogue as it was written: ``elements.yaml``, ``items/food-licence.yaml``. Editors
    take it out, change it and bring it back. Not JSONB, which forgets the order of choices."""

    __tablename__ = "manuscript"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    content: Mapped[Any] = mapped_column(JSON(none_as_null=True))
