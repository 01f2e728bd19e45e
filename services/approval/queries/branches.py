"""The read side: inboxes of departments, a case as its applicant and the departments may see it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from chassis.types import UtcDateTime
from chassis.workdays import WorkCalendar
from contracts.procedure import Text
from services.approval import replica
from services.approval.domain import Branch, Case, UnknownBranch, application_of, light
from services.approval.orm import branch as branch_table
from services.approval.orm import case as case_table
from services.approval.orm import correction_request, extension, opinion, pause_reason
from services.approval.words import due_explained

PAGE = 50
IN_HAND = ("open", "claimed", "suspended")
TASK = "task"
"""Asked for like a status: records that failed."""
View = dict[str, Any]


class BadCursor(ValueError):
    """A cursor that none of our pages gave out."""


def inbox(
    department: str | None, status: str | None, cursor: str | None, session: Session, now: datetime
) -> View:
    """A department's branches, what is due by law first on top; without a ``status`` all that are at work."""
    failed = status == TASK
    statuses = ("answered",) if failed else (status,) if status else IN_HAND
    numbers = list(session.scalars(inbox_query(department, statuses, cursor, failed=failed)))
    page = _branches(numbers[:PAGE], session)
    items = list(views_of(page, session, now).values())
    return {"items": items, "next": _cursor(page[-1]) if len(numbers) > PAGE else None}


def inbox_query(
    department: str | None, statuses: Sequence[str], cursor: str | None, *, failed: bool = False
) -> Select[str]:
    """Numbers of a page and one more: each status is read in order off the index, however many there are."""
    table = branch_table.c
    after = tuple_(*_read_cursor(cursor)) if cursor is not None else None
    parts = []
    for status in statuses:
        part = select(table.branch_no, table.due_by_law).where(
            table.department == department, table.status == status, table.due_by_law.is_not(None)
        )
        if failed:
            part = part.where(table.answer == "unable")
        if after is not None:
            part = part.where(tuple_(table.due_by_law, table.branch_no) > after)
        part = part.order_by(table.due_by_law, table.branch_no).limit(PAGE + 1)
        parts.append(select(part.subquery()))
    rows = union_all(*parts).subquery().c
    return select(rows.branch_no).order_by(rows.due_by_law, rows.branch_no).limit(PAGE + 1)


def views_of(branches: Sequence[Branch], session: Session, now: datetime) -> dict[str, View]:
    """What their department sees of branches, by number, in the same order."""
    cases = _cases({b.application_no for b in branches}, session)
    calendar, names = replica.calendar(session), replica.department_names(session)
    return {
        b.branch_no: _branch_view(b, cases[b.application_no], calendar, names, session, now)
        | _inside(b, cases[b.application_no])
        for b in branches
    }


def _inside(found: Branch, case: Case) -> View:
    """What is the department's own business until it has been decided."""
    spec = case.spec(found)
    may_extend = spec.extension is not None and found.statutory_due is not None and not found.extended
    return {
        "applicant": case.applicant,
        "extension_asked": found.extension_asked,
        "awaiting_signature": found.proposed is not None,
        "proposed": found.proposed,
        "second_signature": spec.second_signature,
        "may_extend": int(spec.extension.value) if may_extend and spec.extension is not None else 0,
        "extension_unit": spec.extension.unit if spec.extension is not None else None,
    }


def _branches(numbers: Sequence[str], session: Session) -> list[Branch]:
    rows = session.scalars(select(Branch).where(branch_table.c.branch_no.in_(numbers)))
    found = {row.branch_no: row for row in rows}
    return [found[number] for number in numbers]


def branch_for(branch_no: str, department: str | None, session: Session, now: datetime) -> View:
    """One branch, for a department that takes part in its case. Raises `UnknownBranch`."""
    case = _case_of_department(application_of(branch_no), department, session)
    found = case.branch(branch_no)
    calendar, names = replica.calendar(session), replica.department_names(session)
    view = _branch_view(found, case, calendar, names, session, now)
    texts = _texts([found], session)
    own = found.department == department
    view |= _words(found, texts, internal=own)
    if own:
        view |= _inside(found, case)
    _tell_reasons([view], session)
    _tell_extensions([view], session, internal=own)
    view["corrections"] = _requests([branch_no], session)
    return view


def procedure_of(number: str, session: Session) -> str | None:
    """Which item or package the case is of; None for one that isn't here."""
    found = _cases({number}, session).get(number)
    return found.procedure_code if found else None


def case_for(number: str, account: str, department: str | None, session: Session, now: datetime) -> View:
    """A case with the public opinions, for its applicant and the departments that take part."""
    found = _cases({number}, session).get(number)
    if found is None:
        raise UnknownBranch(number)
    if found.applicant != account and department not in {b.department for b in found.branches}:
        raise UnknownBranch(number)
    calendar, names = replica.calendar(session), replica.department_names(session)
    texts = _texts(found.branches, session)
    branches = [
        _branch_view(b, found, calendar, names, session, now) | _words(b, texts, internal=False)
        for b in found.branches
    ]
    _tell_reasons(branches, session)
    _tell_extensions(branches, session, internal=False)
    return {
        "application_no": found.application_no,
        "procedure": found.procedure_code,
        "version": found.version,
        "opened_at": found.opened_at,
        "decided_at": found.decided_at,
        "outcome": found.outcome,
        "closed_at": found.closed_at,
        "terminated_at": found.terminated_at,
        "branches": branches,
    }


def corrections_for(number: str, account: str, session: Session) -> View:
    """What the applicant still has to put right, all departments together."""
    found = _cases({number}, session).get(number)
    if found is None or found.applicant != account:
        raise UnknownBranch(number)
    waiting = [b.branch_no for b in found.branches if b.status == "suspended" and b.corrections > b.corrected]
    return {"items": [r for r in _requests(waiting, session) if r["answered_at"] is None], "next": None}


def _case_of_department(number: str, department: str | None, session: Session) -> Case:
    found = _cases({number}, session).get(number)
    if found is None or department not in {b.department for b in found.branches}:
        raise UnknownBranch(number)
    return found


def _cases(numbers: set[str], session: Session) -> dict[str, Case]:
    rows = session.scalars(select(Case).where(case_table.c.application_no.in_(sorted(numbers))))
    found = {row.application_no: row for row in rows}
    for row in found.values():
        procedure = replica.procedure(row.procedure_code, row.version, session)
        assert procedure is not None, "a case is only opened with its procedure known"
        row.attach(procedure)
    return found


def _branch_view(
    found: Branch,
    case: Case,
    calendar: WorkCalendar,
    names: Mapping[str, Text],
    session: Session,
    now: datetime,
) -> View:
    spec = case.spec(found)
    code = found.department
    return {
        "branch_no": found.branch_no,
        "application_no": found.application_no,
        "procedure": case.procedure_code,
        "version": case.version,
        "procedure_title": _text(_procedure_title(case, session)),
        "key": found.key,
        "title": _text(spec.title),
        "item": found.item,
        "kind": found.kind,
        "department": code,
        "department_name": _text(names.get(code) or Text(zh=code, en=code)),
        "status": found.status,
        "handler": found.handler,
        "answer": found.answer,
        "deemed": found.deemed,
        "results": found.results,
        "produces": list(spec.produces),
        "opened_at": found.opened_at,
        "answered_at": found.answered_at,
        "promised_due": found.promised_due,
        "statutory_due": found.statutory_due,
        "due_explained": due_explained(found, spec, calendar),
        "overdue": found.overdue,
        "extended": found.extended,
        "task": found.is_task,
        "light": light(found, calendar, now),
        "correction_request": found.state.correction_request,
        "depends_on": list(spec.depends_on),
        "answered": case.answered,
        "required": sum(b.required for b in case.branches),
        "pauses": [
            {"kind": p.kind, "ground": p.ground, "stops": p.stops, "from": p.started_at, "to": p.ended_at}
            for p in found.pauses
        ],
    }


def _procedure_title(case: Case, session: Session) -> Text:
    procedure = replica.procedure(case.procedure_code, case.version, session)
    assert procedure is not None
    return procedure.title


def _texts(branches: Sequence[Branch], session: Session) -> dict[str, list[Any]]:
    table = opinion
    rows = session.execute(
        select(table).where(table.c.branch_no.in_([b.branch_no for b in branches])).order_by(table.c.id)
    )
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.branch_no, []).append(row)
    return found


def _words(found: Branch, texts: Mapping[str, list[Any]], *, internal: bool) -> View:
    """The words of the answer that counts. Those of one that waits for a signature, and the internal
    note, are for the department itself."""
    rows = texts.get(found.branch_no, [])
    last = rows[-1] if rows else None
    counts = last is not None and not found.deemed and last.answer == found.answer
    public = last.words if last is not None and (counts or internal) else {}
    view = {"opinion": public.get("opinion"), "conditions": public.get("conditions")}
    if internal:
        view["note"] = public.get("note")
        view["ended"] = public.get("ended", [])
    return view


def _tell_reasons(views: Sequence[View], session: Session) -> None:
    """Add what the applicant was told of each pause (art. 45)."""
    paused = [view["branch_no"] for view in views if view["pauses"]]
    if not paused:
        return
    table = pause_reason.c
    query = select(table.branch_no, table.number, table.reason, table.expected_end).where(
        table.branch_no.in_(paused)
    )
    reasons = {(row.branch_no, row.number): row for row in session.execute(query)}
    for view in views:
        for number, pause in enumerate(view["pauses"], start=1):
            told = reasons.get((view["branch_no"], number))
            pause["reason"] = told.reason if told else None
            pause["expected_end"] = told.expected_end if told else None


def _tell_extensions(views: Sequence[View], session: Session, *, internal: bool) -> None:
    """Add what was asked of the head; the applicant is told of what was approved."""
    table = extension.c
    query = select(extension).where(table.branch_no.in_([v["branch_no"] for v in views]))
    if not internal:
        query = query.where(table.approved.is_(True))
    found: dict[str, list[View]] = {}
    for row in session.execute(query.order_by(table.branch_no, table.number)):
        told = {name: getattr(row, name) for name in ("days", "reason", "approved", "asked_at", "decided_at")}
        if internal:
            told |= {"asked_by": row.asked_by, "decision_reason": row.decision_reason}
        found.setdefault(row.branch_no, []).append(told)
    for view in views:
        view["extensions"] = found.get(view["branch_no"], [])


def _requests(branch_nos: Iterable[str], session: Session) -> list[View]:
    table = correction_request
    rows = session.execute(
        select(table)
        .where(table.c.branch_no.in_(list(branch_nos)))
        .order_by(table.c.branch_no, table.c.request)
    )
    return [
        {
            "branch_no": row.branch_no,
            "request": row.request,
            "requests": row.reasons,
            "asked_at": row.asked_at,
            "answered_at": row.answered_at,
        }
        for row in rows
    ]


def _text(value: Text) -> dict[str, str]:
    return {"zh": value.zh, "en": value.en}


def _cursor(last: Branch) -> str:
    assert last.due_by_law is not None
    return urlsafe_b64encode(f"{last.due_by_law.isoformat()}|{last.branch_no}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[Any, Any]:
    try:
        due, _, number = urlsafe_b64decode(cursor.encode()).decode().partition("|")
        moment = datetime.fromisoformat(due)
    except ValueError:
        raise BadCursor(cursor) from None
    if moment.tzinfo is None or "\0" in number:
        raise BadCursor(cursor)
    return literal(moment, UtcDateTime()), literal(number)
