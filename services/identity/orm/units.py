"""Departments and places, as the catalogue says."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from chassis.types import JSONType
from services.identity.orm.base import metadata

unit = Table(
    "unit",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("name", JSONType, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("parent", String(16)),
    Column("is_gone", Boolean, nullable=False),
    Column("sequence", Integer, nullable=False),
)
"""A node of the tree staff belong to; ``sequence`` is that of the event it was last said by."""
