"""What is done with applications: by the applicant, by the desk, by time, and by what approval says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import func, insert, select

from chassis import metrics
from chassis.uow import NotYet, UnitOfWork
from contracts import Event
from contracts.cloudevents import Envelope
from contracts.intake import ApplicationStatusChanged
from contracts.procedure import BranchSpec
from services.intake import replica
from services.intake.domain import Application, UnknownApplication, called_for, missing
from services.intake.domain.application import Channel, Ground
from services.intake.forms import FieldError, InvalidForm
from services.intake.handlers import materials
from services.intake.orm import acceptance_act, agent_act, application, correction, row_of, save_followed
from services.intake.serials import next_application_no

SILENCE = "intake.acceptance_silence"


class WrongAudience(Exception):
    """The item isn't for this kind of account."""


class NothingCalledFor(Exception):
    """The answers given leave no department anything to do."""


def submit(
    code: str,
    form: dict[str, Any],
    channel: Channel,
    applicant: str,
    kind: str,
    uow: UnitOfWork,
    filled: Collection[str] = (),
    filed_by: str | None = None,
    withheld: Collection[str] = (),
    ended: Iterable[FieldError] = (),
) -> Application:
    """File a form under the procedure's newest version, and accept it at once where rules decide that.

    ``filled`` are the slots with a file in them, ``filed_by`` is the agent who files for a firm, ``withheld``
    are the materials whose certificates the applicant doesn't want to be used: they are asked for,
    ``ended`` says which of those agreed to can't be used any more. Raises
    `replica.UnknownProcedure`, `replica.NotOpenForFiling`, `WrongAudience`, `InvalidForm`,
    `NothingCalledFor`.
    """
    known = replica.open_procedure(code, uow.session)
    procedure = known.procedure
    if kind not in procedure.audience:
        raise WrongAudience(code)
    called = check_form(known, form, filled, ended, withheld)
    due = None
    if procedure.acceptance == "desk":
        due = replica.acceptance_due(procedure, uow.now, uow.session)
    filed, events = Application.submit(
        application_no=next_application_no(procedure.lead_department, uow),
        procedure=procedure,
        form=form,
        called=called,
        applicant=applicant,
        channel=channel,
        now=uow.now,
        due=due,
        filed_by=filed_by,
    )
    uow.session.execute(insert(application), row_of(filed))
    if due is not None:
        uow.schedule(SILENCE, filed.application_no, due)
    _say(filed, events, None, uow)
    return filed


def resubmit(number: str, form: dict[str, Any], applicant: str, uow: UnitOfWork) -> Application:
    """Take the whole form again after it was returned, with what was uploaded since then.

    Raises `IllegalMove`, `InvalidForm`.
    """
    found = _own(number, applicant, uow)
    known = replica.known_procedure(found.procedure, found.version, uow.session)
    again = _asked_again(found, known, uow) if found.status == "returned" else []
    called = check_form(known, form, materials.filled(number, uow), again)
    due = replica.acceptance_due(known.procedure, uow.now, uow.session)
    _move(found, uow, lambda: found.resubmit(form, called, uow.now, due))
    needed = {code for b in known.procedure.branches if b.key in called for code in b.materials}
    materials.hand_in(number, needed, uow.now, uow)
    uow.schedule(SILENCE, number, due)
    return found


def withdraw(number: str, applicant: str, uow: UnitOfWork) -> Application:
    """Raises `IllegalMove` once it is decided or over."""
    found = _own(number, applicant, uow)
    _move(found, uow, lambda: found.withdraw(uow.now))
    return found


def correct(
    number: str, branch_no: str, changes: Mapping[str, Any], note: str, applicant: str, uow: UnitOfWork
) -> Application:
    """Supply what a branch asked for, uploads included. Only fields and materials that branch reads, and
    no field that would call for other branches. Raises `IllegalMove`, `InvalidForm`."""
    found = _own(number, applicant, uow)
    request = found.request_to_answer(branch_no)
    form = {**found.form, **changes}
    _check_changes(found, branch_no, form, changes, uow)
    before = select(func.max(correction.c.at)).where(correction.c.branch_no == branch_no)
    since = max(found.received_at, uow.session.scalar(before) or found.received_at)
    fresh = materials.hand_in(number, _spec_of(found, branch_no, uow).materials, since, uow)
    if not changes and not note and not fresh:
        raise InvalidForm(
            [_error("changes", "请填写补正的内容或说明", "Say what you put right, or write a note")]
        )
    _move(found, uow, lambda: found.correct(branch_no, form, uow.now))
    values = {
        "branch_no": branch_no,
        "request": request,
        "application_no": number,
        "changed": sorted({*changes, *fresh}),
        "note": note or None,
        "at": uow.now,
    }
    uow.session.execute(insert(correction), values)
    return found


def accept(number: str, department: str | None, clerk: str, uow: UnitOfWork) -> Application:
    """受理 at the desk."""
    found = _at_desk(number, department, uow)
    _move(found, uow, lambda: found.accept(uow.now))
    _keep_act(found, "accept", clerk, uow)
    return found


def return_for_correction(
    number: str, reasons: Sequence[Mapping[str, str]], department: str | None, clerk: str, uow: UnitOfWork
) -> Application:
    """Tell everything that is missing, once. Each reason names a field of the form or a material."""
    found = _at_desk(number, department, uow)
    known = replica.known_procedure(found.procedure, found.version, uow.session)
    named = {*known.check.names(), *(m for b in known.procedure.branches for m in b.materials)}
    errors = [
        _error(f"reasons.{n}.field", "表中没有这一项", "The form has no such field")
        for n, reason in enumerate(reasons)
        if reason["field"] not in named
    ]
    if errors:
        raise InvalidForm(errors)
    _move(found, uow, lambda: found.return_for_correction(uow.now))
    _keep_act(found, "return", clerk, uow, words=[dict(r) for r in reasons])
    return found


def refuse(
    number: str,
    ground: Ground,
    competent_department: str | None,
    reason: str,
    department: str | None,
    clerk: str,
    uow: UnitOfWork,
) -> Application:
    """不予受理. Raises `InvalidForm` when the competent department is missing, out of place or unknown."""
    found = _at_desk(number, department, uow)
    if error := _wrong_competence(found, ground, competent_department, uow):
        raise InvalidForm([_error("competent_department", *error)])
    _move(found, uow, lambda: found.refuse(ground, competent_department, uow.now))
    _keep_act(found, "refuse", clerk, uow, ground=ground, competent=competent_department, words=reason)
    return found


def accept_by_silence(numbers: Iterable[str], uow: UnitOfWork) -> None:
    """The desk's time has passed: what it has not answered counts as accepted as of receipt (art. 32)."""
    for found in uow.lock(Application, numbers).values():
        if found.status == "awaiting_acceptance" and found.is_silent(uow.now):
            _move(found, uow, partial(found.accept_by_silence, uow.now))


def keep_catalog(events: list[Envelope], uow: UnitOfWork) -> None:
    """Keep definitions, departments and calendars; move the desk's due dates with the calendar."""
    if replica.keep(events, uow):
        _reckon_again(uow)


def follow_cases(events: list[Envelope], uow: UnitOfWork) -> None:
    """Take in what approval says about cases, all applications of the batch by one query."""
    found = uow.lock(Application, {e.subject for e in events})
    for early in events:
        if early.subject not in found:
            raise NotYet(early)
    changed = []
    for number, about in groupby(sorted(events, key=_in_case), key=lambda e: e.subject):
        followed = found[number]
        before = followed.status
        if said := followed.follow(about):
            _say(followed, said, before, uow)
            changed.append(followed)
    save_followed(changed, uow.session)


def note_agent(act: str, subject: str, firm: str, agent: str, uow: UnitOfWork) -> None:
    """Write down what an agent did to a draft or an application of a firm."""
    values = {"at": uow.now, "firm": firm, "agent": agent, "act": act, "subject": subject}
    uow.session.execute(insert(agent_act), values)


def _in_case(envelope: Envelope) -> tuple[str, int]:
    return envelope.subject, envelope.sequence


def check_form(
    known: replica.Known,
    form: Mapping[str, Any],
    filled: Collection[str],
    again: Iterable[FieldError] = (),
    withheld: Collection[str] = (),
) -> tuple[str, ...]:
    """The branches called for; everything wrong or missing is told at once (一次性告知)."""
    called = called_for(known.procedure, form)
    absent = [
        _error(f"materials.{m.code}", f"请上传{m.title.zh}", f"Please upload: {m.title.en}")
        if m.how == "upload"
        else _error(
            f"materials.{m.code}",
            f"请同意使用市里已有的{m.title.zh},或上传一份",
            f"Agree that the city's own record is used, or upload: {m.title.en}",
        )
        for m in missing(known.procedure, called, filled, withheld)
    ]
    named = {e["field"] for e in absent}
    absent += [e for e in again if e["field"] not in named]
    if errors := [*known.check.errors(form), *absent]:
        raise InvalidForm(errors)
    if not called:
        raise NothingCalledFor(known.procedure.code)
    return called


def _asked_again(found: Application, known: replica.Known, uow: UnitOfWork) -> list[FieldError]:
    """Materials that the desk sent back and that have not been uploaded again."""
    table = acceptance_act.c
    last = uow.session.scalar(
        select(table.words)
        .where(table.application_no == found.application_no)
        .order_by(table.number.desc())
        .limit(1)
    )
    named = {reason["field"] for reason in last or ()}
    fresh = materials.filled(found.application_no, uow, fresh=True)
    return [
        _error(f"materials.{m.code}", f"请重新上传{m.title.zh}", f"Please upload again: {m.title.en}")
        for m in known.procedure.materials
        if m.code in named and m.how == "upload" and m.code not in fresh
    ]


def _spec_of(found: Application, branch_no: str, uow: UnitOfWork) -> BranchSpec:
    procedure = replica.known_procedure(found.procedure, found.version, uow.session).procedure
    key = found.case.branches[branch_no].state.key
    return next(b for b in procedure.branches if b.key == key)


def _check_changes(
    found: Application, branch_no: str, form: Mapping[str, Any], changes: Mapping[str, Any], uow: UnitOfWork
) -> None:
    known = replica.known_procedure(found.procedure, found.version, uow.session)
    open_to_change = _spec_of(found, branch_no, uow).fields
    errors = [
        _error(f"changes.{name}", "这次补正没有要求改这一项", "This field is not part of the correction")
        for name in changes
        if name not in open_to_change
    ]
    errors = errors or known.check.errors(form, "changes")
    if not errors and called_for(known.procedure, form) != found.called:
        questions = {c.field for b in known.procedure.branches for c in b.when}
        errors = [
            _error(
                f"changes.{name}",
                "改了这一项,要办的事项就不同了;请撤回后重新申请",
                "This change calls for other departments; please withdraw and file again",
            )
            for name in changes
            if name in questions
        ]
    if errors:
        raise InvalidForm(errors)


def _wrong_competence(
    found: Application, ground: Ground, competent: str | None, uow: UnitOfWork
) -> tuple[str, str] | None:
    if ground != "not_competent":
        return (
            ("只有不属本部门职权时才填写", "Only when this department isn't competent") if competent else None
        )
    if competent is None:
        return "请写明应向哪个部门申请", "Please say which department is competent"
    if competent == found.lead_department or competent not in replica.department_names(uow.session):
        return "没有这个部门,或就是本部门", "No such department, or this one itself"
    return None


def _error(field: str, zh: str, en: str) -> FieldError:
    return {"field": field, "zh": zh, "en": en}


def _own(number: str, applicant: str, uow: UnitOfWork) -> Application:
    found = uow.lock(Application, [number]).get(number)
    if found is None or found.applicant != applicant:
        raise UnknownApplication(number)
    return found


def _at_desk(number: str, department: str | None, uow: UnitOfWork) -> Application:
    found = uow.lock(Application, [number]).get(number)
    if found is None or found.lead_department != department:
        raise UnknownApplication(number)
    return found


def _reckon_again(uow: UnitOfWork) -> None:
    waiting = select(application.c.application_no).where(application.c.status == "awaiting_acceptance")
    for number, found in uow.lock(Application, uow.session.scalars(waiting)).items():
        if found.status != "awaiting_acceptance":
            continue
        procedure = replica.known_procedure(found.procedure, found.version, uow.session).procedure
        due = replica.acceptance_due(procedure, found.received_at, uow.session)
        _move(found, uow, partial(found.move_due, due))
        uow.schedule(SILENCE, number, due)


def _keep_act(
    found: Application,
    act: str,
    clerk: str,
    uow: UnitOfWork,
    *,
    ground: str | None = None,
    competent: str | None = None,
    words: Any = None,
) -> None:
    number = select(func.count()).where(acceptance_act.c.application_no == found.application_no)
    values = {
        "application_no": found.application_no,
        "number": (uow.session.scalar(number) or 0) + 1,
        "act": act,
        "clerk": clerk,
        "at": uow.now,
        "ground": ground,
        "competent_department": competent,
        "words": words,
    }
    uow.session.execute(insert(acceptance_act), values)


def _move(found: Application, uow: UnitOfWork, move: Callable[[], list[Event]]) -> None:
    """Make a move and say what happened; a date for the desk that no longer stands is taken back."""
    before = found.status
    _say(found, move(), before, uow)
    if before == "awaiting_acceptance" and found.acceptance_due is None:
        uow.unschedule(SILENCE, found.application_no)


def _say(found: Application, events: Iterable[Event], before: str | None, uow: UnitOfWork) -> None:
    """Emit; what the desk waits for or answers also concerns its department."""
    desk = found.lead_department if found.acceptance == "desk" else None
    for event in events:
        uow.emit(event, case=found.application_no, department=desk)
        if isinstance(event, ApplicationStatusChanged) and event.status != before:
            before = event.status
            metrics.APPLICATIONS.labels(event.status).inc()
