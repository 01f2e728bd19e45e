"""What a department's head and the supervisor look at."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from chassis.workdays import SHANGHAI, WorkCalendar
from services.approval import replica
from services.approval.domain import Branch, Supervision
from services.approval.orm import branch as branch_table
from services.approval.orm import extension, opinion, signature
from services.approval.orm import supervision as supervision_table
from services.approval.queries.branches import IN_HAND, View, views_of

MOST = 200
LOAD_DAYS = 5


def head_desk(department: str, session: Session, now: datetime) -> View:
    """Extensions and signatures that wait, what is late with who has it, and the next days' load."""
    table = branch_table.c
    query = (
        select(Branch)
        .where(
            table.department == department,
            table.status.in_(IN_HAND),
            or_(
                table.promised_due < now,
                table.due_by_law < now,
                table.extension_asked.is_not(None),
                table.proposed.is_not(None),
            ),
        )
        .order_by(table.due_by_law, table.branch_no)
        .limit(MOST)
    )
    found = views_of(list(session.scalars(query)), session, now)
    asked = _newest(extension, found, session)
    signed = _newest(signature, found, session)
    words = _proposed_words(found, session)
    return {
        "extensions": [
            {
                "branch": view,
                "days": row.days,
                "reason": row.reason,
                "asked_by": row.asked_by,
                "at": row.asked_at,
            }
            for number, view in found.items()
            if view["extension_asked"] is not None and (row := asked[number])
        ],
        "signatures": [
            {
                "branch": view,
                "answer": row.answer,
                "proposed_by": row.proposed_by,
                "at": row.proposed_at,
                "opinion": words.get(number, {}).get("opinion"),
                "note": words.get(number, {}).get("note"),
            }
            for number, view in found.items()
            if view["awaiting_signature"] and (row := signed[number])
        ],
        "late": [view for view in found.values() if view["light"] in ("red", "black")],
        "supervisions": supervisions(department, session),
        "days": _load(department, replica.calendar(session), session, now),
    }


def supervisions(department: str | None, session: Session) -> list[View]:
    """Records that aren't closed, those to be answered first on top; of one department, or of all."""
    table = supervision_table.c
    query = select(Supervision).where(table.closed_at.is_(None))
    if department is not None:
        query = query.where(table.department == department)
    query = query.order_by(table.answered_at.is_not(None), table.answer_due, table.branch_no).limit(MOST)
    return [supervision_view(row) for row in session.scalars(query)]


def supervision_view(found: Supervision) -> View:
    """One record, its words included."""
    names = (
        "branch_no application_no department responsible opened_at answer_due answer answered_by "
        "answered_at closed_at state"
    )
    return {name: getattr(found, name) for name in names.split()}


def _newest(table: Any, found: dict[str, View], session: Session) -> dict[str, Any]:
    query = select(table).where(table.c.branch_no.in_(list(found))).order_by(table.c.number)
    return {row.branch_no: row for row in session.execute(query)}


def _proposed_words(found: dict[str, View], session: Session) -> dict[str, dict[str, Any]]:
    waiting = [number for number, view in found.items() if view["awaiting_signature"]]
    table = opinion.c
    query = select(table.branch_no, table.words).where(table.branch_no.in_(waiting)).order_by(table.id)
    return {branch_no: words for branch_no, words in session.execute(query)}


def _load(department: str, calendar: WorkCalendar, session: Session, now: datetime) -> list[View]:
    """How much falls due by law on each of the next working days."""
    days = [now.astimezone(SHANGHAI).date()]
    for _ in range(LOAD_DAYS):
        days.append(calendar.next_workday(days[-1]))
    table = branch_table.c
    query = select(table.due_by_law).where(
        table.department == department,
        table.status.in_(IN_HAND),
        table.due_by_law > now,
        table.due_by_law < now + timedelta(days=(days[-1] - days[0]).days + 2),
    )
    counts = Counter(due.astimezone(SHANGHAI).date() for due in session.scalars(query) if due is not None)
    return [{"day": day, "due": counts[day]} for day in days[1:]]
