"""The inbox: each event takes effect once per subscription."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chassis import tables
from chassis.uow import UnitOfWork
from contracts.cloudevents import Envelope


def claim(uow: UnitOfWork, subscription: str, envelopes: Iterable[Envelope]) -> list[Envelope]:
    """Claim events for this subscription; returns those nobody has handled, in the order given.

    One statement, rows sorted. While another worker's transaction holds the same event this waits: when
    that one commits the event is known here, when it rolls back the event is ours.
    """
    by_id = {e.id: e for e in envelopes}
    if not by_id:
        return []
    rows = [{"subscription": subscription, "event_id": i, "taken_at": uow.now} for i in sorted(by_id)]
    claimed = set(uow.insert_rows(tables.inbox, rows, _unless_taken).scalars())
    return [e for i, e in by_id.items() if i in claimed]


def _unless_taken(statement: Any) -> Any:
    return statement.on_conflict_do_nothing().returning(tables.inbox.c.event_id)
