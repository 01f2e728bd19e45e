"""The read side: inboxes of departments, a case as its applicant and the departments may see it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, selectinload

from chassis.types import UtcDateTime
from chassis.workdays import WorkCalendar
from contracts.procedure import Text
from services.approval import replica
from services.approval.domain import Branch, Case, UnknownBranch, application_of
from services.approval.orm import branch as branch_table
from services.approval.orm import case as case_table
from services.approval.orm import correction_request, opinion, pause_reason
from services.approval.words import due_explained

PAGE = 50
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
YELLOW_FROM = 0.8
AT_WORK = ("open", "claimed", "suspended")
Light = Literal["green", "yellow", "red", "black"]
View = dict[str, Any]


class BadCursor(ValueError):
    """A cursor that none of our pages gave out."""


def light(branch: Branch, calendar: WorkCalendar, now: datetime) -> Light:
    """Green; yellow from 80 % of the promise used or one working day left; red past the promise; black
    past the limit by law."""
    if branch.is_finished or branch.promised_due is None or branch.opened_at is None:
        return "green"
    if branch.statutory_due is not None and now > branch.statutory_due:
        return "black"
    if now > branch.promised_due:
        return "red"
    whole = calendar.working_time_between(branch.opened_at, branch.promised_due)
    used = calendar.working_time_between(branch.opened_at, now)
    left = calendar.working_time_between(now, branch.promised_due)
    short = whole > timedelta(hours=8) and left <= timedelta(hours=8)
    return "yellow" if short or (whole and used / whole >= YELLOW_FROM) else "green"


def inbox(
    department: str | None, status: str | None, cursor: str | None, session: Session, now: datetime
) -> View:
    """A department's branches, what is due first on top; all that are at work when no status is named."""
    due = func.coalesce(branch_table.c.promised_due, NEVER, type_=UtcDateTime)
    number = branch_table.c.branch_no
    query = select(Branch).where(branch_table.c.department == department)
    wanted = (status,) if status else AT_WORK
    query = query.where(branch_table.c.status.in_(wanted)).options(selectinload(Branch.pauses))  # type: ignore[arg-type]
    if cursor is not None:
        after, last = _read_cursor(cursor)
        query = query.where(tuple_(due, number) > tuple_(after, last))
    found = list(session.scalars(query.order_by(due, number).limit(PAGE + 1)))
    page = found[:PAGE]
    cases = _cases({b.application_no for b in page}, session)
    calendar, names = replica.calendar(session), replica.department_names(session)
    items = [_branch_view(b, cases[b.application_no], calendar, names, session, now) for b in page]
    following = _cursor(page[-1]) if len(found) > PAGE else None
    return {"items": items, "next": following}


def branch_for(branch_no: str, department: str | None, session: Session, now: datetime) -> View:
    """One branch, for a department that takes part in its case. Raises `UnknownBranch`."""
    case = _case_of_department(application_of(branch_no), department, session)
    found = case.branch(branch_no)
    calendar, names = replica.calendar(session), replica.department_names(session)
    view = _branch_view(found, case, calendar, names, session, now)
    texts = _texts([found], session)
    own = found.department == department
    view |= _words(found, texts, internal=own)
    view["pauses"] = _told(view["pauses"], found, session)
    view["corrections"] = _requests([branch_no], session)
    return view


def case_for(number: str, account: str, department: str | None, session: Session, now: datetime) -> View:
    """A case with the public opinions, for its applicant and the departments that take part."""
    found = _cases({number}, session).get(number)
    if found is None:
        raise UnknownBranch(number)
    if found.applicant != account and department not in {b.department for b in found.branches}:
        raise UnknownBranch(number)
    calendar, names = replica.calendar(session), replica.department_names(session)
    texts = _texts(found.branches, session)
    return {
        "application_no": found.application_no,
        "procedure": found.procedure_code,
        "version": found.version,
        "opened_at": found.opened_at,
        "decided_at": found.decided_at,
        "outcome": found.outcome,
        "closed_at": found.closed_at,
        "terminated_at": found.terminated_at,
        "branches": [
            _branch_view(b, found, calendar, names, session, now) | _words(b, texts, internal=False)
            for b in found.branches
        ],
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
    """The last answer's words. The internal note is for the department itself."""
    rows = texts.get(found.branch_no, [])
    words = rows[-1].words if rows else {}
    view = {"opinion": words.get("opinion"), "conditions": words.get("conditions")}
    if internal:
        view["note"] = words.get("note")
    return view


def _told(pauses: list[View], found: Branch, session: Session) -> list[View]:
    """The pauses with the reasons told to the applicant."""
    table = pause_reason.c
    rows = session.execute(select(table.number, table.reason).where(table.branch_no == found.branch_no))
    reasons = {number: reason for number, reason in rows}
    return [p | {"reason": reasons.get(n)} for n, p in enumerate(pauses, start=1)]


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
    due = (last.promised_due or NEVER).isoformat()
    return urlsafe_b64encode(f"{due}|{last.branch_no}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        due, _, number = urlsafe_b64decode(cursor.encode()).decode().partition("|")
        return datetime.fromisoformat(due), number
    except ValueError:
        raise BadCursor(cursor) from None
