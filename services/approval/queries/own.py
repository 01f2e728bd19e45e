"""What is one's own: who stands in for whom, templates, saved filters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.approval.orm import delegation, opinion_template, saved_filter
from services.approval.queries.branches import View


def delegations(department: str, session: Session, now: datetime) -> list[View]:
    """Those of a department that run or are to come."""
    table = delegation.c
    query = select(delegation).where(
        table.department == department, table.ends > now, table.ended_at.is_(None)
    )
    return [_row(row) | {"runs": row.begins <= now} for row in session.execute(query.order_by(table.begins))]


def templates(account: str, department: str, session: Session) -> list[View]:
    """The department's templates and one's own."""
    table = opinion_template.c
    mine = (table.owner == account) | table.owner.is_(None)
    query = select(opinion_template).where(table.department == department, mine)
    rows = session.execute(query.order_by(table.answer, table.title, table.id))
    return [
        {"id": r.id, "answer": r.answer, "title": r.title, "text": r.text, "own": r.owner is not None}
        for r in rows
    ]


def filters(account: str, session: Session) -> list[View]:
    """One's saved filters."""
    query = select(saved_filter).where(saved_filter.c.account == account).order_by(saved_filter.c.name)
    return [{"name": row.name, "query": row.query} for row in session.execute(query)]


def _row(row: Any) -> View:
    return dict(row._mapping)
