"""The same request sent twice takes effect once and gets the same answer.

The row of an ``Idempotency-Key`` is the first thing its transaction writes. Whoever sends the same key
at the same time waits on its unique index: when the first commits, the answer stored with the effect is
given again, byte for byte; when it rolls back, the second does the work. Kept for 24 hours.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from flask import Request, Response
from sqlalchemy import ColumnElement, and_, delete, select, tuple_, update

from chassis.database import Database
from chassis.problems import Problem, unavailable
from chassis.tables import idempotency
from chassis.uow import UnitOfWork

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
MAX_LENGTH = 120
_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Content-Language")
_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """One caller's key for one route, with what was sent under it."""

    caller: str
    route: str
    key: str
    body_hash: str

    def take(self, uow: UnitOfWork) -> Response | None:
        """Take the key, or return the answer given under it before.

        A 422 problem when the key was used with another content.
        """
        for _ in range(_LOOKS):
            inserted = uow.session.execute(
                uow.insert(idempotency)
                .values(
                    caller=self.caller,
                    route=self.route,
                    key=self.key,
                    body_hash=self.body_hash,
                    created_at=uow.now,
                )
                .on_conflict_do_nothing()
                .returning(idempotency.c.key)
            ).first()
            if inserted is not None:
                return None
            row = uow.session.execute(select(idempotency).where(self._mine())).first()
            if row is None:
                continue
            if row.body_hash != self.body_hash:
                raise Problem(
                    422,
                    "idempotency-key-reused",
                    zh="这个 Idempotency-Key 已用于另一份内容,请换一个新的。",
                    en="This Idempotency-Key was used with another content; take a new one.",
                )
            response = Response(row.body, status=row.status, headers=row.headers)
            response.headers[REPLAYED] = "true"
            return response
        raise unavailable()

    def store(self, uow: UnitOfWork, response: Response) -> None:
        """Keep the answer with the effect."""
        headers = {n: response.headers[n] for n in _KEPT_HEADERS if n in response.headers}
        uow.session.execute(
            update(idempotency)
            .where(self._mine())
            .values(status=response.status_code, headers=headers, body=response.get_data())
        )

    def release(self, uow: UnitOfWork) -> None:
        """Give the key back: what was asked for was not done."""
        uow.session.execute(delete(idempotency).where(self._mine()))

    def _mine(self) -> ColumnElement[bool]:
        table = idempotency.c
        return and_(table.caller == self.caller, table.route == self.route, table.key == self.key)


def claim_of(request: Request, caller: str) -> Claim | None:
    """What the request at hand claims; None without an ``Idempotency-Key``."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise Problem(
            400,
            "invalid-idempotency-key",
            zh=f"Idempotency-Key 应是 1 到 {MAX_LENGTH} 个可见的 ASCII 字符。",
            en=f"An Idempotency-Key has 1 to {MAX_LENGTH} printable ASCII characters.",
        )
    route = f"{request.method} {request.path}"
    if len(route) > MAX_LENGTH:
        route = hashlib.sha256(route.encode()).hexdigest()
    content = hashlib.sha256(request.query_string + b"\0" + request.get_data(cache=True))
    return Claim(caller=caller, route=route, key=key, body_hash=content.hexdigest())


def sweep(database: Database, batch: int = 500) -> int:
    """Forget up to ``batch`` keys older than 24 hours; returns how many."""
    table = idempotency.c
    key = tuple_(table.caller, table.route, table.key)
    with database.transaction() as uow:
        old = uow.session.execute(
            select(table.caller, table.route, table.key)
            .where(table.created_at < uow.now - KEPT)
            .order_by(table.created_at)
            .limit(batch)
            .with_for_update(skip_locked=True)
        ).all()
        if old:
            uow.session.execute(delete(idempotency).where(key.in_([tuple(row) for row in old])))
        return len(old)
