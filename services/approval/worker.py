"""What approval listens to, and what falls due."""

from __future__ import annotations

from chassis import trust
from chassis.uow import UnitOfWork
from chassis.worker import Worker, due, subscribe
from contracts import approval, catalog, departments, identity, intake
from contracts.cloudevents import Envelope
from services.approval import certificates, handlers, replica


class ApprovalWorker(Worker):
    """Opens cases, takes answers, minds the clocks."""

    name = "approval"

    @subscribe(
        "approval.catalog",
        catalog.ProcedurePublished,
        catalog.DepartmentPublished,
        catalog.CalendarPublished,
    )
    def catalog(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.follow_catalogue(events, uow)

    @subscribe("approval.staff", identity.AccountOpened, identity.StaffChanged)
    def staff(self, events: list[Envelope], uow: UnitOfWork) -> None:
        replica.keep_staff(events, uow)

    @subscribe("approval.certificates", intake.CertificatesUsed, identity.CertificateChanged, linger=0.25)
    def certificates(self, events: list[Envelope], uow: UnitOfWork) -> None:
        certificates.keep(events, uow)

    @subscribe(
        "approval.intake",
        intake.ApplicationAccepted,
        intake.ApplicationCorrected,
        intake.WithdrawalRequested,
    )
    def intake(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.follow_intake(events, uow)

    @subscribe(
        handlers.REPLIES,
        departments.AnswerGiven,
        approval.SilenceDue,
        unreadable=handlers.reject_unreadable,
    )
    def replies(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.record_answers(events, uow)

    @subscribe("approval.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)

    @due(handlers.SILENCE)
    def silence(self, branch_nos: list[str], uow: UnitOfWork) -> None:
        handlers.send_silence(branch_nos, uow)

    @due(handlers.OVERDUE)
    def overdue(self, branch_nos: list[str], uow: UnitOfWork) -> None:
        handlers.escalate(branch_nos, uow)

    @due(handlers.SUPERVISION)
    def supervision(self, branch_nos: list[str], uow: UnitOfWork) -> None:
        handlers.remind(branch_nos, uow)

    @due(handlers.RECOUNT)
    def recount(self, after: list[str], uow: UnitOfWork) -> None:
        handlers.recount(after, uow)
