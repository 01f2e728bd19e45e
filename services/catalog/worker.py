"""The catalogue's worker: it publishes what was loaded and keeps whom to trust."""

from __future__ import annotations

from chassis import trust
from chassis.uow import UnitOfWork
from chassis.worker import Worker, subscribe
from contracts.cloudevents import Envelope


class CatalogWorker(Worker):
    name = "catalog"

    @subscribe("catalog.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)
