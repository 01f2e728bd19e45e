"""What a department may read of the past: the events about its own branches, in the order they left."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.tables import event_log
from services.approval.queries.branches import View


def events_of(department: str, after: int, most: int, session: Session) -> View:
    """From one position on (0: from the beginning). ``next`` is where to go on, also after nothing."""
    t = event_log.c
    query = select(t.position, t.body).where(t.department == department, t.position > after)
    rows: list[Any] = list(session.execute(query.order_by(t.position).limit(most)))
    return {
        "items": [json.loads(bytes(row.body)) for row in rows],
        "next": rows[-1].position if rows else after,
        "more": len(rows) == most,
    }
