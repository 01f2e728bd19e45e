"""What approval keeps of the catalogue: every version of a procedure, departments, working days."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from chassis.workdays import WorkCalendar
from contracts.catalog import CalendarPublished, DepartmentPublished, ProcedurePublished
from contracts.cloudevents import Envelope
from contracts.identity import AccountOpened, StaffChanged
from contracts.procedure import Procedure, Text
from services.approval.orm import calendar_year, department, procedure_version, staff

_procedures: MutableMapping[Any, dict[tuple[str, int], Procedure]] = WeakKeyDictionary()
_calendars: MutableMapping[Any, tuple[int, WorkCalendar]] = WeakKeyDictionary()


def procedure(code: str, version: int, session: Session) -> Procedure | None:
    """One version, read once a process, since a version never changes; None while it is unknown."""
    kept = _procedures.setdefault(session.get_bind(), {})
    if (found := kept.get((code, version))) is None:
        table = procedure_version.c
        data = session.scalar(select(table.definition).where(table.code == code, table.version == version))
        if data is None:
            return None
        found = kept[code, version] = ProcedurePublished.from_data(data).procedure
    return found


def calendar(session: Session) -> WorkCalendar:
    """The working calendar as published so far; built anew when a newer one has come."""
    table = calendar_year
    newest = session.scalar(select(func.coalesce(func.sum(table.c.sequence), 0))) or 0
    kept = _calendars.get(session.get_bind())
    if kept is None or kept[0] != newest:
        rows = session.execute(select(table)).all()
        years = {r.year: (_days(r.holidays), _days(r.extra_workdays), r.provisional) for r in rows}
        kept = _calendars[session.get_bind()] = newest, WorkCalendar(years)
    return kept[1]


def department_names(session: Session) -> dict[str, Text]:
    """Names by department code."""
    return {
        code: Text(**name) for code, name in session.execute(select(department.c.code, department.c.name))
    }


def staff_of(name: str, session: Session, role: str | None = None) -> frozenset[str]:
    """Accounts of the staff of a department, those with ``role`` if named; nobody who is suspended."""
    table = staff.c
    rows = session.execute(select(table.account_id, table.roles).where(table.department == name))
    return frozenset(account for account, roles in rows if roles and role in (None, *roles))


def keep_staff(envelopes: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Keep who works where, as identity says."""
    rows: dict[str, dict[str, Any]] = {}
    for envelope in sorted(envelopes, key=lambda e: e.sequence):
        event = envelope.event
        if isinstance(event, AccountOpened):
            roles = event.roles if event.kind == "staff" else None
        elif isinstance(event, StaffChanged):
            roles = () if event.is_suspended else event.roles
        else:
            continue
        if roles is not None and event.department:
            rows[event.account_id] = {
                "account_id": event.account_id,
                "department": event.department,
                "roles": list(roles),
                "sequence": envelope.sequence,
            }
    keep_newest(staff, "account_id", [rows[key] for key in sorted(rows)], uow)


def keep(envelopes: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Keep what the catalogue says, in any order."""
    versions: dict[tuple[str, int], dict[str, Any]] = {}
    departments: dict[str, dict[str, Any]] = {}
    years: dict[int, dict[str, Any]] = {}
    for envelope in sorted(envelopes, key=lambda e: e.sequence):
        event = envelope.event
        if isinstance(event, ProcedurePublished):
            definition = event.to_data()
            versions[event.code, event.version] = {
                "code": event.code,
                "version": event.version,
                "definition": definition,
            }
        elif isinstance(event, DepartmentPublished):
            name = {"zh": event.name.zh, "en": event.name.en}
            departments[event.code] = {"code": event.code, "name": name, "sequence": envelope.sequence}
        elif isinstance(event, CalendarPublished):
            years[event.year] = {
                "year": event.year,
                "holidays": [d.isoformat() for d in event.holidays],
                "extra_workdays": [d.isoformat() for d in event.extra_workdays],
                "provisional": event.provisional,
                "sequence": envelope.sequence,
            }
    if versions:
        rows = [versions[key] for key in sorted(versions)]
        uow.session.execute(uow.insert(procedure_version).on_conflict_do_nothing(), rows)
    keep_newest(department, "code", [departments[key] for key in sorted(departments)], uow)
    keep_newest(calendar_year, "year", [years[key] for key in sorted(years)], uow)


def keep_newest(table: Any, key: str, rows: list[dict[str, Any]], uow: UnitOfWork) -> None:
    """Rows with a ``sequence``, sorted by ``key``: an older word changes nothing."""
    if rows:
        statement = uow.insert(table)
        newer = statement.excluded
        columns = {c.name: newer[c.name] for c in table.c if c.name != key}
        statement = statement.on_conflict_do_update(
            index_elements=[key], set_=columns, where=newer.sequence > table.c.sequence
        )
        uow.session.execute(statement, rows)


def _days(values: Iterable[str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(value) for value in values)
