"""Identity and intake behind the portal: the real applications with the sample city, and who hears."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from requests.adapters import BaseAdapter
from sqlalchemy import select
from werkzeug.test import Client

from chassis import migrate, trust
from chassis.database import Database
from chassis.fakes.database import deliver, events_of, scratch_config
from contracts import catalog as catalog_events
from services.identity import orm, sample
from services.identity.web import create_app as identity_app
from services.intake import handlers as intake
from services.intake.web import create_app as intake_app
from tests.unit.portal.fake_city import SAMPLE, FakeCity, _WsgiAdapter
from tests.unit.portal.fake_sign_in import one_origin

HEAR_EVERY_S = 0.2
PUBLISHED = (
    catalog_events.ProcedurePublished,
    catalog_events.DepartmentPublished,
    catalog_events.CalendarPublished,
)


class FirmCity:
    """The city; ``hear`` does what the workers do, ``work`` has it done again and again."""

    def __init__(self, folder: Path, catalog: Flask, portal: Database):
        self.down: set[str] = set()
        self._portal = portal
        same: dict[str, Any] = {
            "master_key": portal.config.master_key,
            "public_url": portal.config.public_url,
        }
        self.identity = Database(scratch_config("identity", folder, **same))
        self.intake = Database(scratch_config("intake", folder, urls={"identity": "http://city"}))
        for database in (self.identity, self.intake):
            migrate.upgrade(database)
        with self.identity.transaction() as uow:
            sample.load(SAMPLE, uow)
        published = events_of(catalog.extensions["onewindow"].database, *PUBLISHED)
        deliver(self.intake, intake.keep_catalog, published, batch=1000)
        filing = intake_app(self.intake.config, database=self.intake)
        filing.extensions["intake"].identity.http.mount("http://", self.adapter())
        self._provider = identity_app(self.identity.config, database=self.identity)
        self._apps = {
            "identity": Client(self._provider, use_cookies=False),
            "intake": Client(filing, use_cookies=False),
            "catalog": Client(catalog, use_cookies=False),
        }
        self._over = threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True)
        self.hear()

    def adapter(self) -> BaseAdapter:
        city: FakeCity = self  # type: ignore[assignment]
        return _Adapter(city)

    def at(self, pages: Flask) -> Flask:
        """The portal with identity at its own address, as behind the gate."""
        pages.extensions["portal"].http.mount("http://", self.adapter())
        pages.wsgi_app = one_origin(pages.wsgi_app, self._provider)  # type: ignore[method-assign]
        return pages

    def answer(self, service: str) -> Client:
        return self._apps[service]

    def hear(self) -> None:
        """Every service hears what identity said."""
        said = events_of(self.identity, *trust.EVENTS)
        for database in (self.identity, self.intake, self._portal):
            deliver(database, trust.keep, said, subscription="trust", batch=1000)

    def work(self) -> None:
        self._worker.start()

    def close(self) -> None:
        self._over.set()
        if self._worker.is_alive():
            self._worker.join()
        self.identity.close()
        self.intake.close()

    def code_sent(self) -> str:
        """The newest code that was to go to a phone."""
        with self.identity.read() as session:
            return session.scalars(select(orm.phone_check.c.code)).one()

    def acts(self) -> list[str]:
        with self.identity.read() as session:
            return list(session.scalars(select(orm.audit.c.act).order_by(orm.audit.c.id)))

    def _work(self) -> None:
        while not self._over.wait(HEAR_EVERY_S):
            self.hear()


class _Adapter(_WsgiAdapter):
    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:  # type: ignore[override]
        if [*request.path_url.split("/"), "", ""][2] not in ("identity", "intake", "catalog"):
            raise requests.ConnectionError(request.path_url)
        return super().send(request, **options)
