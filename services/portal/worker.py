"""The portal's worker: it turns what the services say into “this page is no longer up to date”."""

from __future__ import annotations

from chassis import trust
from chassis.uow import UnitOfWork
from chassis.worker import Worker, subscribe
from contracts import approval, dashboard, identity, intake, notification
from contracts.cloudevents import Envelope
from services.portal import handlers


class PortalWorker(Worker):
    name = "portal"

    @subscribe(
        "portal.pages",
        intake.ApplicationStatusChanged,
        approval.CaseOpened,
        approval.BranchOpened,
        approval.BranchClaimed,
        approval.BranchReleased,
        approval.BranchSuspended,
        approval.BranchResumed,
        approval.BranchAnswered,
        approval.BranchSilent,
        approval.BranchOverdue,
        approval.BranchDropped,
        approval.LicenceIssued,
        approval.ExtensionRequested,
        approval.ExtensionDecided,
        approval.SignatureRequested,
        approval.SignatureDecided,
        approval.DueDatesMoved,
        notification.MessageWritten,
        notification.MessagesRead,
        dashboard.FiguresChanged,
        linger=0.1,
    )
    def pages(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.mark_pages(events, uow)

    @subscribe("portal.accounts", identity.AccountClosed)
    def accounts(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.forget(events, uow)

    @subscribe("portal.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)
