"""Tells clients that somebody has signed out (OpenID Connect Back-Channel Logout 1.0).

A note is a row, one a client and session. The sender takes one, commits “trying”, signs and sends outside any
transaction, and commits what became of it. A note that was being sent when the process ended is sent again:
a client that hears of the same session twice does nothing the second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import requests
import structlog
from sqlalchemy import func, select, update

from chassis import metrics
from chassis.database import Database
from chassis.uow import UnitOfWork
from services.identity import keys
from services.identity.orm import client, sign_out_note
from services.identity.provider import issuer

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LEASE = timedelta(seconds=30)
LIVES_S = 120
PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=30)
GIVE_UP_AFTER = timedelta(hours=12)
"""A session lives no longer, so there is nothing left to end."""
TIMEOUT = (2.0, 5.0)  # seconds to connect, to answer
IDLE_S = 60.0
UNSETTLED = ("waiting", "trying")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be said to whom."""

    id: int
    attempts: int
    client_id: str
    address: str
    logout_token: str


class LogoutSender:
    """One at work. Any number of them share the notes."""

    def __init__(self, database: Database, http: requests.Session | None = None):
        self._database = database
        self._http = http or _session()

    def step(self) -> float:
        """Send one note if one is due; returns in how many seconds there may be another."""
        with self._database.transaction() as uow:
            row = self._take(uow)
            note = self._note(row, uow) if row is not None else None
        if row is None:
            return self._pause()
        if note is not None:
            error = self._send(note)
            with self._database.transaction() as uow:
                self._settle(row, error, uow)
        return 0.0

    def _take(self, uow: UnitOfWork) -> Any:
        t = sign_out_note.c
        due = (
            select(t.id)
            .where(t.state.in_(UNSETTLED), t.due_at <= uow.now)
            .order_by(t.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        found = uow.session.scalar(due)
        if found is None:
            return None
        change = update(sign_out_note).where(t.id == found)
        values = {"state": "trying", "attempts": t.attempts + 1, "due_at": uow.now + LEASE}
        return uow.session.execute(change.values(values).returning(sign_out_note)).one()

    def _note(self, row: Any, uow: UnitOfWork) -> Note | None:
        """The note, signed; None (and settled) when the client no longer wants to know."""
        wanted = select(client.c.backchannel_uri).where(client.c.client_id == row.client_id)
        address = uow.session.scalar(wanted)
        if address is None:
            uow.session.execute(
                update(sign_out_note)
                .where(sign_out_note.c.id == row.id)
                .values(state="failed", error="no_address", due_at=None)
            )
            return None
        now = int(uow.now.timestamp())
        claims = {
            "iss": issuer(self._database.config),
            "sub": row.account_id,
            "aud": [row.client_id],
            "iat": now,
            "exp": now + LIVES_S,
            "jti": uuid4().hex,
            "sid": row.session_id,
            "events": {EVENT: {}},
        }
        token = keys.signed(claims, uow, typ="logout+jwt")
        return Note(row.id, row.attempts, row.client_id, address, token)

    def _send(self, note: Note) -> str | None:
        """What went wrong, as a code; None when the client took it."""
        try:
            answer = self._http.post(
                note.address,
                data={"logout_token": note.logout_token},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return type(error).__name__
        return None if answer.status_code in (200, 204) else f"http {answer.status_code}"

    def _settle(self, row: Any, error: str | None, uow: UnitOfWork) -> None:
        """Another sender may have taken it meanwhile, when this one was paused: then its word counts."""
        again = min(PAUSE * 2 ** min(row.attempts - 1, 20), LONGEST_PAUSE)
        over = uow.now - row.wanted_at > GIVE_UP_AFTER
        state = "sent" if error is None else "failed" if over else "waiting"
        t = sign_out_note.c
        uow.session.execute(
            update(sign_out_note)
            .where(t.id == row.id, t.attempts == row.attempts)
            .values(state=state, error=error, due_at=uow.now + again if state == "waiting" else None)
        )
        metrics.SIGN_OUT_NOTES.labels("put_off" if state == "waiting" else state).inc()
        if error is not None:
            log.warning("sign_out_note_not_taken", client=row.client_id, error=error, state=state)

    def _pause(self) -> float:
        t = sign_out_note.c
        with self._database.read() as session:
            due = session.scalar(select(func.min(t.due_at)).where(t.state.in_(UNSETTLED)))
            now = self._database.now(session)
        return max(0.01, (due - now).total_seconds()) if due is not None else IDLE_S


def _session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made
