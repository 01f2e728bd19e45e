"""What is done with webhooks: made, changed, paused, given new secrets; what goes to them is written down."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update

from chassis import wake
from chassis.bulk import ignoring_known
from chassis.uow import UnitOfWork
from contracts.cloudevents import Envelope, dump
from services.notification.hooks.domain import (
    MOST_ENDPOINTS,
    OVERLAP,
    TEST,
    TYPES,
    EndpointState,
    TooManyEndpoints,
    UnknownEndpoint,
    Why,
)
from services.notification.hooks.orm import delivery, endpoint

_OF_INTEREST = frozenset(TYPES)


def follow(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Write down for each webhook of a branch's department what it is to be told, once an event."""
    told: dict[str, list[Envelope]] = defaultdict(list)
    for envelope in events:
        if envelope.department and envelope.type in _OF_INTEREST:
            told[envelope.department].append(envelope)
    if not told:
        return
    wanting = uow.session.execute(
        select(endpoint.c.endpoint_id, endpoint.c.department, endpoint.c.events).where(
            endpoint.c.department.in_(sorted(told))
        )
    ).all()
    rows = [
        _row(row.endpoint_id, e.id, e.type, e.case, dump(e), uow.now)
        for row in wanting
        for e in told[row.department]
        if not row.events or e.type in row.events
    ]
    if rows:
        uow.insert_rows(delivery, rows, ignoring_known)
        uow.wake_up(wake.EFFECTS)


def make(
    endpoint_id: str,
    department: str,
    url: str,
    events: Collection[str],
    secret: str,
    by: str,
    uow: UnitOfWork,
) -> None:
    """Raises `TooManyEndpoints`."""
    uow.one_by_one(f"hooks {department}")
    mine = select(func.count()).where(endpoint.c.department == department)
    if uow.session.execute(mine).scalar_one() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(department)
    uow.session.execute(
        insert(endpoint).values(
            endpoint_id=endpoint_id,
            department=department,
            url=url,
            events=sorted(events),
            state="active",
            secret=secret,
            made_by=by,
            made_at=uow.now,
        )
    )


def change(
    endpoint_id: str,
    department: str,
    uow: UnitOfWork,
    url: str | None = None,
    events: Collection[str] | None = None,
    state: EndpointState | None = None,
) -> None:
    """What is None stays. Taken up again, it is told at once what waited. Raises `UnknownEndpoint`."""
    values: dict[str, Any] = {}
    if url is not None:
        values["url"] = url
    if events is not None:
        values["events"] = sorted(events)
    if state is not None:
        values |= {"state": state, "why": "by_hand" if state == "paused" else None}
    _change(endpoint_id, department, values, uow)
    if state == "active":
        waiting = (delivery.c.endpoint_id == endpoint_id) & (delivery.c.state == "waiting")
        uow.session.execute(
            update(delivery).where(waiting).values(due_at=uow.now, first_due=uow.now, attempts=0)
        )
        uow.wake_up(wake.EFFECTS)


def renew_secret(endpoint_id: str, department: str, secret: str, uow: UnitOfWork) -> datetime:
    """Sign with a new secret, and for `OVERLAP` with the one before too; returns until when."""
    until = uow.now + OVERLAP
    values = {"old_secret": endpoint.c.secret, "old_until": until, "secret": secret}
    _change(endpoint_id, department, values, uow)
    return until


def remove(endpoint_id: str, department: str, uow: UnitOfWork) -> None:
    """Raises `UnknownEndpoint`."""
    gone = uow.session.execute(
        delete(endpoint)
        .where(endpoint.c.endpoint_id == endpoint_id, endpoint.c.department == department)
        .returning(endpoint.c.endpoint_id)
    )
    if gone.first() is None:
        raise UnknownEndpoint(endpoint_id)


def test(endpoint_id: str, department: str, uow: UnitOfWork) -> str:
    """Send something harmless; returns its event id. Raises `UnknownEndpoint`."""
    _must_be(endpoint_id, department, uow)
    event_id = str(uuid4())
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": "notification",
        "type": TEST,
        "subject": endpoint_id,
        "time": uow.now.isoformat(),
        "datacontenttype": "application/json",
        "department": department,
        "data": {},
    }
    row = _row(endpoint_id, event_id, TEST, None, json.dumps(body).encode(), uow.now)
    uow.session.execute(insert(delivery).values(row))
    uow.wake_up(wake.EFFECTS)
    return event_id


def send_again(
    endpoint_id: str,
    department: str,
    uow: UnitOfWork,
    events: Sequence[str] | None = None,
    since: datetime | None = None,
) -> int:
    """Have these events, or all from ``since`` on, delivered once more; returns how many. Those under way are
    left to finish. Raises `UnknownEndpoint`."""
    _must_be(endpoint_id, department, uow)
    t = delivery.c
    which = [t.endpoint_id == endpoint_id, t.state.in_(("delivered", "given_up", "waiting"))]
    if events is not None:
        which.append(t.event_id.in_(events))
    if since is not None:
        which.append(t.written_at >= since)
    again = uow.session.execute(
        update(delivery)
        .where(*which)
        .values(state="waiting", attempts=0, first_due=uow.now, due_at=uow.now, settled_at=None)
        .returning(t.delivery_id)
    ).all()
    uow.wake_up(wake.EFFECTS)
    return len(again)


def pause(endpoint_id: str, why: Why, uow: UnitOfWork) -> None:
    """Stop telling it until somebody takes it up again; what comes meanwhile waits."""
    active = (endpoint.c.endpoint_id == endpoint_id) & (endpoint.c.state == "active")
    uow.session.execute(update(endpoint).where(active).values(state="paused", why=why))


def _row(
    endpoint_id: str, event_id: str, kind: str, case: str | None, body: bytes, now: datetime
) -> dict[str, Any]:
    return {
        "delivery_id": str(uuid4()),
        "endpoint_id": endpoint_id,
        "event_id": event_id,
        "type": kind,
        "case_id": case,
        "body": body,
        "state": "waiting",
        "attempts": 0,
        "written_at": now,
        "first_due": now,
        "due_at": now,
    }


def _change(endpoint_id: str, department: str, values: dict[str, Any], uow: UnitOfWork) -> None:
    if not values:
        _must_be(endpoint_id, department, uow)
        return
    mine = (endpoint.c.endpoint_id == endpoint_id) & (endpoint.c.department == department)
    changed = uow.session.execute(
        update(endpoint).where(mine).values(values).returning(endpoint.c.endpoint_id)
    )
    if changed.first() is None:
        raise UnknownEndpoint(endpoint_id)


def _must_be(endpoint_id: str, department: str, uow: UnitOfWork) -> None:
    mine = (endpoint.c.endpoint_id == endpoint_id) & (endpoint.c.department == department)
    if uow.session.scalar(select(endpoint.c.endpoint_id).where(mine).with_for_update()) is None:
        raise UnknownEndpoint(endpoint_id)
