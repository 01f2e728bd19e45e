"""The read side of one's own security."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.identity.domain import SESSION_LIVES
from services.identity.orm import recovery_code, second_factor
from services.identity.orm import session as session_table

View = dict[str, Any]


def security(account_id: str, session: Session) -> View:
    """Since when there is a second factor, and how many recovery codes are left."""
    since = session.scalar(select(second_factor.c.since).where(second_factor.c.account_id == account_id))
    left = session.scalar(
        select(func.count()).where(
            recovery_code.c.account_id == account_id, recovery_code.c.used_at.is_(None)
        )
    )
    return {"second_factor_since": since, "recovery_codes_left": left or 0}


def sessions(account_id: str, session: Session, now: datetime) -> list[View]:
    """An account's open sessions, the newest first."""
    table = session_table.c
    columns = (table.session_id, table.started_at, table.renewed_at, table.device, table.address)
    rows = session.execute(
        select(*columns)
        .where(
            table.account_id == account_id, table.ended_at.is_(None), table.started_at > now - SESSION_LIVES
        )
        .order_by(table.started_at.desc(), table.session_id)
    )
    return [dict(row._mapping) for row in rows]
