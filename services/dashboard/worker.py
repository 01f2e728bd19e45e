"""What the dashboard listens to: nearly everything, and it answers nothing."""

from __future__ import annotations

from chassis import trust
from chassis.uow import UnitOfWork
from chassis.worker import Worker, due, subscribe
from contracts.cloudevents import Envelope
from services.dashboard import handlers


class DashboardWorker(Worker):
    """Counts what the services say, and tells open pages that figures have changed."""

    name = "dashboard"

    @subscribe("dashboard.cases", *handlers.EVENTS, linger=0.5)
    def cases(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.follow(events, uow)

    @subscribe("dashboard.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)

    @due(handlers.ANNOUNCE)
    def announce(self, _boards: list[str], uow: UnitOfWork) -> None:
        handlers.announce_late(uow)
