"""What intake listens to, and what falls due."""

from __future__ import annotations

from chassis import trust
from chassis.chaining import Chainer
from chassis.storage import open_vault
from chassis.uow import UnitOfWork
from chassis.worker import Worker, due, subscribe
from contracts import approval, catalog, identity
from contracts.cloudevents import Envelope
from services.intake import handlers
from services.intake.handlers import certificates, drafts, materials, signing
from services.intake.orm import reading_trail
from services.intake.papers import data_use_trail

MANY = 1_000_000
"""As many blobs may fall due at once: only content that nothing names is deleted."""


class IntakeWorker(Worker):
    """Keeps the catalogue, follows cases, accepts what the desk left unanswered."""

    name = "intake"
    chain = Chainer(reading_trail, data_use_trail)

    @subscribe(
        "intake.catalog",
        catalog.ProcedurePublished,
        catalog.ProcedureClosed,
        catalog.DepartmentPublished,
        catalog.CalendarPublished,
    )
    def catalog(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.keep_catalog(events, uow)

    @subscribe("intake.accounts", identity.AccountClosed)
    def accounts(self, events: list[Envelope], uow: UnitOfWork) -> None:
        drafts.forget_accounts(events, uow)

    @subscribe(
        "intake.cases",
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
        approval.ExtensionDecided,
        approval.DueDatesMoved,
        approval.CaseDecided,
        approval.LicenceIssued,
        approval.CaseClosed,
        approval.CaseTerminated,
        linger=0.1,
    )
    def cases(self, events: list[Envelope], uow: UnitOfWork) -> None:
        handlers.follow_cases(events, uow)

    @subscribe("intake.certificates", identity.CertificateChanged)
    def certificates(self, events: list[Envelope], uow: UnitOfWork) -> None:
        certificates.follow(events, uow)

    @subscribe("intake.trust", *trust.EVENTS)
    def trust(self, events: list[Envelope], uow: UnitOfWork) -> None:
        trust.keep(events, uow)

    @due(handlers.SILENCE)
    def acceptance_silence(self, numbers: list[str], uow: UnitOfWork) -> None:
        handlers.accept_by_silence(numbers, uow)

    @due(drafts.EXPIRES)
    def draft_expires(self, draft_ids: list[str], uow: UnitOfWork) -> None:
        drafts.forget(draft_ids, uow)

    @due(signing.EXPIRES)
    def signing_expires(self, round_ids: list[str], uow: UnitOfWork) -> None:
        signing.expire(round_ids, uow)

    @due(materials.SWEEP, breaker=MANY)
    def blob_sweep(self, digests: list[str], uow: UnitOfWork) -> None:
        materials.sweep(digests, open_vault(self.config), uow)
