"""What intake says: applications accepted, corrected, withdrawn."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from chassis.uow import NotYet, UnitOfWork
from contracts.cloudevents import Envelope
from contracts.intake import ApplicationAccepted, ApplicationCorrected, WithdrawalRequested
from services.approval import replica
from services.approval.domain import Case, NotAsked
from services.approval.handlers.work import Work
from services.approval.orm import correction_request


def follow_intake(events: list[Envelope], uow: UnitOfWork) -> None:
    """Open cases for accepted applications; take corrections and withdrawals."""
    work = Work({e.subject for e in events}, uow)
    corrected: list[ApplicationCorrected] = []
    for envelope in sorted(events, key=lambda e: not isinstance(e.event, ApplicationAccepted)):
        event = envelope.event
        case = work.cases.get(envelope.subject)
        if isinstance(event, ApplicationAccepted):
            if case is None:
                _open(envelope, event, work)
            continue
        if case is None:
            raise NotYet(envelope)
        if isinstance(event, WithdrawalRequested):
            work.say(case, case.withdraw(uow.now))
        elif isinstance(event, ApplicationCorrected):
            _correct(envelope, event, case, work)
            corrected.append(event)
    work.finish()
    _note_corrected(corrected, uow)


def _open(envelope: Envelope, event: ApplicationAccepted, work: Work) -> None:
    procedure = replica.procedure(event.procedure, event.version, work.uow.session)
    if procedure is None:
        raise NotYet(envelope)
    case, events = Case.open(event, procedure, work.calendar, work.uow.now)
    work.add(case)
    work.say(case, events)


def _correct(envelope: Envelope, event: ApplicationCorrected, case: Case, work: Work) -> None:
    try:
        work.say(case, case.corrected(event.branch_no, event.request, work.calendar, work.uow.now))
    except NotAsked:
        raise NotYet(envelope) from None


def _note_corrected(corrected: list[ApplicationCorrected], uow: UnitOfWork) -> None:
    if not corrected:
        return
    asked = correction_request.c
    statement = (
        update(correction_request)
        .where(
            asked.branch_no == bindparam("of_branch"),
            asked.request == bindparam("number"),
            asked.answered_at.is_(None),
        )
        .values(answered_at=uow.now)
    )
    uow.session.connection().execute(
        statement, [{"of_branch": e.branch_no, "number": e.request} for e in corrected]
    )
