"""Delivers to webhooks: takes what is due, commits “trying”, calls, commits what became of it.

Several webhooks are called at a time and each in its own order, so that a slow one holds up nobody else's.
When the process ends in between, the delivery is made again after `LEASE` under the same ``webhook-id``.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, select, update

from chassis import metrics
from chassis.bulk import among
from chassis.database import Database
from chassis.uow import UnitOfWork
from services.notification.hooks import handlers, outward
from services.notification.hooks.domain import LEASE, BadAddress, Network, next_try, sign
from services.notification.hooks.orm import attempt, delivery, endpoint

log = structlog.get_logger("notification")

AT_ONCE = 8
A_TURN = 20
IDLE_S = 60.0
KEPT = timedelta(days=30)
SWEEP_EVERY_S = 3600.0
GONE = 410

Post = Callable[[str, bytes, dict[str, str], Collection[Network]], int]


@dataclass(frozen=True, slots=True)
class Try:
    """One call: the answer's status, or a code of why there was none."""

    row: Any
    ms: int
    status: int | None = None
    error: str | None = None

    @property
    def took(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """One at work. Any number of them share the deliveries."""

    def __init__(
        self,
        database: Database,
        inner: Collection[Network] = (),
        post: Post = outward.post,
        lease: timedelta = LEASE,
    ):
        self._database = database
        self._inner = inner
        self._post = post
        self._lease = lease
        self._swept_at = time.monotonic()

    def step(self) -> float:
        """Deliver what is due; returns in how many seconds there may be more."""
        with self._database.transaction() as uow:
            rows = self._take(uow)
        if not rows:
            return self._pause()
        turns = defaultdict(list)
        for row in rows:
            turns[row.endpoint_id].append(row)
        with ThreadPoolExecutor(len(turns), "hooks") as pool:
            for tries in pool.map(self._turn, turns.values()):
                self._settle(tries)
        return 0.0

    def _take(self, uow: UnitOfWork) -> Sequence[Any]:
        due = delivery.c.state.in_(("waiting", "trying")) & (delivery.c.due_at <= uow.now)
        active = select(endpoint.c.endpoint_id).where(endpoint.c.state == "active")
        called = uow.session.scalars(
            select(delivery.c.endpoint_id)
            .where(due, delivery.c.endpoint_id.in_(active))
            .group_by(delivery.c.endpoint_id)
            .order_by(func.min(delivery.c.due_at))
            .limit(AT_ONCE)
        ).all()
        taken: list[str] = []
        for endpoint_id in called:
            mine = select(delivery.c.delivery_id).where(due, delivery.c.endpoint_id == endpoint_id)
            mine = mine.order_by(delivery.c.position).limit(A_TURN).with_for_update(skip_locked=True)
            taken += uow.session.scalars(mine)
        if not taken:
            return []
        uow.session.execute(
            update(delivery)
            .where(among(uow.session, delivery.c.delivery_id, taken))
            .values(state="trying", attempts=delivery.c.attempts + 1, due_at=uow.now + self._lease)
        )
        return uow.session.execute(
            select(delivery, endpoint.c.url, endpoint.c.secret, endpoint.c.old_secret, endpoint.c.old_until)
            .join(endpoint, endpoint.c.endpoint_id == delivery.c.endpoint_id)
            .where(among(uow.session, delivery.c.delivery_id, taken))
            .order_by(delivery.c.position)
        ).all()

    def _turn(self, rows: Sequence[Any]) -> list[Try]:
        """Call one webhook for each of these, in order; one that doesn't answer isn't asked for the rest."""
        tries: list[Try] = []
        for row in rows:
            if tries and tries[-1].status is None:
                tries.append(Try(row, 0, error=tries[-1].error))
            else:
                tries.append(self._try(row))
        return tries

    def _try(self, row: Any) -> Try:
        now = self._database.now()
        secrets = [row.secret, *([row.old_secret] if row.old_until and row.old_until > now else [])]
        stamp = int(now.timestamp())
        body = bytes(row.body)
        headers = {
            "Content-Type": "application/cloudevents+json",
            "User-Agent": "one-window-webhooks/1",
            "webhook-id": row.event_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(secrets, row.event_id, stamp, body),
        }
        started = time.monotonic()
        status = error = None
        try:
            status = self._post(row.url, body, headers, self._inner)
        except (BadAddress, outward.NoAnswer) as problem:
            error = problem.reason
        return Try(row, int((time.monotonic() - started) * 1000), status, error)

    def _settle(self, tries: Iterable[Try]) -> None:
        """Another sender may have taken a delivery while this one was paused: then its word counts."""
        with self._database.transaction() as uow:
            for one in tries:
                self._settle_one(one, uow)

    def _settle_one(self, one: Try, uow: UnitOfWork) -> None:
        row = one.row
        again = None if one.took or one.status == GONE else next_try(row.attempts, row.first_due, uow.now)
        state = "delivered" if one.took else "waiting" if again is not None else "given_up"
        mine = (
            (delivery.c.delivery_id == row.delivery_id)
            & (delivery.c.state == "trying")
            & (delivery.c.attempts == row.attempts)
        )
        settled = uow.session.execute(
            update(delivery)
            .where(mine)
            .values(state=state, due_at=again, settled_at=None if again is not None else uow.now)
            .returning(delivery.c.delivery_id)
        )
        if settled.first() is None:
            return
        uow.session.execute(
            attempt.insert().values(
                delivery_id=row.delivery_id, at=uow.now, ms=one.ms, status=one.status, error=one.error
            )
        )
        metrics.WEBHOOK_DELIVERIES.labels("put_off" if again is not None else state).inc()
        if one.took:
            uow.session.execute(
                update(endpoint).where(endpoint.c.endpoint_id == row.endpoint_id).values(delivered_at=uow.now)
            )
        elif again is None:
            handlers.pause(row.endpoint_id, "gone" if one.status == GONE else "given_up", uow)
            log.warning("webhook_paused", endpoint=row.endpoint_id, status=one.status, error=one.error)

    def _pause(self) -> float:
        if time.monotonic() - self._swept_at > SWEEP_EVERY_S:
            self._swept_at = time.monotonic()
            with self._database.transaction() as uow:
                old = delivery.c.settled_at < uow.now - KEPT
                uow.session.execute(delete(delivery).where(old))
        active = select(endpoint.c.endpoint_id).where(endpoint.c.state == "active")
        t = delivery.c
        query = select(func.min(t.due_at)).where(
            t.state.in_(("waiting", "trying")), t.endpoint_id.in_(active)
        )
        with self._database.read() as session:
            due = session.scalar(query)
            now = self._database.now(session)
        return max(0.01, (due - now).total_seconds()) if due is not None else IDLE_S
