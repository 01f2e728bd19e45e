"""What identity listens to: its own word on whom to trust, like every service; and when keys change."""

from __future__ import annotations

import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chassis import trust
from chassis.chaining import Chainer
from chassis.database import open_database
from chassis.uow import UnitOfWork
from chassis.worker import Repeating, ServiceConfig, Worker, due, subscribe
from contracts import approval, catalog, intake
from contracts.cloudevents import Envelope
from services.identity import handlers, keys, service_accounts
from services.identity.filling import Filler
from services.identity.handlers import library, published, readings
from services.identity.logout_sender import LogoutSender
from services.identity.orm import audit_trail

log = structlog.get_logger()

TRY_AGAIN_S = 1.0


class KeysAnnounced(ServiceConfig):
    """At the worker's start: makes the first signing key where there is none, says again which keys
    count, for services whose database is new, and opens the accounts services sign in with. A database
    that is away or not migrated is waited for."""

    def start(self) -> None:
        self._stopping = False
        self.container.spawn_managed_thread(self._announce, identifier="identity.keys")

    def stop(self) -> None:
        self._stopping = True

    def _announce(self) -> None:
        database = open_database(self._config)
        while not self._stopping:
            try:
                with database.transaction() as uow:
                    keys.start(uow)
                service_accounts.open_missing(database)
                return
            except SQLAlchemyError as error:
                log.warning("keys_wait", error=str(error)[:200])
                time.sleep(TRY_AGAIN_S)


class Telling(Repeating):
    """Tells clients that somebody has signed out, note by note."""

    def setup(self) -> None:
        super().setup()
        self._sender = LogoutSender(open_database(self.config))

    def step(self) -> float:
        return self._sender.step()


class Filling(Repeating):
    """Asks what stands on licences that were issued, one by one."""

    def setup(self) -> None:
        super().setup()
        self._filler = Filler(open_database(self.config))

    def step(self) -> float:
        return self._filler.step()


class IdentityWorker(Worker):
    """Publishes accounts, keys and revocations; signs with a new key every thirty days. Keeps the
    certificate library and who read what."""

    name = "identity"
    announced = KeysAnnounced()
    chain = Chainer(audit_trail)
    telling = Telling()
    filling = Filling()

    @subscribe("identity.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)

    @subscribe("identity.units", catalog.DepartmentPublished, catalog.PlacePublished)
    def units(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.keep_units(events, uow)

    @subscribe("identity.catalog", catalog.ProcedurePublished, catalog.DepartmentPublished)
    def catalog(self, events: list[Envelope], uow: UnitOfWork) -> None:
        published.keep(events, uow)

    @subscribe(
        "identity.certificates",
        intake.ApplicationAccepted,
        intake.CertificatesUsed,
        approval.LicenceIssued,
        approval.BranchAnswered,
        linger=0.5,
    )
    def certificates(self, events: list[Envelope], uow: UnitOfWork) -> None:
        library.follow(events, uow)

    @subscribe("identity.readings", intake.DossierRead, linger=0.5)
    def readings(self, events: list[Envelope], uow: UnitOfWork) -> None:
        readings.follow(events, uow)

    @due(keys.ROTATION)
    def rotate(self, subjects: list[str], uow: UnitOfWork) -> None:
        keys.rotate(uow)
