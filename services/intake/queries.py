"""The read side: an application as its applicant, the desk, the departments and the public may see it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import Session

from chassis.types import UtcDateTime
from contracts.procedure import BranchSpec, Text
from services.intake import replica, words
from services.intake.domain import (
    BEING_HANDLED,
    FINISHED,
    Application,
    Branch,
    UnknownApplication,
    prerequisites_of,
)
from services.intake.orm import acceptance_act, application, correction
from services.intake.slot_views import slots_of

PAGE = 20
READABLE = (*BEING_HANDLED, *FINISHED)
View = dict[str, Any]


class BadCursor(ValueError):
    """A cursor that none of our pages gave out."""


class DossierClosed(Exception):
    """The department's turn has not come yet, or has gone. ``state`` is the branch's status."""

    def __init__(self, state: str):
        super().__init__(state)
        self.state = state


def application_for(number: str, account: str, department: str | None, session: Session) -> Application:
    """An application its applicant or a department that takes part asks for; `UnknownApplication`."""
    found = session.get(Application, number)
    if found is None or not (found.applicant == account or department in found.departments):
        raise UnknownApplication(number)
    return found


def overseen(number: str, department: str | None, session: Session) -> View:
    """A case for those who oversee: no word of what was filled in or said. ``department`` is the one that
    has to take part, None for any. Raises `UnknownApplication`."""
    found = session.get(Application, number)
    if found is None or (department is not None and department not in found.departments):
        raise UnknownApplication(number)
    return view(found, session)


def own_application(number: str, account: str, session: Session) -> Application:
    found = session.get(Application, number)
    if found is None or found.applicant != account:
        raise UnknownApplication(number)
    return found


def by_number(number: str, session: Session) -> Application | None:
    return session.get(Application, number)


def form_for(number: str, account: str, department: str | None, session: Session) -> Application:
    """For the applicant, and for the desk of the leading department."""
    found = session.get(Application, number)
    if found is None or not (found.applicant == account or found.lead_department == department):
        raise UnknownApplication(number)
    return found


def mine(account: str, cursor: str | None, session: Session, items: Collection[str] | None = None) -> View:
    """An applicant's applications, newest first; only of these items when any are named."""
    order = (application.c.submitted_at, application.c.application_no)
    page = select(Application).where(application.c.applicant == account)
    if items is not None:
        page = page.where(application.c.procedure.in_(sorted(items)))
    if cursor:
        page = page.where(tuple_(*order) < _read_cursor(cursor))
    page = page.order_by(*(c.desc() for c in order))
    return _page(page, lambda a: a.submitted_at, session)


def at_desk(department: str | None, cursor: str | None, session: Session) -> View:
    """What a department's desk has to answer, the most urgent first."""
    order = (application.c.acceptance_due, application.c.application_no)
    page = select(Application).where(
        application.c.status == "awaiting_acceptance", application.c.lead_department == department
    )
    if cursor:
        page = page.where(tuple_(*order) > _read_cursor(cursor))
    return _page(page.order_by(*order), lambda a: a.acceptance_due, session)


def view(found: Application, session: Session) -> View:
    """The whole of it, as people who take part see it."""
    return views([found], session)[0]


def views(found: Sequence[Application], session: Session) -> list[View]:
    names = replica.department_names(session)
    acts = _last_acts([a for a in found if a.status in ("returned", "not_accepted")], session)
    return [_View(a, names, acts.get(a.application_no), session).whole() for a in found]


def readable_materials(found: Application, department: str | None, session: Session) -> set[str]:
    """The materials that the department's branches declare, while it may read them."""
    procedure = replica.known_procedure(found.procedure, found.version, session).procedure
    specs = _specs(procedure.branches)
    return {
        code
        for branch in found.case.branches.values()
        if branch.state.department == department and branch.state.status in READABLE
        for code in specs[branch.state.key].materials
    }


def dossiers(branch_nos: Iterable[str], department: str | None, session: Session) -> list[View]:
    """Those of these branches that the department may read now."""
    found = []
    for number in branch_nos:
        try:
            found.append(dossier(number, department, session))
        except (UnknownApplication, DossierClosed):
            continue
    return found


def dossier(branch_no: str, department: str | None, session: Session) -> View:
    """What one branch may read: fields its item declares, and results of branches that came before.

    Raises `UnknownApplication` for a foreign branch, `DossierClosed` when it isn't the department's turn.
    """
    found = session.get(Application, branch_no.rpartition("-")[0])
    if found is None:
        raise UnknownApplication(branch_no)
    procedure = replica.known_procedure(found.procedure, found.version, session).procedure
    branch = found.case.branches.get(branch_no)
    if branch is None:
        awaited = {b.department for b in procedure.branches if b.key in found.called}
        if found.accepted_at and found.case.opened_at is None and department in awaited:
            raise DossierClosed("waiting")
        raise UnknownApplication(branch_no)
    state = branch.state
    if state.department != department:
        raise UnknownApplication(branch_no)
    if state.status not in READABLE:
        raise DossierClosed(state.status)
    spec = _specs(procedure.branches)[state.key]
    last = _last_correction(branch_no, session)
    return {
        "branch_no": branch_no,
        "application_no": found.application_no,
        "filed_by": found.filed_by,
        "fields": {name: found.form[name] for name in spec.fields if name in found.form},
        "results": _results(found, prerequisites_of(procedure, state.key)),
        "materials": slots_of(found, session, only=spec.materials),
        "changed": last.changed if last else [],
        "note": last.note if last else None,
    }


def licence_contents(branch_no: str, names: Iterable[str], session: Session) -> View:
    """Answers that stand on the licence a branch has issued: of those asked for, what that branch's
    department was given. Raises `UnknownApplication` where there is no such licence."""
    found = session.get(Application, branch_no.rpartition("-")[0])
    issued = found is not None and any(x.branch_no == branch_no for x in found.case.licences.values())
    if found is None or not issued:
        raise UnknownApplication(branch_no)
    procedure = replica.known_procedure(found.procedure, found.version, session).procedure
    spec = _specs(procedure.branches)[found.case.branches[branch_no].state.key]
    return {
        "branch_no": branch_no,
        "fields": {n: found.form[n] for n in names if n in spec.fields and n in found.form},
    }


def _results(found: Application, keys: set[str]) -> dict[str, str]:
    return {
        code: value
        for branch_no, results in sorted(found.case.results.items())
        if found.case.branches[branch_no].state.key in keys
        for code, value in results.codes.items()
    }


def _last_correction(branch_no: str, session: Session) -> Any:
    return session.execute(
        select(correction.c.changed, correction.c.note)
        .where(correction.c.branch_no == branch_no)
        .order_by(correction.c.request.desc())
        .limit(1)
    ).first()


def _last_acts(found: Sequence[Application], session: Session) -> dict[str, Any]:
    if not found:
        return {}
    rows = session.execute(
        select(acceptance_act)
        .where(acceptance_act.c.application_no.in_([a.application_no for a in found]))
        .order_by(acceptance_act.c.number)
    )
    return {row.application_no: row for row in rows}


def _page(query: Any, place: Any, session: Session) -> View:
    rows = session.scalars(query.limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    last = shown[-1] if len(rows) > PAGE else None
    return {
        "items": views(shown, session),
        "next": _cursor(place(last), last.application_no) if last else None,
    }


def _cursor(at: datetime, number: str) -> str:
    return urlsafe_b64encode(f"{at.isoformat()}~{number}".encode()).decode()


def _read_cursor(cursor: str) -> Any:
    try:
        at, _, number = urlsafe_b64decode(cursor.encode()).decode().partition("~")
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        raise BadCursor(cursor) from None
    return tuple_(literal(moment, UtcDateTime), literal(number))


def _specs(branches: Iterable[BranchSpec]) -> dict[str, BranchSpec]:
    return {b.key: b for b in branches}


class _View:
    """One application, about to be shown."""

    def __init__(self, found: Application, names: Mapping[str, Text], act: Any, session: Session):
        self._found = found
        self._names = names
        self._act = act
        self._procedure = replica.known_procedure(found.procedure, found.version, session).procedure
        self._specs = _specs(self._procedure.branches)
        keys = list(self._specs)
        self._branches = sorted(found.case.branches.values(), key=lambda b: keys.index(b.state.key))

    def whole(self) -> View:
        found, case = self._found, self._found.case
        return {
            "application_no": found.application_no,
            "procedure": found.procedure,
            "version": found.version,
            "title": self._procedure.title,
            "kind": self._procedure.kind,
            "lead_department": found.lead_department,
            "filed_by": found.filed_by,
            "status": found.status,
            "outcome": found.outcome,
            "stage": self._stage(),
            "answered": sum(b.state.required and b.state.status in FINISHED for b in self._branches),
            "required": self._required(),
            "next": self._next(),
            "submitted_at": found.submitted_at,
            "acceptance_due": found.acceptance_due,
            "accepted_at": found.accepted_at,
            "accepted_by": found.accepted_by,
            "decided_at": case.decided_at,
            "closed_at": case.closed_at,
            "withdrawal_requested_at": found.withdrawal_requested_at,
            "withdrawal": self._withdrawal(),
            "changed_at": found.changed_at,
            "branches": [self._branch(b) for b in self._branches],
            "timeline": self._timeline(),
            "licences": sorted(case.licences.values(), key=lambda x: (x.branch_no, x.licence_no)),
            "returned": self._returned(),
            "not_accepted": self._not_accepted(),
        }

    def _required(self) -> int:
        if self._branches:
            return sum(b.state.required for b in self._branches)
        return sum(self._specs[key].required for key in self._found.called)

    def _stage(self) -> Text:
        found = self._found
        if found.status == "withdrawn":
            return words.REVIEW if found.accepted_at else words.FILING
        if found.status == "decided" and found.case.licences:
            return words.LICENCE
        if found.status == "closed" and not found.case.licences:
            return words.DECISION
        return words.STAGE_OF_STATUS[found.status]

    def _next(self) -> View | None:
        """下一步 · 谁 · 何时; None when nothing is left to do for anybody."""
        found = self._found
        if found.status == "awaiting_acceptance":
            return _step(words.ANSWER_FILING, self._name(found.lead_department), found.acceptance_due)
        if found.status == "returned":
            return _step(words.PUT_RIGHT, words.YOU)
        if found.status == "accepted":
            called = [self._name(self._specs[key].department) for key in found.called]
            what = words.STOP_WORK if found.withdrawal == "pending" else words.SEND_OUT
            return _step(what, words.names(called))
        if found.status in ("in_approval", "decided"):
            return self._next_in_approval()
        return None

    def _next_in_approval(self) -> View:
        found = self._found
        active = [b.state for b in self._branches if b.state.status in BEING_HANDLED]
        who = words.names(self._name(b.department) for b in active)
        if found.withdrawal == "pending":
            return _step(words.STOP_WORK, who)
        asking = [self._title(b.key) for b in active if found.open_request(b.branch_no)]
        if asking:
            return _step(words.correct(asking), words.YOU)
        waiting = [b.state for b in self._branches if b.state.status == "waiting"]
        if not active and waiting:
            return _step(words.SEND_OUT, words.names(self._name(b.department) for b in waiting))
        if not active:
            return _step(words.HAND_OVER, self._name(found.lead_department))
        dues = [b.promised_due for b in active if b.promised_due]
        return _step(words.review(self._title(b.key) for b in active), who, max(dues, default=None))

    def _branch(self, branch: Branch) -> View:
        state = branch.state
        spec = self._specs[state.key]
        return {
            "branch_no": state.branch_no,
            "key": state.key,
            "item": state.item,
            "title": spec.title,
            "department": state.department,
            "department_name": self._name(state.department),
            "kind": state.kind,
            "required": state.required,
            "status": state.status,
            "answer": state.answer,
            "handler": state.handler,
            "opened_at": state.opened_at,
            "answered_at": state.answered_at,
            "promised_due": state.promised_due,
            "statutory_due": state.statutory_due,
            "overdue": state.overdue,
            "depends_on": [key for key in spec.depends_on if key in self._found.called],
            "correction_request": self._found.open_request(state.branch_no),
        }

    def _timeline(self) -> list[View]:
        own = [(e.at, 0, n, e) for n, e in enumerate(self._found.history)]
        theirs = [(e.at, 1, n, e) for n, e in self._found.case.timeline.items()]
        lines = []
        for at, _, _, entry in sorted(own + theirs, key=lambda line: line[:3]):
            stage, text = words.HAPPENED[entry.event]
            lines.append(
                {"at": at, "event": entry.event, "stage": stage, "text": text, "branch_no": entry.branch_no}
            )
        return lines

    def _withdrawal(self) -> View | None:
        state = self._found.withdrawal
        return None if state is None else {"state": state, "text": words.WITHDRAWAL[state]}

    def _returned(self) -> View | None:
        if self._found.status != "returned":
            return None
        return {"round": self._found.round, "reasons": self._act.words}

    def _not_accepted(self) -> View | None:
        if self._found.status != "not_accepted":
            return None
        competent = self._act.competent_department
        return {
            "ground": self._act.ground,
            "competent_department": competent,
            "competent_department_name": self._name(competent) if competent else None,
            "reason": self._act.words,
        }

    def _name(self, department: str) -> Text:
        return replica.title_of(self._names, department)

    def _title(self, key: str) -> Text:
        return self._specs[key].title


def _step(what: Text, who: Text, due: datetime | None = None) -> View:
    return {"what": what, "who": who, "due": due}
