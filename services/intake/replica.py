"""What intake keeps of the catalogue: every version of every procedure, departments, working days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from chassis.workdays import WorkCalendar
from contracts.catalog import (
    CalendarPublished,
    DepartmentPublished,
    ProcedureClosed,
    ProcedurePublished,
)
from contracts.cloudevents import Envelope
from contracts.procedure import MaterialSpec, Procedure, Text
from services.intake.domain import NoSuchSlot
from services.intake.domain.materials import HANDED_IN
from services.intake.forms import FormCheck
from services.intake.orm import calendar_year, department, procedure_state, procedure_version


class UnknownProcedure(LookupError):
    """No version of it was ever published."""


class NotOpenForFiling(Exception):
    """It is closed: cases on their way end, new ones aren't taken."""


@dataclass(frozen=True)
class Known:
    """A version of a procedure as this process keeps it."""

    procedure: Procedure

    @cached_property
    def check(self) -> FormCheck:
        return FormCheck(self.procedure.form)


_known: MutableMapping[Any, dict[tuple[str, int], Known]] = WeakKeyDictionary()


def open_procedure(code: str, session: Session) -> Known:
    """The version that is filed under now. Raises `UnknownProcedure`, `NotOpenForFiling`."""
    newest, closed = _state(code, session)
    if newest <= closed:
        raise NotOpenForFiling(code)
    return known_procedure(code, newest, session)


def newest_procedure(code: str, session: Session) -> Known:
    """The newest version, open or not. Raises `UnknownProcedure`."""
    return known_procedure(code, _state(code, session)[0], session)


def known_procedure(code: str, version: int, session: Session) -> Known:
    """One version; read once a process, since a version never changes. Raises `UnknownProcedure`."""
    kept = _known.setdefault(session.get_bind(), {})
    found = kept.get((code, version))
    if found is None:
        table = procedure_version.c
        data = session.scalar(select(table.definition).where(table.code == code, table.version == version))
        if data is None:
            raise UnknownProcedure(code)
        found = kept[code, version] = Known(ProcedurePublished.from_data(data).procedure)
    return found


def material_spec(code: str, session: Session) -> MaterialSpec:
    """A material that some procedure open for filing has handed in. Raises `NoSuchSlot`."""
    for known in _open_ones(session):
        for spec in known.procedure.materials:
            if spec.code == code and spec.how in HANDED_IN:
                return spec
    raise NoSuchSlot(code)


def material_title(code: str, session: Session) -> Text:
    """What a kind of material is called; its code when no open procedure has it any more."""
    found = (m.title for k in _open_ones(session) for m in k.procedure.materials if m.code == code)
    return next(found, Text(zh=code, en=code))


def _open_ones(session: Session) -> list[Known]:
    table = procedure_state.c
    rows = session.execute(select(table.code, table.newest).where(table.newest > table.closed))
    return [known_procedure(code, newest, session) for code, newest in rows]


def department_names(session: Session) -> dict[str, Text]:
    """Names by department code."""
    rows = session.execute(select(department.c.code, department.c.name))
    return {code: Text(**name) for code, name in rows}


def calendar(session: Session) -> WorkCalendar:
    """The working calendar as published so far."""
    rows = session.execute(select(calendar_year)).all()
    return WorkCalendar(
        {row.year: (_days(row.holidays), _days(row.extra_workdays), row.provisional) for row in rows}
    )


def acceptance_due(procedure: Procedure, received_at: datetime, session: Session) -> datetime:
    """When the desk has to have answered (Administrative License Law, art. 32: 5 working days)."""
    limit = procedure.acceptance_limit
    return calendar(session).due(received_at, limit.value, limit.unit)


def keep(envelopes: Iterable[Envelope], uow: UnitOfWork) -> bool:
    """Keep what the catalogue says, in any order; returns whether working days may have changed."""
    events = [(e.sequence, e.event) for e in envelopes]
    _keep_versions([e for _, e in events if isinstance(e, ProcedurePublished)], uow)
    _keep_states([e for _, e in events if isinstance(e, ProcedurePublished | ProcedureClosed)], uow)
    _keep_newest(
        department,
        "code",
        [
            {"code": e.code, "name": {"zh": e.name.zh, "en": e.name.en}, "sequence": n}
            for n, e in events
            if isinstance(e, DepartmentPublished)
        ],
        uow,
    )
    years = [
        {
            "year": e.year,
            "holidays": [d.isoformat() for d in e.holidays],
            "extra_workdays": [d.isoformat() for d in e.extra_workdays],
            "provisional": e.provisional,
            "sequence": n,
        }
        for n, e in events
        if isinstance(e, CalendarPublished)
    ]
    _keep_newest(calendar_year, "year", years, uow)
    return bool(years)


def _state(code: str, session: Session) -> tuple[int, int]:
    table = procedure_state.c
    row = session.execute(select(table.newest, table.closed).where(table.code == code)).first()
    if row is None or row.newest == 0:
        raise UnknownProcedure(code)
    return row.newest, row.closed


def _keep_versions(published: list[ProcedurePublished], uow: UnitOfWork) -> None:
    rows = {
        (e.code, e.version): {"code": e.code, "version": e.version, "definition": e.to_data()}
        for e in published
    }
    if rows:
        statement = uow.insert(procedure_version).on_conflict_do_nothing()
        uow.session.execute(statement, [rows[key] for key in sorted(rows)])


def _keep_states(events: list[ProcedurePublished | ProcedureClosed], uow: UnitOfWork) -> None:
    states: dict[str, dict[str, Any]] = {}
    for event in events:
        state = states.setdefault(event.code, {"code": event.code, "newest": 0, "closed": 0})
        name = "closed" if isinstance(event, ProcedureClosed) else "newest"
        state[name] = max(state[name], event.version)
    if not states:
        return
    statement = uow.insert(procedure_state)
    new, old = statement.excluded, procedure_state.c
    statement = statement.on_conflict_do_update(
        index_elements=["code"],
        set_={n: case((new[n] > old[n], new[n]), else_=old[n]) for n in ("newest", "closed")},
    )
    uow.session.execute(statement, [states[code] for code in sorted(states)])


def _keep_newest(table: Any, key: str, rows: list[dict[str, Any]], uow: UnitOfWork) -> None:
    newest: dict[Any, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda r: r["sequence"]):
        newest[row[key]] = row
    if not newest:
        return
    statement = uow.insert(table)
    columns = {c.name: statement.excluded[c.name] for c in table.c if c.name != key}
    statement = statement.on_conflict_do_update(
        index_elements=[key], set_=columns, where=statement.excluded.sequence > table.c.sequence
    )
    uow.session.execute(statement, [newest[k] for k in sorted(newest)])


def _days(values: Iterable[str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(v) for v in values)


def title_of(texts: Mapping[str, Text], code: str) -> Text:
    """A department's name, its code while nobody has told it."""
    return texts.get(code) or Text(zh=code, en=code)
