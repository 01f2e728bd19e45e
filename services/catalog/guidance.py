"""Publishing what stands beside the catalogue: places, materials, policies, everyday words, situations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, inspect, select

from chassis.uow import UnitOfWork
from contracts.catalog import PlacePublished
from contracts.procedure import Text
from services.catalog import orm
from services.catalog.domain import City, Guidance
from services.catalog.domain.materials import material_rules


def publish(guidance: Guidance, city: City, uow: UnitOfWork) -> dict[str, int]:
    """Make the tables say what the folder says, and nothing else. Returns how many rows of each changed."""
    wanted: dict[type[orm.Base], list[dict[str, Any]]] = {
        orm.Theme: [
            {"key": t.key, "kind": t.kind, "title_zh": t.title.zh, "title_en": t.title.en, "position": number}
            for number, t in enumerate(guidance.themes.values())
        ],
        orm.Place: [
            {
                "code": p.code,
                "name_zh": p.name.zh,
                "name_en": p.name.en,
                "kind": p.kind,
                "parent": p.parent,
                "windows": p.windows,
            }
            for p in guidance.places.values()
        ],
        orm.Material: [
            {"code": code, "entry": material_rules(material, city)}
            for code, material in city.materials.items()
        ],
        orm.Policy: [_policy(p) for p in guidance.policies.values()],
        orm.Synonym: [
            {"say": s.say, "words": list(s.words), "items": list(s.items)} for s in guidance.synonyms.values()
        ],
        orm.Situation: [{"code": s.code, "content": _plain(asdict(s))} for s in guidance.situations.values()],
    }
    _tell_places(wanted[orm.Place], uow)
    return {
        model.__tablename__: changed
        for model, rows in wanted.items()
        if (changed := _replace(model, rows, uow))
    }


def _tell_places(rows: Iterable[dict[str, Any]], uow: UnitOfWork) -> None:
    """Say which places are new, another or gone, before the table says the same."""
    names = ("code", "name_zh", "name_en", "kind", "parent")
    columns = [getattr(orm.Place, name) for name in names]
    known = {row.code: tuple(row) for row in uow.session.execute(select(*columns))}
    wanted = {row["code"]: tuple(row[name] for name in names) for row in rows}
    for code in sorted(known.keys() | wanted.keys()):
        if known.get(code) == wanted.get(code):
            continue
        _, zh, en, kind, parent = wanted.get(code) or known[code]
        name = Text(zh=zh, en=en)
        uow.emit(PlacePublished(code=code, name=name, kind=kind, parent=parent, is_gone=code not in wanted))


def _policy(policy: Any) -> dict[str, Any]:
    article = _plain({**asdict(policy), "published_on": policy.published_on.isoformat()})
    del article["file"]
    return {
        "code": policy.code,
        "published_on": policy.published_on,
        "items": list(policy.items),
        "article": article,
    }


def _plain(content: Any) -> Any:
    """Lists instead of tuples, as the database gives them back."""
    return json.loads(json.dumps(content, ensure_ascii=False))


def _replace(model: type[orm.Base], rows: Iterable[dict[str, Any]], uow: UnitOfWork) -> int:
    table = model.__table__
    column = inspect(model).primary_key[0]
    key = column.name
    known = {row._mapping[key]: dict(row._mapping) for row in uow.session.execute(select(*table.columns))}
    wanted = {row[key]: row for row in rows}
    gone = sorted(known.keys() - wanted.keys())
    changed = [row for code, row in wanted.items() if known.get(code) != row]
    outdated = gone + [row[key] for row in changed if row[key] in known]
    if outdated:
        uow.session.execute(delete(model).where(column.in_(outdated)))
    if changed:
        uow.session.execute(uow.insert(model), changed)
    return len(changed) + len(gone)
