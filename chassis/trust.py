"""Whom to trust: the public keys that sign access tokens, whose tokens are no longer accepted, and who may
act for which firm.

Each service keeps them in its own database, filled by a subscription of its own, so that a token is
checked without asking anybody. Web processes read them once a second (`Keyring`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from joserfc.jwk import ECKey
from sqlalchemy import case, delete, func, select

from chassis import agencies, clock
from chassis.database import Database
from chassis.tables import revocation, signing_key
from chassis.uow import UnitOfWork
from contracts.cloudevents import Envelope
from contracts.identity import (
    AgencyEnded,
    AgencyGranted,
    SessionRevoked,
    SigningKeyPublished,
    TokensRevoked,
)

EVENTS = (SigningKeyPublished, TokensRevoked, SessionRevoked, AgencyGranted, AgencyEnded)
"""What the trust subscription of every service listens to."""

TOKEN_LIFETIME = timedelta(minutes=10)
_KEPT = timedelta(days=1)
_E = TypeVar("_E", SigningKeyPublished, TokensRevoked, SessionRevoked)


def keep(envelopes: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Remember keys, revocations and agencies. Any order and any repetition of the same events ends the same.

    A key that was retired stays retired, at the earliest date named; of several revocations the
    latest counts. Revocations a day old are forgotten: no token lives that long.
    """
    events = [e.event for e in envelopes]
    keys = sorted(_of(SigningKeyPublished, events), key=lambda e: e.kid)
    revoked = [(e.account_id, e.not_before) for e in _of(TokensRevoked, events)]
    revoked += [(_session(e.session_id), e.ended_at) for e in _of(SessionRevoked, events)]
    if keys:
        statement = uow.insert(signing_key)
        new, old = statement.excluded.retired_at, signing_key.c.retired_at
        earliest = case((old.is_(None), new), (new.is_(None), old), (new < old, new), else_=old)
        uow.session.execute(
            statement.on_conflict_do_update(index_elements=["kid"], set_={"retired_at": earliest}),
            [{"kid": e.kid, "x": e.x, "y": e.y, "retired_at": e.retired_at} for e in keys],
        )
    if revoked:
        statement = uow.insert(revocation)
        new, old = statement.excluded.not_before, revocation.c.not_before
        uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["subject"], set_={"not_before": case((new > old, new), else_=old)}
            ),
            [{"subject": subject, "not_before": moment} for subject, moment in sorted(revoked)],
        )
        uow.session.execute(delete(revocation).where(revocation.c.not_before < uow.now - _KEPT))
    agencies.keep(events, uow)


def _session(session_id: str) -> str:
    """How a session is named among the subjects of revocations, which are accounts else."""
    return f"session:{session_id}"


def _of(kind: type[_E], events: Iterable[object]) -> list[_E]:
    return [e for e in events if isinstance(e, kind)]


class Keyring:
    """Keys and revocations of one database, in memory, at most a second old.

    Read when somebody asks, by one of those who ask; the others go on with what is there. An unknown
    key makes it look again at once, but not more often than every 200 ms.
    """

    MAX_AGE = 1.0
    MAX_AGE_FOR_UNKNOWN = 0.2
    MAX_STALENESS = 5.0

    def __init__(self, database: Database):
        self._database = database
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._keys: dict[str, tuple[ECKey, datetime | None]] = {}
        self._revoked: dict[str, float] = {}

    def key(self, kid: str) -> ECKey | None:
        """The public key of this id, None when it is unknown or retired."""
        self.refresh()
        if kid not in self._keys:
            self.refresh(self.MAX_AGE_FOR_UNKNOWN)
        key, retired_at = self._keys.get(kid, (None, None))
        return None if retired_at is not None and retired_at <= clock.now() else key

    def revoked(self, account_id: str, issued_at: float, session_id: str | None = None) -> bool:
        """Whether a token of this account (and session), issued then (seconds since 1970), is no longer
        accepted. A session that was ended stays so, whenever the token was issued."""
        self.refresh()
        if session_id is not None and _session(session_id) in self._revoked:
            return True
        not_before = self._revoked.get(account_id)
        return not_before is not None and issued_at < not_before

    def refresh(self, max_age: float = MAX_AGE) -> None:
        """Read again if what is known is older than ``max_age`` seconds."""
        age = time.monotonic() - self._read_at
        if age < max_age or not self._lock.acquire(blocking=age > self.MAX_STALENESS):
            return
        try:
            if time.monotonic() - self._read_at >= max_age:
                self._read()
        finally:
            self._lock.release()

    def _read(self) -> None:
        since = clock.now() - 2 * TOKEN_LIFETIME
        started = time.monotonic()
        with self._database.read() as session:
            keys = session.execute(select(signing_key)).all()
            revoked = session.execute(select(revocation).where(revocation.c.not_before > since)).all()
        known = self._keys
        self._keys = {
            row.kid: (known[row.kid][0] if row.kid in known else _public_key(row.x, row.y), row.retired_at)
            for row in keys
        }
        self._revoked = {row.subject: row.not_before.timestamp() for row in revoked}
        self._read_at = started


def _public_key(x: str, y: str) -> ECKey:
    return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})


def knows_a_key(database: Database) -> bool:
    """Whether any token could be checked at all."""
    with database.read() as session:
        return bool(session.execute(select(func.count()).select_from(signing_key)).scalar_one())
