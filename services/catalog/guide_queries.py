"""Reading places, materials, policies, everyday words, and a person's own guide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.catalog import ProcedurePublished
from services.catalog import domain, orm, queries
from services.catalog.guide_files import situation_of


def themes(session: Session) -> list[dict[str, Any]]:
    """Themes and scenes, in the order pages show them."""
    return [
        {"key": row.key, "kind": row.kind, "title": {"zh": row.title_zh, "en": row.title_en}}
        for row in session.scalars(select(orm.Theme).order_by(orm.Theme.position))
    ]


def places(session: Session) -> list[dict[str, Any]]:
    """The tree of places as a list, each after the one it lies in."""
    return [
        {
            "code": row.code,
            "name": {"zh": row.name_zh, "en": row.name_en},
            "kind": row.kind,
            "parent": row.parent,
            "windows": row.windows,
        }
        for row in session.scalars(select(orm.Place).order_by(orm.Place.code))
    ]


def materials(session: Session) -> list[dict[str, Any]]:
    """The materials catalogue."""
    return list(session.scalars(select(orm.Material.entry).order_by(orm.Material.code)))


def material(session: Session, code: str) -> dict[str, Any] | None:
    """One entry of it, or None."""
    row = session.get(orm.Material, code)
    return row.entry if row else None


def policies(session: Session, item: str | None = None) -> list[dict[str, Any]]:
    """Policies, the newest first, without their text; with ``item`` those about this item or package."""
    names = queries.department_names(session)
    rows = session.scalars(select(orm.Policy).order_by(orm.Policy.published_on.desc(), orm.Policy.code))
    return [
        _named({k: v for k, v in row.article.items() if k != "paragraphs"}, names)
        for row in rows
        if item is None or item in row.items
    ]


def policy(session: Session, code: str) -> dict[str, Any] | None:
    """One policy with its text and the titles of the items it is about, or None."""
    row = session.get(orm.Policy, code)
    if row is None:
        return None
    titles = _titles(session, row.items)
    about = [titles[item] for item in row.items if item in titles]
    return _named(row.article, queries.department_names(session)) | {"about": about}


def synonyms(session: Session) -> list[dict[str, Any]]:
    """Everyday words."""
    rows = session.scalars(select(orm.Synonym).order_by(orm.Synonym.say))
    return [{"say": row.say, "words": row.words, "items": row.items} for row in rows]


def guides(session: Session) -> list[dict[str, Any]]:
    """The items and packages that have a guided finding."""
    codes = list(session.scalars(select(orm.Situation.code).order_by(orm.Situation.code)))
    titles = _titles(session, codes)
    return [titles[code] for code in codes if code in titles]


def guide(session: Session, code: str, answers: Mapping[str, str]) -> dict[str, Any] | None:
    """What an item or package means for someone who gives these answers, by its newest version; None when
    it has no guided finding. Raises `domain.WrongAnswers`."""
    row = session.get(orm.Situation, code)
    procedure = session.get(orm.Procedure, code)
    if row is None or procedure is None:
        return None
    version = session.get_one(orm.ProcedureVersion, (code, procedure.version))
    departments = queries.department_names(session)
    stored = {"code": code, "version": version.version, "procedure": version.definition}
    definition = ProcedurePublished.from_data(stored).procedure
    situation = situation_of(row.content)
    others = [o.item for e in situation.effects for o in (e.instead, e.first) if o]
    titles = _titles(session, others)
    found = domain.personal(
        situation,
        definition.branches,
        version.facts,
        answers,
        lambda name: _shown(material(session, name)),
        titles.get,
        lambda name: {"department": name, **departments[name]} if name in departments else None,
    )
    return {
        "code": code,
        "kind": procedure.kind,
        "version": version.version,
        "title": version.definition["title"],
        "open": procedure.closed_at is None,
        **found,
    }


def _shown(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    return entry and {key: entry[key] for key in ("code", "title", "issuer", "held")}


def _titles(session: Session, codes: list[str]) -> dict[str, dict[str, Any]]:
    """Code, kind and title of items and packages."""
    query = select(orm.Procedure, orm.ProcedureVersion.definition["title"]).join(
        orm.ProcedureVersion,
        (orm.ProcedureVersion.code == orm.Procedure.code)
        & (orm.ProcedureVersion.version == orm.Procedure.version),
    )
    return {
        row.code: {"code": row.code, "kind": row.kind, "title": title}
        for row, title in session.execute(query.where(orm.Procedure.code.in_(codes)))
    }


def _named(article: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return article | {"department_name": names.get(article["department"])}
