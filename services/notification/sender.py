"""Sends what was wished: takes one message, commits “trying”, sends, commits what became of it.

When the process ends between the last two, nobody knows whether the letter left. After `LEASE` it counts
as unknown and is sent again, under the same ``Message-ID``: twice in that window alone, never not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis import metrics
from chassis.database import Database
from chassis.uow import UnitOfWork
from services.notification import queries
from services.notification.contacts import Contacts, Unreachable
from services.notification.domain import LEASE, State, next_try
from services.notification.mail import Letter, NoTexts, Provider, Refused, TryLater
from services.notification.orm import message
from services.notification.words import words

log = structlog.get_logger()

IDLE_S = 60.0
UNSETTLED = ("waiting", "trying")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try. ``again`` lets it be tried once more."""

    state: State
    error: str | None = None
    again: bool = False


class Sender:
    """One at work. Any number of them share the messages."""

    def __init__(
        self,
        database: Database,
        contacts: Contacts,
        provider: Provider,
        lease: timedelta = LEASE,
        texts: Provider | None = None,
    ):
        self._texts = texts or NoTexts()
        self._database = database
        self._contacts = contacts
        self._provider = provider
        self._lease = lease

    def step(self) -> float:
        """Send one message if one is due; returns in how many seconds there may be another."""
        with self._database.transaction() as uow:
            row = self._take(uow)
        if row is None:
            return self._pause()
        outcome = self._try(row)
        with self._database.transaction() as uow:
            self._settle(row, outcome, uow)
        return 0.0

    def _take(self, uow: UnitOfWork) -> Any:
        t = message.c
        due = (
            select(t.message_id, t.state)
            .where(t.channel != "app", t.state.in_(UNSETTLED), t.due_at <= uow.now)
            .order_by(t.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        found = uow.session.execute(due).first()
        if found is None:
            return None
        if found.state == "trying":
            log.warning("mail_outcome_unknown", message=found.message_id)
        change = update(message).where(t.message_id == found.message_id)
        return uow.session.execute(
            change.values(
                state="trying", attempts=t.attempts + 1, tried_at=uow.now, due_at=uow.now + self._lease
            ).returning(message)
        ).one()

    def _try(self, row: Any) -> Outcome:
        try:
            if row.channel == "sms":
                return self._send_code(row)
            contact = self._contacts.of(row.recipient)
            if contact is None or not contact.email:
                return Outcome("no_address")
            with self._database.read() as session:
                language = queries.language_of(row.recipient, session)
                said = queries.words_of([row], session)[row.message_id][language]
            self._provider.send(
                Letter(row.message_id, contact.email, contact.name, language, said, row.written_at)
            )
        except (TryLater, Unreachable) as error:
            return Outcome("waiting", str(error), again=True)
        except Refused as error:
            return Outcome("failed", str(error))
        except SQLAlchemyError:
            raise
        except Exception as error:  # one message that can't be made must not hold up the others
            log.error("mail_failed", message=row.message_id, exc_info=error)
            return Outcome("waiting", type(error).__name__, again=True)
        return Outcome("sent")

    def _send_code(self, row: Any) -> Outcome:
        """A code to a phone: both are asked for now and kept nowhere here. One that is over isn't sent."""
        found = self._contacts.phone_code(row.facts["check"])
        if found is None:
            return Outcome("no_address")
        with self._database.read() as session:
            language = queries.language_of(row.recipient, session)
        said = words("phone_code", {"code": found.code}, None, "", {}, language)
        self._texts.send(Letter(row.message_id, found.phone, "", language, said, row.written_at))
        return Outcome("sent")

    def _settle(self, row: Any, outcome: Outcome, uow: UnitOfWork) -> None:
        """Another sender may have taken it meanwhile, when this one was paused: then its word counts."""
        t = message.c
        again = next_try(row.attempts, row.written_at, uow.now) if outcome.again else None
        state = "failed" if outcome.again and again is None else outcome.state
        uow.session.execute(
            update(message)
            .where(t.message_id == row.message_id, t.attempts == row.attempts)
            .values(
                state=state,
                error=outcome.error,
                due_at=again,
                settled_at=None if again is not None else uow.now,
            )
        )
        metrics.MESSAGES.labels(row.channel, "put_off" if again is not None else state).inc()
        if state != "sent":
            log.info("mail_not_sent", message=row.message_id, state=state, error=outcome.error)

    def _pause(self) -> float:
        with self._database.read() as session:
            now = self._database.now(session)
            oldest, due = self._waiting(session)
        waited = (now - oldest).total_seconds() if oldest is not None else 0.0
        metrics.MESSAGES_OLDEST.labels("mail").set(max(0.0, waited))
        return max(0.01, (due - now).total_seconds()) if due is not None else IDLE_S

    def _waiting(self, session: Session) -> tuple[datetime | None, datetime | None]:
        """When the oldest unsettled message was written, and when the next one is due."""
        t = message.c
        query = select(func.min(t.written_at), func.min(t.due_at)).where(
            t.channel != "app", t.state.in_(UNSETTLED)
        )
        oldest, due = session.execute(query).one()
        return oldest, due
