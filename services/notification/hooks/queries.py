"""The read side of webhooks: where they point, and what became of each delivery."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.notification.hooks.domain import UnknownEndpoint
from services.notification.hooks.orm import attempt, delivery, endpoint

PAGE = 50
View = dict[str, Any]


def endpoints(department: str, now: datetime, session: Session) -> list[View]:
    """A department's webhooks, oldest first."""
    mine = select(endpoint).where(endpoint.c.department == department)
    rows = session.execute(mine.order_by(endpoint.c.made_at, endpoint.c.endpoint_id)).all()
    return _views(rows, now, session)


def one(endpoint_id: str, department: str, now: datetime, session: Session) -> View:
    """Raises `UnknownEndpoint`."""
    row = session.execute(
        select(endpoint).where(endpoint.c.endpoint_id == endpoint_id, endpoint.c.department == department)
    ).first()
    if row is None:
        raise UnknownEndpoint(endpoint_id)
    return _views([row], now, session)[0]


def deliveries(
    endpoint_id: str, department: str, state: str | None, before: int | None, session: Session
) -> View:
    """What went or is to go to one webhook, newest first, with every try. Raises `UnknownEndpoint`."""
    mine = (endpoint.c.endpoint_id == endpoint_id) & (endpoint.c.department == department)
    if session.scalar(select(endpoint.c.endpoint_id).where(mine)) is None:
        raise UnknownEndpoint(endpoint_id)
    t = delivery.c
    query = select(delivery).where(t.endpoint_id == endpoint_id)
    if state is not None:
        query = query.where(t.state == state)
    if before is not None:
        query = query.where(t.position < before)
    rows = session.execute(query.order_by(t.position.desc()).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    tries = defaultdict(list)
    found = select(attempt).where(attempt.c.delivery_id.in_([row.delivery_id for row in shown]))
    for row in session.execute(found.order_by(attempt.c.attempt_id)):
        tries[row.delivery_id].append({"at": row.at, "ms": row.ms, "status": row.status, "error": row.error})
    return {
        "items": [
            {
                "event_id": row.event_id,
                "type": row.type,
                "case_id": row.case_id,
                "state": row.state,
                "written_at": row.written_at,
                "next_try": row.due_at if row.state == "waiting" else None,
                "tries": tries[row.delivery_id],
            }
            for row in shown
        ],
        "next": shown[-1].position if len(rows) > PAGE else None,
    }


def _views(rows: Any, now: datetime, session: Session) -> list[View]:
    t = delivery.c
    waiting = select(t.endpoint_id, func.count(), func.min(t.written_at)).where(
        t.state.in_(("waiting", "trying")), t.endpoint_id.in_([row.endpoint_id for row in rows])
    )
    backlog = {e: (n, oldest) for e, n, oldest in session.execute(waiting.group_by(t.endpoint_id))}
    return [
        {
            "endpoint_id": row.endpoint_id,
            "url": row.url,
            "events": row.events,
            "state": row.state,
            "why": row.why,
            "made_at": row.made_at,
            "delivered_at": row.delivered_at,
            "two_secrets_until": row.old_until if row.old_until and row.old_until > now else None,
            "waiting": backlog.get(row.endpoint_id, (0, None))[0],
            "oldest_waiting": backlog.get(row.endpoint_id, (0, None))[1],
        }
        for row in rows
    ]
