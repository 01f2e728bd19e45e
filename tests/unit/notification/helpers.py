"""Notification with a database of its own, a mail provider that remembers, and people who can be reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from chassis.database import Database
from chassis.fakes.database import deliver, envelope
from contracts import Event
from contracts.catalog import DepartmentPublished, ProcedurePublished
from contracts.cloudevents import Envelope
from contracts.identity import AccountOpened
from contracts.intake import ApplicationSubmitted
from contracts.procedure import Text
from services.notification import handlers
from services.notification.contacts import Contact, Unreachable
from services.notification.mail import Letter, Provider
from services.notification.orm import message
from services.notification.sender import Sender
from tests.unit.intake.helpers import procedure

NUMBER = "SJ20260302000001X"
OWNER = "acc-1"
PEOPLE = {
    OWNER: Contact("沈佳禾", "shen@jiangtang.example"),
    "acc-head": Contact("许克勤", "xu@jiangtang.example"),
    "acc-sup": Contact("周督办", "zhou@jiangtang.example"),
}


class Phonebook:
    """Contacts as identity would tell them, unless it is away."""

    def __init__(self, people: dict[str, Contact] | None = None):
        self.people = dict(PEOPLE if people is None else people)
        self.is_away = False

    def of(self, account_id: str) -> Contact | None:
        if self.is_away:
            raise Unreachable("identity ConnectionError")
        return self.people.get(account_id)


class Postbox(Provider):
    """Takes letters, or raises what it was told to."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.trouble: list[BaseException] = []

    def send(self, letter: Letter) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.letters.append(letter)


class Desk:
    """Everything of notification in one process."""

    def __init__(self, database: Database):
        self.database = database
        self.contacts = Phonebook()
        self.provider = Postbox()
        self.sender = Sender(database, self.contacts, self.provider)
        self._number = 0

    def know_the_city(self) -> None:
        """Titles, staff, and one filed application."""
        self.hear(
            ProcedurePublished(code="open-shop", version=1, procedure=procedure()),
            DepartmentPublished(code="SJ", name=Text(zh="市场监管局", en="Market regulator")),
            DepartmentPublished(code="XF", name=Text(zh="消防救援大队", en="Fire brigade")),
            AccountOpened(account_id="acc-head", kind="staff", department="SJ", roles=("approver",)),
            AccountOpened(account_id="acc-other", kind="staff", department="XF", roles=("approver",)),
            AccountOpened(account_id="acc-sup", kind="staff", department="ZW", roles=("supervisor",)),
            AccountOpened(account_id=OWNER, kind="person"),
            filed(self.now()),
        )

    def now(self) -> datetime:
        return self.database.now()

    def hear(self, *events: Event, age: timedelta = timedelta(0), batch: int = 100) -> list[Envelope]:
        """Deliver these events; returns those that are too early."""
        return self.deliver([self.wrap(e, age) for e in events], batch)

    def wrap(self, event: Event, age: timedelta = timedelta(0)) -> Envelope:
        self._number += 1
        return envelope(event, sequence=self._number, time=self.now() - age)

    def deliver(self, envelopes: Iterable[Envelope], batch: int = 100) -> list[Envelope]:
        return deliver(
            self.database, handlers.follow, envelopes, subscription="notification.events", batch=batch
        )

    def rows(self, channel: str | None = None) -> Sequence[Any]:
        query = select(message).order_by(message.c.message_id)
        if channel:
            query = query.where(message.c.channel == channel)
        with self.database.read() as session:
            return session.execute(query).all()

    def send_all(self) -> None:
        """Let the sender work until nothing is due."""
        while self.sender.step() == 0.0:
            pass

    def let_pass(self, time: timedelta) -> None:
        """Everything unsent is so much older and so much nearer to its next try."""
        with self.database.transaction() as uow:
            for row in uow.session.execute(select(message).where(message.c.channel == "mail")).all():
                uow.session.execute(
                    update(message)
                    .where(message.c.message_id == row.message_id)
                    .values(
                        written_at=row.written_at - time,
                        due_at=row.due_at - time if row.due_at else None,
                    )
                )


def filed(at: datetime, number: str = NUMBER, applicant: str = OWNER) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        application_no=number,
        procedure="open-shop",
        version=1,
        applicant=applicant,
        channel="portal",
        submitted_at=at,
    )
