"""What notification listens to, and the one that sends."""

from __future__ import annotations

import os

from chassis import trust
from chassis.database import open_database
from chassis.uow import UnitOfWork
from chassis.worker import Repeating, Worker, subscribe
from contracts import identity
from contracts.cloudevents import Envelope
from services.notification import handlers
from services.notification.contacts import IdentityContacts, Remembering
from services.notification.hooks.outward import networks
from services.notification.hooks.sender import Sender as HookSender
from services.notification.mail import Settings, provider_of, texts_of
from services.notification.sender import Sender


class Sending(Repeating):
    """Sends what was wished, message by message."""

    def setup(self) -> None:
        super().setup()
        database = open_database(self.config)
        settings = Settings.from_env(os.environ, site=self.config.urls.get("portal", ""))
        self._sender = Sender(
            database,
            Remembering(IdentityContacts(self.config)),
            provider_of(settings),
            texts=texts_of(settings),
            site=settings.site,
        )

    def step(self) -> float:
        return self._sender.step()


class Delivering(Repeating):
    """Calls the webhooks of departments."""

    def setup(self) -> None:
        super().setup()
        inner = networks(os.environ.get("ONEWINDOW_WEBHOOK_NETWORKS", ""))
        self._sender = HookSender(open_database(self.config), inner)

    def step(self) -> float:
        return self._sender.step()


class NotificationWorker(Worker):
    """Writes down whom to tell what; the sender beside it does the telling."""

    name = "notification"
    sending = Sending()
    delivering = Delivering()

    @subscribe("notification.events", *handlers.EVENTS, linger=0.5)
    def events(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.follow(events, uow)

    @subscribe("notification.accounts", identity.AccountClosed)
    def accounts(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.forget(events, uow)

    @subscribe("notification.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)
