"""Names of themes and scenarios: the file beside the catalogue and the table it becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from sqlalchemy import delete, select

from chassis.uow import UnitOfWork
from services.catalog.domain import Problem
from services.catalog.file_schemas import TextFile
from services.catalog.reading import Reading
from services.catalog.search_orm import FacetValue

FILE = "facets.yaml"
KINDS = {"themes": "theme", "scenarios": "scenario"}


class ValueFile(ma.Schema):
    key = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,39}$"))
    title = fields.Nested(TextFile, required=True)


class FacetsFile(ma.Schema):
    themes = fields.List(fields.Nested(ValueFile), load_default=list)
    scenarios = fields.List(fields.Nested(ValueFile), load_default=list)


def read(folder: Path) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Rows of the table; none where the file is missing. A key named twice is a problem."""
    reading = Reading(folder)
    if not (folder / FILE).exists():
        return [], []
    content = reading.load(FacetsFile(), FILE, reading.raw(FILE)) or {}
    rows, seen = [], set()
    for kind, facet in KINDS.items():
        for place, entry in enumerate(content.get(kind, ())):
            if entry["key"] in seen:
                reading.problem(FILE, f"{kind}.{place}", f"{entry['key']} is given twice")
            seen.add(entry["key"])
            title = entry["title"]
            rows.append(
                {
                    "facet": facet,
                    "value": entry["key"],
                    "title_zh": title.zh,
                    "title_en": title.en,
                    "place": place,
                }
            )
    return rows, reading.problems


def publish(rows: list[dict[str, Any]], uow: UnitOfWork) -> int:
    """Make the table say what the file says. Returns how many rows differ."""
    columns = FacetValue.__table__.columns
    known = [dict(row._mapping) for row in uow.session.execute(select(*columns))]
    changed = [row for row in rows if row not in known] + [row for row in known if row not in rows]
    if changed:
        uow.session.execute(delete(FacetValue))
        if rows:
            uow.session.execute(uow.insert(FacetValue), rows)
    return len(changed)
