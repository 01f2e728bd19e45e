"""Identity with the sample city's people, certificates and catalogue, and callers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import envelope, scratch_config
from chassis.fakes.web import Mint, client
from contracts.catalog import ProcedurePublished
from services.catalog import files
from services.catalog.domain import publishing
from services.identity import orm, sample, service_accounts
from services.identity.handlers import published
from services.identity.web import create_app

SAMPLE = Path(__file__).parents[3] / "sample_city"
BASE = "/api/identity"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def prepared(folder: Path, **changes: Any) -> Database:
    """Identity with the sample city's people and certificates, and what its catalogue has published."""
    made = Database(scratch_config("identity", folder, urls={"intake": "http://intake"}, **changes))
    migrate.upgrade(made)
    for _ in range(2):  # loading again makes nothing twice
        with made.transaction() as uow:
            sample.load(SAMPLE, uow)
    service_accounts.open_missing(made)
    city, problems = files.read_city(SAMPLE)
    assert city is not None and problems == []
    procedures = [e.procedure for e in publishing.editions(city)]
    said = [
        *map(publishing.department_published, city.departments.values()),
        *(ProcedurePublished(code=p.code, version=1, procedure=p) for p in procedures),
    ]
    with made.transaction() as uow:
        published.keep([envelope(e, sequence=1, time=NOW) for e in said], uow)
    return made


class City:
    """Identity's application and tokens for its accounts."""

    def __init__(self, database: Database):
        self.database = database
        self.mint = Mint()
        self.mint.install(database)
        self.app: Flask = create_app(database.config, database=database)
        with database.read() as session:
            self.accounts = {r.login: r for r in session.execute(select(orm.account)).all()}

    def id_of(self, login: str) -> str:
        return str(self.accounts[login].account_id)

    def as_(self, login: str, **claims: Any) -> FlaskClient:
        who = self.accounts[login]
        told = {"kind": who.kind, "roles": who.roles, "dept": who.department} | claims
        return client(self.app, self.mint.token(who.account_id, **{k: v for k, v in told.items() if v}))

    def nobody(self) -> FlaskClient:
        return client(self.app)
