"""The catalogue's worker: it publishes what was loaded, keeps whom to trust and counts what is used."""

from __future__ import annotations

from chassis import trust
from chassis.uow import UnitOfWork
from chassis.worker import Worker, subscribe
from contracts import intake
from contracts.cloudevents import Envelope
from services.catalog import front


class CatalogWorker(Worker):
    name = "catalog"

    @subscribe("catalog.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)

    @subscribe("catalog.usage", intake.ApplicationSubmitted, linger=1.0)
    def usage(self, events: list[Envelope], uow: UnitOfWork) -> None:
        front.count(events, uow)
