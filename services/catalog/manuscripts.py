"""What editors wrote, kept as it was written, so that it can be taken out, changed and brought back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import marshmallow as ma
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from services.catalog.reading import Reading
from services.catalog.search_orm import Manuscript

SHARED = ("city.yaml", "departments.yaml", "materials.yaml", "elements.yaml", "calendar.yaml")
_AT_ONCE = 1_000


class Stored(Reading):
    """Manuscripts read in place of a folder's files; ``ready`` are those that were loaded before."""

    def __init__(self, files: Mapping[str, Any], ready: Mapping[str, Any]):
        super().__init__(Path())
        self.stored = files
        self.ready = ready

    def load(self, schema: ma.Schema, name: str, content: Any, where: str = "") -> Any:
        return self.ready[name] if name in self.ready else super().load(schema, name, content, where)

    def raw(self, name: str) -> Any:
        """A manuscript; None when there is none."""
        if name not in self.stored:
            self.problem(name, "", "is missing")
        return self.stored.get(name)

    def names(self, kind: str, suffix: str) -> Iterator[str]:
        """The manuscripts of a kind by name."""
        return (name for name in sorted(self.stored) if name.startswith(f"{kind}/"))


def of_folder(folder: Path) -> dict[str, Any]:
    """The catalogue's files of a folder that can be read."""
    reading = Reading(folder)
    names = [*SHARED, *reading.names("items", ".yaml"), *reading.names("packages", ".yaml")]
    return {name: reading.raw(name) for name in names}


def keep(files: Mapping[str, Any], uow: UnitOfWork) -> None:
    """Store manuscripts in place of the ones with these names."""
    statement = uow.insert(Manuscript)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"content": statement.excluded.content}
    )
    rows = [{"name": name, "content": content} for name, content in sorted(files.items())]
    for start in range(0, len(rows), _AT_ONCE):
        uow.session.execute(statement, rows[start : start + _AT_ONCE])


def read(session: Session, names: Collection[str]) -> dict[str, Any]:
    """Manuscripts by name, those that exist."""
    wanted = sorted(names)
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(Manuscript.name, Manuscript.content).where(
            Manuscript.name.in_(wanted[start : start + _AT_ONCE])
        )
        found |= {name: content for name, content in session.execute(query)}
    return found


def all_of(session: Session, kind: str) -> Iterator[tuple[str, Any]]:
    """Manuscripts of a kind, in order of their names, a page a query."""
    names = session.scalars(select(Manuscript.name).where(Manuscript.name.like(f"{kind}/%")))
    wanted = sorted(names)
    for start in range(0, len(wanted), _AT_ONCE):
        found = read(session, wanted[start : start + _AT_ONCE])
        yield from sorted(found.items())
