"""Intake with a database of its own, a small catalogue, and people who call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import undefer

from chassis.database import Database
from chassis.fakes.database import deliver, envelope, events_of
from chassis.fakes.web import Mint, client
from contracts import Event, intake
from contracts.catalog import CalendarPublished, DepartmentPublished, ProcedurePublished
from contracts.cloudevents import Envelope
from contracts.procedure import Procedure, Text
from services.intake import handlers
from services.intake.domain import Application
from services.intake.orm import application
from services.intake.web import create_app
from tests.unit.intake.helpers import FORM, Approval, procedure

CATALOGUE = (procedure(), procedure("desk", code="desk-shop", title=Text(zh="开店(窗口)", en="At the desk")))
NAMES = {"SJ": "市场监管局", "XF": "消防救援大队", "GA": "公安局", "CG": "城管局"}
BASE = "/api/intake"


class Office:
    """Everything of intake in one process; ``say`` is what other services say to it."""

    def __init__(self, database: Database):
        self.database = database
        self.mint = Mint()
        self.mint.install(database)
        self.app = create_app(database.config, database=database)
        names = [DepartmentPublished(code=c, name=Text(zh=n, en=c)) for c, n in NAMES.items()]
        self.catalogue(*names, *(published(p) for p in CATALOGUE))

    def catalogue(self, *events: Event, first: int = 1) -> None:
        moment = datetime.now(UTC)
        self.say(
            [envelope(e, sequence=n, time=moment) for n, e in enumerate(events, first)], handlers.keep_catalog
        )

    def say(
        self, envelopes: Sequence[Envelope], handler: Any = handlers.follow_cases, batch: int = 100
    ) -> list[Envelope]:
        return deliver(self.database, handler, envelopes, batch=batch)

    def said(self, *kinds: type[Event]) -> list[Event]:
        return [e.event for e in events_of(self.database, *kinds)]

    def last_state(self) -> intake.ApplicationStatusChanged:
        found = self.said(intake.ApplicationStatusChanged)[-1]
        assert isinstance(found, intake.ApplicationStatusChanged)
        return found

    @property
    def applicant(self) -> FlaskClient:
        return self.person("acc-1")

    def person(self, account: str, kind: str = "person", **claims: Any) -> FlaskClient:
        return client(self.app, self.mint.token(account, kind=kind, **claims))

    def staff(self, role: str, department: str) -> FlaskClient:
        account = f"{role}-{department.lower()}"
        kind = "machine" if role == "department_system" else "staff"
        return client(self.app, self.mint.token(account, kind=kind, roles=[role], dept=department))

    def file(self, code: str = "open-shop", who: FlaskClient | None = None, **form: Any) -> str:
        answer = (who or self.applicant).post(
            f"{BASE}/applications", json={"procedure": code, "form": FORM | form}
        )
        assert answer.status_code == 201, answer.text
        number: str = answer.get_json()["application_no"]
        return number

    def look(self, number: str, who: FlaskClient | None = None) -> dict[str, Any]:
        answer = (who or self.applicant).get(f"{BASE}/applications/{number}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def row(self, number: str) -> Application:
        with self.database.read() as session:
            found = session.get_one(Application, number, options=[undefer(Application.form)])  # type: ignore[misc]
            session.expunge(found)
            return found

    def count(self, table: Any = application) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def set_back(self, number: str, **times: datetime) -> None:
        """Let time have passed: change when something falls due."""
        with self.database.transaction() as uow:
            for column, moment in times.items():
                uow.session.execute(
                    application.update()
                    .where(application.c.application_no == number)
                    .values({column: moment})
                )


def in_approval(office: Office, *keys: str, **form: Any) -> tuple[str, Approval]:
    """A filed application and the approval that has opened its case (food, fire and seal unless named)."""
    number = office.file(**form)
    told = Approval(keys or ("food", "fire", "seal"), number, datetime.now(UTC))
    told.open_case()
    office.say(told.story)
    return number, told


def published(definition: Procedure) -> ProcedurePublished:
    return ProcedurePublished(code=definition.code, version=definition.version, procedure=definition)


def year(number: int, holidays: Iterable[date] = (), *, provisional: bool = False) -> CalendarPublished:
    return CalendarPublished(
        year=number, holidays=tuple(holidays), extra_workdays=(), provisional=provisional
    )


def raw(database: Database, table: str) -> str:
    """Everything a table holds, as it lies on the disk."""
    with database.writer.connect() as connection:
        return repr(connection.execute(text(f"SELECT * FROM {table}")).all())
