"""Reading the catalogue."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from services.catalog import domain, orm


def procedures(session: Session, kind: str, after: str | None, limit: int) -> dict[str, Any]:
    """The newest versions of all items or packages in order of their codes, a page of them."""
    query = (
        select(orm.Procedure, orm.ProcedureVersion)
        .join(
            orm.ProcedureVersion,
            and_(
                orm.ProcedureVersion.code == orm.Procedure.code,
                orm.ProcedureVersion.version == orm.Procedure.version,
            ),
        )
        .where(orm.Procedure.kind == kind)
        .order_by(orm.Procedure.code)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(orm.Procedure.code > after)
    names = department_names(session)
    found = [_summary(row, version, names) for row, version in session.execute(query)]
    return {"items": found[:limit], "next": found[limit - 1]["code"] if len(found) > limit else None}


def procedure(
    session: Session, code: str, version: int | None = None, kind: str | None = None
) -> dict[str, Any]:
    """One item or package in full: its newest version, or the one asked for.

    Raises `domain.UnknownProcedure`.
    """
    row = session.get(orm.Procedure, code)
    if row is None or (kind is not None and row.kind != kind):
        raise domain.UnknownProcedure(code)
    stored = session.get(orm.ProcedureVersion, (code, version or row.version))
    if stored is None:
        raise domain.UnknownProcedure(code, version)
    names = department_names(session)
    definition = stored.definition
    return {
        **definition,
        "lead_department_name": names.get(definition["lead_department"]),
        "branches": [
            {**branch, "department_name": names.get(branch["department"])}
            for branch in definition["branches"]
        ],
        "promise": _promise(stored.facts),
        "facts": stored.facts,
        "newest": stored.version == row.version,
        "open": stored.version == row.version and row.closed_at is None,
        "closed_at": row.closed_at,
        "published_at": stored.published_at,
    }


def departments(session: Session) -> list[dict[str, Any]]:
    """All departments and providers."""
    return [
        {
            "code": row.code,
            "name": {"zh": row.name_zh, "en": row.name_en},
            "is_government": row.is_government,
            "phone": row.phone,
        }
        for row in session.scalars(select(orm.Department).order_by(orm.Department.code))
    ]


def department_names(session: Session) -> dict[str, dict[str, str]]:
    """Department names by code."""
    query = select(orm.Department.code, orm.Department.name_zh, orm.Department.name_en)
    return {code: {"zh": zh, "en": en} for code, zh, en in session.execute(query)}


def calendar_year(session: Session, year: int) -> orm.CalendarYear | None:
    """A year's working calendar, if the city has published one."""
    return session.get(orm.CalendarYear, year)


def _promise(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts["promised"], "path": facts["promise_path"]}


def _summary(
    row: orm.Procedure, stored: orm.ProcedureVersion, names: dict[str, dict[str, str]]
) -> dict[str, Any]:
    definition, facts = stored.definition, stored.facts
    return {
        "code": row.code,
        "version": row.version,
        "kind": row.kind,
        "title": definition["title"],
        "summary": facts.get("summary"),
        "lead_department": definition["lead_department"],
        "lead_department_name": names.get(definition["lead_department"]),
        "audience": definition["audience"],
        "theme": facts["theme"],
        "promise": _promise(facts),
        "fee_fen": facts["fee_fen"],
        "visits": facts["visits"],
        "depth": facts["depth"],
        "tier": facts["tier"],
        "sample": facts["sample"],
        "open": row.closed_at is None,
    }
