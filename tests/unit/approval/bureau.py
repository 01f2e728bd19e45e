"""Approval with a database of its own, a small catalogue, and people and systems that speak to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import selectinload

from chassis.database import Database
from chassis.fakes.database import deliver, envelope, events_of
from chassis.fakes.web import Mint, client
from chassis.tables import outbox, time_row
from contracts import Event
from contracts.approval import SilenceDue
from contracts.catalog import CalendarPublished, DepartmentPublished, ProcedurePublished
from contracts.cloudevents import Envelope, load
from contracts.departments import AnswerGiven
from contracts.identity import AccountOpened
from contracts.intake import ApplicationCorrected, WithdrawalRequested
from contracts.procedure import Procedure, Text
from services.approval import handlers, orm, replica
from services.approval.domain import Branch, Case
from services.approval.web import create_app
from tests.unit.approval.helpers import (
    GUARDED,
    NUMBER,
    YEAR,
    accepted,
    advertising,
    brief,
    founding,
    parallel,
    restaurant,
)

BASE = "/api/approval"
NAMES = {
    "SJ": "市场监管局",
    "XF": "消防救援大队",
    "ZJ": "住建局",
    "CG": "城管局",
    "GA": "公安局",
    "SW": "税务局",
    "RS": "人社局",
    "WJ": "水务集团",
    "GJ": "规划局",
    "DA": "甲局",
    "DB": "乙局",
    "DC": "丙局",
}
CATALOGUE = (founding(), restaurant(), advertising(), parallel(), parallel("any"), GUARDED)


class Bureau:
    """Everything of approval in one process; ``say`` is what other services say to it."""

    def __init__(self, database: Database, *, knows: Iterable[Procedure] = CATALOGUE):
        self.database = database
        self.hear_catalogue(*catalogue(knows))

    @cached_property
    def mint(self) -> Mint:
        made = Mint()
        made.install(self.database)
        return made

    @cached_property
    def app(self) -> Flask:
        return create_app(self.database.config, database=self.database)

    @property
    def now(self) -> datetime:
        return self.database.now()

    def hear_catalogue(self, *events: Event, first: int = 1) -> None:
        self.say([self.told(e, sequence=n) for n, e in enumerate(events, first)], replica.keep)

    def say(self, envelopes: Sequence[Envelope], handler: Any, batch: int = 100) -> list[Envelope]:
        return deliver(self.database, handler, envelopes, batch=batch)

    def told(self, event: Event, *, sequence: int = 1, ago: timedelta = timedelta(0)) -> Envelope:
        return envelope(event, sequence=sequence, time=self.now - ago)

    def accept(
        self,
        of: Procedure,
        number: str = NUMBER,
        keys: Iterable[str] | None = None,
    ) -> str:
        early = self.say([self.told(accepted(of, keys, number))], handlers.follow_intake)
        assert early == []
        return number

    def reply(self, *answers: AnswerGiven | SilenceDue, ago: timedelta = timedelta(0)) -> list[Envelope]:
        """Answers out of the reply queue, in one batch; returns those that came too early."""
        return self.say([self.told(a, ago=ago) for a in answers], handlers.record_answers)

    def corrected(self, branch_no: str, request: int = 1) -> ApplicationCorrected:
        number = branch_no.rpartition("-")[0]
        return ApplicationCorrected(application_no=number, branch_no=branch_no, request=request)

    def withdrawn(self, number: str = NUMBER) -> WithdrawalRequested:
        return WithdrawalRequested(application_no=number, requested_at=self.now)

    def hear(self, *events: Event) -> list[Envelope]:
        return self.say([self.told(e) for e in events], handlers.follow_intake)

    def said(self, *kinds: type[Event]) -> list[Any]:
        return [e.event for e in events_of(self.database, *kinds)]

    def said_of(self, number: str) -> list[Event]:
        """All that was said of a case."""
        table = outbox.c
        with self.database.read() as session:
            query = (
                select(table.body).where(table.subject == number, table.queue.is_(None)).order_by(table.id)
            )
            return [load(body).event for body in session.scalars(query)]

    def names_said(self, number: str = NUMBER) -> list[str]:
        return brief(self.said_of(number))

    def addressed(self) -> list[tuple[str, Event]]:
        """What was put into one queue alone."""
        table = outbox.c
        with self.database.read() as session:
            rows = session.execute(select(table.queue, table.body).where(table.queue.is_not(None))).all()
        return [(queue, load(body).event) for queue, body in rows]

    def case(self, number: str = NUMBER) -> Case:
        with self.database.read() as session:
            query = select(Case).options(selectinload(Case.branches).selectinload(Branch.pauses))  # type: ignore[arg-type]
            found = session.scalars(query.where(orm.case.c.application_no == number)).one()
            session.expunge_all()
            return found

    def branch(self, key: str, number: str = NUMBER) -> Branch:
        return next(b for b in self.case(number).branches if b.key == key)

    def dates(self, kind: str) -> dict[str, datetime]:
        """Dates that are still to come, by subject."""
        row = time_row.c
        with self.database.read() as session:
            query = select(row.subject, row.due_at).where(row.kind == kind, row.done_at.is_(None))
            return {subject: due_at for subject, due_at in session.execute(query)}

    def rejected(self) -> list[tuple[str, str, str]]:
        table = orm.rejected_answer.c
        with self.database.read() as session:
            rows = session.execute(select(table.branch_no, table.department, table.reason).order_by(table.id))
            return [tuple(row) for row in rows]  # type: ignore[misc]

    def count(self, table: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def set_branch(self, branch_no: str, **values: Any) -> None:
        """Let time have passed: change when something fell due."""
        table = orm.branch
        with self.database.transaction() as uow:
            uow.session.execute(update(table).where(table.c.branch_no == branch_no).values(**values))

    def set_due(self, kind: str, subject: str, due_at: datetime) -> None:
        with self.database.transaction() as uow:
            uow.schedule(kind, subject, due_at)

    def person(self, account: str = "acc-1", kind: str = "person", **claims: Any) -> FlaskClient:
        return client(self.app, self.mint.token(account, kind=kind, **claims))

    def officer(self, department: str, account: str | None = None) -> FlaskClient:
        token = self.mint.token(
            account or f"officer-{department.lower()}", kind="staff", roles=["officer"], dept=department
        )
        return client(self.app, token)

    def head(self, department: str, account: str | None = None) -> FlaskClient:
        return self.staff("approver", department, account or f"head-{department.lower()}")

    def staff(self, role: str, department: str | None, account: str) -> FlaskClient:
        return client(self.app, self.mint.token(account, kind="staff", roles=[role], dept=department))

    def knows_staff(self, department: str, **roles: str) -> None:
        """Accounts of the department, by the one role each has; underscores stand for hyphens."""
        opened = [
            AccountOpened(account_id=a.replace("_", "-"), kind="staff", department=department, roles=(r,))
            for a, r in roles.items()
        ]
        self.say([self.told(e) for e in opened], replica.keep_staff)

    def system(self, department: str) -> FlaskClient:
        account = f"dept-{department.lower()}"
        token = self.mint.token(account, kind="machine", roles=["department_system"], dept=department)
        return client(self.app, token)


def catalogue(procedures: Iterable[Procedure] = CATALOGUE) -> list[Event]:
    names = [DepartmentPublished(code=c, name=Text(zh=n, en=c)) for c, n in NAMES.items()]
    return [*names, year(), *(published(p) for p in procedures)]


def published(definition: Procedure) -> ProcedurePublished:
    return ProcedurePublished(code=definition.code, version=definition.version, procedure=definition)


def year(number: int = 2026) -> CalendarPublished:
    return CalendarPublished(
        year=number,
        holidays=tuple(YEAR.holidays),
        extra_workdays=tuple(YEAR.extra_workdays),
        provisional=False,
    )


def answer(
    branch_no: str,
    department: str,
    answer: str = "agree",
    *,
    competent: str | None = None,
    **results: str,
) -> AnswerGiven:
    return AnswerGiven(
        branch_no=branch_no,
        department=department,
        answer=answer,  # type: ignore[arg-type]
        competent_department=competent,
        results=results,
    )


def no(number: int, application_no: str = NUMBER) -> str:
    """The number of a case's n-th branch."""
    return f"{application_no}-{number:02d}"


def ask(bureau: Bureau, department: str, branch_no: str, *fields: str) -> None:
    with bureau.database.transaction() as uow:
        requests = [{"field": f, "reason": "请补充"} for f in fields]
        handlers.ask_correction(branch_no, requests, "dept", None, department, uow)


def post(who: FlaskClient, path: str, body: Any = None, status: int = 200, **headers: str) -> dict[str, Any]:
    answered = who.post(f"{BASE}{path}", json=body, headers=headers)
    assert answered.status_code == status, answered.text
    return answered.get_json()  # type: ignore[no-any-return]


def get(who: FlaskClient, path: str, status: int = 200) -> dict[str, Any]:
    answered = who.get(f"{BASE}{path}")
    assert answered.status_code == status, answered.text
    return answered.get_json()  # type: ignore[no-any-return]


def fields_of(problem: dict[str, Any]) -> set[str]:
    return {error["field"] for error in problem["errors"]}
