"""Acting for a firm: who may, in which items, until when. Checked offline against this service's own replica.

Each request that names a firm reads one index entry, so that what the subscription has kept counts at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from chassis.tables import agency
from chassis.uow import UnitOfWork
from contracts import Event
from contracts.identity import AgencyEnded, AgencyGranted


@dataclass(frozen=True, slots=True)
class Acting:
    """In whose name somebody acts, and how far: ``items`` are codes, None for all."""

    firm: str
    items: frozenset[str] | None
    administrator: bool

    def covers(self, item: str) -> bool:
        """Whether the item or package of this code may be handled."""
        return self.items is None or item in self.items


def keep(events: Iterable[Event], uow: UnitOfWork) -> None:
    """Remember who may act for whom. Any order and any repetition of the same events ends the same: what
    was ended stays so, at the earliest moment named."""
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        if isinstance(event, AgencyGranted | AgencyEnded):
            row = rows.setdefault(event.agency_id, _unknown(event))
            row.update(_told(event))
    if not rows:
        return
    statement = uow.insert(agency)
    new, old = statement.excluded, agency.c
    known = new.granted_at.is_not(None)
    told = {
        name: case((known, new[name]), else_=old[name])
        for name in ("administrator", "items", "until", "granted_at")
    }
    ended = agency.c.ended_at
    sooner = or_(ended.is_(None), new.ended_at < ended)
    earlier = case((sooner, new.ended_at), else_=ended)
    statement = statement.on_conflict_do_update(
        index_elements=["agency_id"], set_=told | {"ended_at": earlier}
    )
    uow.session.execute(statement, [rows[key] for key in sorted(rows)])


def acting(agent: str, firm: str, now: datetime, session: Session) -> Acting | None:
    """How far the person may act for the firm now; None when not at all."""
    return acting_now([(agent, firm)], now, session).get((agent, firm))


def acting_now(
    pairs: Iterable[tuple[str, str]], now: datetime, session: Session
) -> dict[tuple[str, str], Acting]:
    """The same for many pairs of agent and firm, by one query. Several agencies add up."""
    wanted = set(pairs)
    table = agency.c
    rows = session.execute(
        select(table.agent, table.firm, table["items"], table.administrator).where(
            table.agent.in_(sorted({agent for agent, _ in wanted})),
            table.firm.in_(sorted({firm for _, firm in wanted})),
            table.granted_at.is_not(None),
            table.ended_at.is_(None),
            or_(table.until.is_(None), table.until > now),
        )
    )
    found = defaultdict(list)
    for agent, firm, items, administrator in rows:
        if (agent, firm) in wanted:
            found[agent, firm].append((items, administrator))
    return {pair: _together(pair[1], parts) for pair, parts in found.items()}


def has_left(agent: str, firm: str, session: Session) -> bool:
    """Whether somebody who acted for the firm no longer does, as far as events say. A person of whom
    nothing has been heard yet has not left."""
    table = agency.c
    over, all_of_them = session.execute(
        select(func.count(table.ended_at), func.count()).where(table.agent == agent, table.firm == firm)
    ).one()
    return bool(all_of_them) and over == all_of_them


def _together(firm: str, parts: list[tuple[list[str], bool]]) -> Acting:
    everything = any(not items for items, _ in parts)
    items = None if everything else frozenset(code for codes, _ in parts for code in codes)
    return Acting(firm, items, any(administrator for _, administrator in parts))


def _unknown(event: AgencyGranted | AgencyEnded) -> dict[str, Any]:
    return {
        "agency_id": event.agency_id,
        "firm": event.firm,
        "agent": event.agent,
        "administrator": False,
        "items": [],
        "until": None,
        "granted_at": None,
        "ended_at": None,
    }


def _told(event: AgencyGranted | AgencyEnded) -> dict[str, Any]:
    if isinstance(event, AgencyEnded):
        return {"ended_at": event.ended_at}
    return {
        "administrator": event.role == "administrator",
        "items": list(event.items),
        "until": event.until,
        "granted_at": event.granted_at,
    }
