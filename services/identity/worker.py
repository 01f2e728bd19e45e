"""What identity listens to: its own word on whom to trust, like every service."""

from __future__ import annotations

from chassis import trust
from chassis.uow import UnitOfWork
from chassis.worker import Worker, subscribe
from contracts.cloudevents import Envelope


class IdentityWorker(Worker):
    """Publishes keys and revocations."""

    name = "identity"

    @subscribe("identity.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)
