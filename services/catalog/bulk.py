"""Publishing guides by the ten thousand: the same rows, events and index entries as one at a time, written
from templates whose open places are filled in as text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from chassis import copying
from chassis.database import Database
from chassis.types import UtcDateTime
from chassis.uow import UnitOfWork
from contracts.catalog import GuidePublished
from contracts.procedure import Text
from services.catalog import domain, generating, indexing, orm
from services.catalog.domain.documents import Everyday, Indexed, indexed
from services.catalog.domain.guide_model import Place
from services.catalog.domain.publishing import content_of
from services.catalog.file_schemas import CityFile, ItemFile
from services.catalog.files import read_city
from services.catalog.guide_files import read_guidance
from services.catalog.reading import Reading

AT_ONCE = 20_000
"""Items a transaction: the index is rewritten once for each, and readers and the relay get a turn between."""
_WRITTEN_AT_ONCE = 1_000

_HOLES = re.compile(f"({'|'.join(map(re.escape, generating.HOLES))})")
_PROCEDURES = sa.table("procedure", *map(sa.column, ("code", "kind", "version", "digest")))
_VERSIONS = sa.table(
    "procedure_version",
    sa.column("code"),
    sa.column("version"),
    sa.column("definition", sa.Text),
    sa.column("facts", sa.Text),
    sa.column("published_at", UtcDateTime),
)
_SOURCES = sa.table("manuscript", sa.column("name"), sa.column("content", sa.Text))


@dataclass(frozen=True)
class Pattern:
    """A template's edition; its definition, facts, content and file as JSON with open places."""

    edition: domain.Edition
    plain: Mapping[str, Any]
    definition: tuple[str, ...]
    facts: tuple[str, ...]
    content: tuple[str, ...]
    source: tuple[str, ...]


@dataclass(frozen=True)
class Workshop:
    """A folder made ready for generating: its hand-written items, templates, places."""

    items: Mapping[str, Mapping[str, Any]]
    templates: Mapping[str, Mapping[str, Any]]
    places: Sequence[generating.Pair]
    city: domain.City
    defaults: Mapping[str, Any]

    def made(self, count: int) -> Iterator[generating.Made]:
        return generating.made(self.items, self.templates, self.places, count)


def workshop(folder: Path) -> Workshop:
    """Raises `domain.InvalidCatalogue` when the folder can't be read."""
    city, problems = read_city(folder)
    guidance, guide_problems = read_guidance(folder)
    if city is None or problems or guide_problems:
        raise domain.InvalidCatalogue([*problems, *guide_problems])
    reading = Reading(folder)
    settings = CityFile().load(reading.raw("city.yaml"))
    items = {code: reading.raw(item.file) for code, item in city.items.items()}
    return Workshop(
        items=items,
        templates=generating.templates(items),
        places=[_at(p) for p in guidance.places.values() if p.kind != "city"],
        city=city,
        defaults=settings["item_defaults"],
    )


def load(shop: Workshop, count: int, database: Database, told: Callable[[int], None]) -> int:
    """Publish what is not published yet, in transactions of `AT_ONCE`; ``told`` hears how far it is.

    Returns how many were new.
    """
    patterns = {code: _pattern(shop, content) for code, content in shop.templates.items()}
    ready, new = 0, 0
    everything = shop.made(count)
    while batch := list(islice(everything, AT_ONCE)):
        with database.transaction() as uow:
            everyday, scenes = indexing.everyday_words(uow), indexing.scenes(uow)
            known = _known([m.code for m in batch], uow)
            entries = []
            with copying.Beside(uow.session) as beside:
                for part in _parts(batch, _WRITTEN_AT_ONCE):
                    fresh = [m for m in part if m.code not in known]
                    _publish(fresh, patterns, uow, beside)
                    entries += [_indexed(m, patterns[m.template], everyday, scenes) for m in part]
                    ready, new = ready + len(part), new + len(fresh)
                    told(ready)
            indexing.index(entries, uow)
    return new


def _known(codes: Sequence[str], uow: UnitOfWork) -> set[str]:
    return {
        code
        for part in _parts(codes, _WRITTEN_AT_ONCE)
        for code in uow.session.scalars(select(orm.Procedure.code).where(orm.Procedure.code.in_(part)))
    }


def _publish(
    fresh: Sequence[generating.Made],
    patterns: Mapping[str, Pattern],
    uow: UnitOfWork,
    beside: copying.Beside,
) -> None:
    rows, versions, sources = [], [], []
    for one in fresh:
        pattern, holes = patterns[one.template], _escaped(one)
        digest = hashlib.sha256(_fill(pattern.content, holes).encode()).hexdigest()
        rows.append({"code": one.code, "kind": "item", "version": 1, "digest": digest})
        versions.append(
            {
                "code": one.code,
                "version": 1,
                "definition": _fill(pattern.definition, holes),
                "facts": _fill(pattern.facts, holes),
                "published_at": uow.now,
            }
        )
        sources.append({"name": f"items/{one.code}.yaml", "content": _fill(pattern.source, holes)})
        department = pattern.edition.procedure.lead_department
        uow.emit(
            GuidePublished(code=one.code, version=1, title=Text(zh=one.zh, en=one.en), department=department),
            department=department,
        )
    for table, written in ((_PROCEDURES, rows), (_VERSIONS, versions), (_SOURCES, sources)):
        beside.insert(table, written)


def _indexed(
    one: generating.Made, pattern: Pattern, everyday: Everyday, scenes: Mapping[str, str]
) -> Indexed:
    return indexed(
        {**pattern.plain, "code": one.code, "title": {"zh": one.zh, "en": one.en}},
        pattern.edition.facts,
        False,
        everyday,
        scenes,
    )


def _pattern(shop: Workshop, content: Mapping[str, Any]) -> Pattern:
    item = ItemFile().load({**shop.defaults, **content, "file": f"items/{generating.CODE}.yaml"})
    (edition,) = domain.editions(_alone(item, shop.city))
    problems = [p for p in domain.problems_of(_alone(item, shop.city)) if p.file == item.file]
    if problems:
        raise domain.InvalidCatalogue(problems)
    return Pattern(
        edition=edition,
        plain=edition.definition(1),
        definition=_pieces(json.dumps(edition.definition(1), ensure_ascii=False)),
        facts=_pieces(json.dumps(edition.facts, ensure_ascii=False)),
        content=_pieces(content_of(edition.procedure, edition.facts)),
        source=_pieces(json.dumps(content, ensure_ascii=False)),
    )


def _alone(item: Any, city: domain.City) -> domain.City:
    return domain.City(
        **{name: getattr(city, name) for name in city.__dataclass_fields__}
        | {"items": {item.code: item}, "packages": {}}
    )


def _escaped(one: generating.Made) -> dict[str, str]:
    """What stands in the open places, as it is written inside a JSON string."""
    return {hole: json.dumps(text, ensure_ascii=False)[1:-1] for hole, text in one.holes().items()}


def _pieces(content: str) -> tuple[str, ...]:
    """A text by turns as it is and as the name of an open place."""
    return tuple(_HOLES.split(content))


def _fill(pieces: Sequence[str], holes: Mapping[str, str]) -> str:
    return "".join(holes[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def _parts(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (things[start : start + size] for start in range(0, len(things), size))


def _at(place: Place) -> generating.Pair:
    return f"{place.name.zh}便民服务中心", f"service station of {place.name.en}"
