"""Sends what was wished: takes one message, commits “trying”, sends, commits what became of it. Where letters
only leave with that last commit (the sandbox) it takes several.

When the process ends between sending and the commit, nobody knows whether the letter left. After `LEASE` it
counts as unknown and is sent again, under the same ``Message-ID``: twice in that window alone, never not at
all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, func, select, tuple_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis import metrics
from chassis.bulk import among
from chassis.database import Database
from chassis.uow import UnitOfWork
from services.notification import queries
from services.notification.contacts import Contacts, Unreachable
from services.notification.domain import LEASE, State, next_try
from services.notification.mail import Letter, NoTexts, Provider, Refused, TryLater
from services.notification.orm import message
from services.notification.words import LANGUAGES, Language, Words, words

log = structlog.get_logger()

IDLE_S = 60.0
AT_ONCE = 20
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
        site: str = "",
    ):
        """``site`` is the portal's address, for links in text messages."""
        self._site = site.rstrip("/")
        self._texts = texts or NoTexts()
        self._database = database
        self._contacts = contacts
        self._provider = provider
        self._lease = lease

    def step(self) -> float:
        """Send what is due; returns in how many seconds there may be more."""
        with self._database.transaction() as uow:
            rows = self._take(uow)
        if not rows:
            return self._pause()
        with self._database.read() as session:
            languages = queries.languages_of((row.recipient for row in rows), session)
            say = queries.wording(rows, session)
        done = []
        for row in rows:
            done.append((row, self._try(row, languages.get(row.recipient, "zh"), say)))
        self._settle(done)
        return 0.0

    def _take(self, uow: UnitOfWork) -> Sequence[Any]:
        at_once = 1 if self._provider.sends_at_once else AT_ONCE
        found = uow.session.execute(_DUE, {"now": uow.now, "at_once": at_once}).all()
        if not found:
            return []
        for row in found:
            if row.state == "trying":
                log.warning("mail_outcome_unknown", message=row.message_id)
        change = (
            update(message)
            .where(among(uow.session, message.c.message_id, [row.message_id for row in found]))
            .values(state="trying", attempts=message.c.attempts + 1)
            .values(tried_at=uow.now, due_at=uow.now + self._lease)
            .returning(message)
        )
        taken = {row.message_id: row for row in uow.session.execute(change)}
        return [taken[row.message_id] for row in found]

    def _try(self, row: Any, language: Language, say: Callable[[Any], dict[Language, Words]]) -> Outcome:
        try:
            if row.channel == "sms":
                return self._send_link(row) if row.text == "signer" else self._send_code(row, language)
            contact = self._contacts.of(row.recipient)
            if contact is None or not contact.email:
                return Outcome("no_address")
            letter = Letter(
                row.message_id, contact.email, contact.name, language, say(row)[language], row.written_at
            )
            self._provider.send(letter)
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

    def _send_code(self, row: Any, language: Language) -> Outcome:
        """A code to a phone: both are asked for now and kept nowhere here. One that is over isn't sent."""
        found = self._contacts.phone_code(row.facts["check"])
        if found is None:
            return Outcome("no_address")
        said = words("phone_code", {"code": found.code}, None, "", {}, language)
        self._texts.send(Letter(row.message_id, found.phone, "", language, said, row.written_at))
        return Outcome("sent")

    def _send_link(self, row: Any) -> Outcome:
        """A link to somebody who shall sign, asked for now and kept nowhere here; in both languages, since
        nobody knows which one this person reads."""
        found = self._contacts.invitation(row.facts["signer"])
        if found is None:
            return Outcome("no_address")
        facts = {"token": found.token, "title_zh": found.title["zh"], "title_en": found.title["en"]}
        zh, en = (words("signer", facts, None, "", {}, language) for language in LANGUAGES)
        said = Words(zh.title, f"{zh.text}\n{en.text}\n{self._site}{zh.link}", zh.link)
        self._texts.send(Letter(row.message_id, found.phone, "", "zh", said, row.written_at))
        return Outcome("sent")

    def _settle(self, done: Sequence[tuple[Any, Outcome]]) -> None:
        """Another sender may have taken a message meanwhile, when this one was paused: then its word
        counts."""
        if not done:
            return
        with self._database.transaction() as uow:
            self._provider.settle(uow)
            self._texts.settle(uow)
            alike = defaultdict(list)
            for row, outcome in done:
                alike[_settled(row, outcome, uow.now)].append((row.message_id, row.attempts))
            for (state, error, again), tries in alike.items():
                settled_at = None if again is not None else uow.now
                values = {"state": state, "error": error, "due_at": again, "settled_at": settled_at}
                uow.session.execute(update(message).where(_TRY.in_(tries)).values(values))

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


_DUE = (
    select(message.c.message_id, message.c.state)
    .where(message.c.channel != "app", message.c.state.in_(UNSETTLED), message.c.due_at <= bindparam("now"))
    .order_by(message.c.due_at)
    .limit(bindparam("at_once"))
    .with_for_update(skip_locked=True)
)
_TRY = tuple_(message.c.message_id, message.c.attempts)


def _settled(row: Any, outcome: Outcome, now: datetime) -> tuple[State, str | None, datetime | None]:
    """State, error and when it is tried again, if it is."""
    again = next_try(row.attempts, row.written_at, now) if outcome.again else None
    state: State = "failed" if outcome.again and again is None else outcome.state
    metrics.MESSAGES.labels(row.channel, "put_off" if again is not None else state).inc()
    if state != "sent":
        log.info("mail_not_sent", message=row.message_id, state=state, error=outcome.error)
    return state, outcome.error, again
