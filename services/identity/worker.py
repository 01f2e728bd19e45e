"""What identity listens to: its own word on whom to trust, like every service; and when keys change."""

from __future__ import annotations

from chassis import trust
from chassis.uow import UnitOfWork
from chassis.worker import Worker, due, subscribe
from contracts.cloudevents import Envelope
from services.identity import keys


class IdentityWorker(Worker):
    """Publishes accounts, keys and revocations; signs with a new key every thirty days."""

    name = "identity"

    @subscribe("identity.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)

    @due(keys.ROTATION)
    def rotate(self, subjects: list[str], uow: UnitOfWork) -> None:
        keys.rotate(uow)
