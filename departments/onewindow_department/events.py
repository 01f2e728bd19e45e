"""What departments may hear, a class an event. Made from the contracts by `make asyncapi`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class BranchState:
    branch_no: str
    key: str
    item: str
    department: str
    kind: Literal["decide", "record", "register", "consult", "site_visit"]
    required: bool
    status: Literal["waiting", "open", "claimed", "suspended", "answered", "silent", "dropped"]
    handler: str | None = None
    answer: Literal["agree", "agree_with_conditions", "refuse", "unable"] | None = None
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    promised_due: datetime | None = None
    statutory_due: datetime | None = None
    correction_request: int | None = None
    overdue: bool = False
    extension_asked: int | None = None
    extended: int = 0
    awaiting_signature: bool = False

@dataclass(frozen=True, kw_only=True)
class CertificateUse:
    material: str
    certificate_id: str

@dataclass(frozen=True, kw_only=True)
class Text:
    zh: str
    en: str

@dataclass(frozen=True, kw_only=True)
class BranchAnswered:
    application_no: str
    branch: BranchState
    results: dict[str, str]

@dataclass(frozen=True, kw_only=True)
class BranchClaimed:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class BranchDropped:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class BranchOpened:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class BranchOverdue:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class BranchReleased:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class BranchResumed:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class BranchSilent:
    application_no: str
    branch: BranchState
    source_of_rule: str

@dataclass(frozen=True, kw_only=True)
class BranchSuspended:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class CaseClosed:
    application_no: str
    closed_at: datetime

@dataclass(frozen=True, kw_only=True)
class CaseDecided:
    application_no: str
    outcome: Literal["granted", "partly_granted", "refused"]
    decided_at: datetime

@dataclass(frozen=True, kw_only=True)
class CaseOpened:
    application_no: str
    procedure: str
    version: int
    branches: tuple[BranchState, ...]
    opened_at: datetime

@dataclass(frozen=True, kw_only=True)
class CaseTerminated:
    application_no: str
    reason: Literal["withdrawn"]
    terminated_at: datetime

@dataclass(frozen=True, kw_only=True)
class DelegationEnded:
    delegation_id: str
    department: str
    ended_at: datetime

@dataclass(frozen=True, kw_only=True)
class DelegationGiven:
    delegation_id: str
    department: str
    absent: str
    delegate: str
    given_by: str
    begins: datetime
    ends: datetime

@dataclass(frozen=True, kw_only=True)
class DueDatesMoved:
    application_no: str
    branch: BranchState

@dataclass(frozen=True, kw_only=True)
class ExtensionDecided:
    application_no: str
    branch: BranchState
    approved: bool
    days: int

@dataclass(frozen=True, kw_only=True)
class ExtensionRequested:
    application_no: str
    branch: BranchState
    days: int

@dataclass(frozen=True, kw_only=True)
class LicenceIssued:
    application_no: str
    branch_no: str
    item: str
    licence_type: str
    licence_no: str
    results: dict[str, str]
    issued_at: datetime

@dataclass(frozen=True, kw_only=True)
class ReplyRejected:
    reply_id: str
    department: str
    branch_no: str | None = None
    reason: Literal["not_you", "unreadable", "not_yours", "not_open", "not_allowed", "unknown_branch", "incomplete"]

@dataclass(frozen=True, kw_only=True)
class SignatureDecided:
    application_no: str
    branch: BranchState
    answer: Literal["agree", "agree_with_conditions", "refuse", "unable"]
    signed: bool

@dataclass(frozen=True, kw_only=True)
class SignatureRequested:
    application_no: str
    branch: BranchState
    answer: Literal["agree", "agree_with_conditions", "refuse", "unable"]

@dataclass(frozen=True, kw_only=True)
class SupervisionAnswered:
    application_no: str
    branch_no: str
    department: str
    responsible: str | None
    answered_at: datetime
    in_time: bool

@dataclass(frozen=True, kw_only=True)
class SupervisionClosed:
    application_no: str
    branch_no: str
    department: str
    responsible: str | None
    closed_at: datetime
    reason: Literal["accepted", "dates_moved"]

@dataclass(frozen=True, kw_only=True)
class SupervisionOpened:
    application_no: str
    branch_no: str
    department: str
    responsible: str | None
    opened_at: datetime
    answer_due: datetime

@dataclass(frozen=True, kw_only=True)
class SupervisionUnanswered:
    application_no: str
    branch_no: str
    department: str
    responsible: str | None
    answer_due: datetime

@dataclass(frozen=True, kw_only=True)
class CalendarPublished:
    year: int
    holidays: tuple[date, ...]
    extra_workdays: tuple[date, ...]
    provisional: bool

@dataclass(frozen=True, kw_only=True)
class DepartmentPublished:
    code: str
    name: Text
    is_government: bool = True

@dataclass(frozen=True, kw_only=True)
class GuidePublished:
    code: str
    version: int
    title: Text
    department: str

@dataclass(frozen=True, kw_only=True)
class PlacePublished:
    code: str
    name: Text
    kind: str
    parent: str | None = None
    is_gone: bool = False

@dataclass(frozen=True, kw_only=True)
class ProcedureClosed:
    code: str
    version: int
    closed_at: datetime

@dataclass(frozen=True, kw_only=True)
class ApplicationAccepted:
    application_no: str
    procedure: str
    version: int
    applicant: str
    branches: tuple[str, ...]
    by: Literal["rule", "desk", "silence"]
    accepted_at: datetime

@dataclass(frozen=True, kw_only=True)
class ApplicationCorrected:
    application_no: str
    branch_no: str
    request: int

@dataclass(frozen=True, kw_only=True)
class ApplicationNotAccepted:
    application_no: str
    ground: Literal["no_licence_needed", "not_competent", "incomplete"]
    competent_department: str | None = None

@dataclass(frozen=True, kw_only=True)
class ApplicationReturned:
    application_no: str
    round: int

@dataclass(frozen=True, kw_only=True)
class ApplicationStatusChanged:
    application_no: str
    procedure: str
    applicant: str
    status: Literal["draft", "submitted", "in_prereview", "awaiting_acceptance", "returned", "not_accepted", "accepted", "in_approval", "provisional", "decided", "terminated", "delivering", "closed", "withdrawn", "revoked"]
    outcome: Literal["granted", "partly_granted", "refused"] | None
    answered: int
    branches: int
    changed_at: datetime

@dataclass(frozen=True, kw_only=True)
class ApplicationSubmitted:
    application_no: str
    procedure: str
    version: int
    applicant: str
    channel: Literal["portal", "window", "api"]
    submitted_at: datetime
    filed_by: str | None = None

@dataclass(frozen=True, kw_only=True)
class CertificatesUsed:
    application_no: str
    matter: str
    applicant: str
    certificates: tuple[CertificateUse, ...]
    used_at: datetime

@dataclass(frozen=True, kw_only=True)
class DossierRead:
    applicant: str
    application_no: str
    branch_no: str | None = None
    department: str
    material: str | None = None
    read_at: datetime

@dataclass(frozen=True, kw_only=True)
class SignerInvited:
    signer_id: str
    round_id: str
    procedure: str
    expires_at: datetime

@dataclass(frozen=True, kw_only=True)
class SigningEnded:
    round_id: str
    procedure: str
    applicant: str
    outcome: Literal["filed", "objected", "changed", "withdrawn", "expired"]
    signers: tuple[str, ...]
    application_no: str | None = None
    ended_at: datetime

@dataclass(frozen=True, kw_only=True)
class WithdrawalRequested:
    application_no: str
    requested_at: datetime

BY_TYPE: dict[str, type] = {
    "approval.branch_answered": BranchAnswered,
    "approval.branch_claimed": BranchClaimed,
    "approval.branch_dropped": BranchDropped,
    "approval.branch_opened": BranchOpened,
    "approval.branch_overdue": BranchOverdue,
    "approval.branch_released": BranchReleased,
    "approval.branch_resumed": BranchResumed,
    "approval.branch_silent": BranchSilent,
    "approval.branch_suspended": BranchSuspended,
    "approval.case_closed": CaseClosed,
    "approval.case_decided": CaseDecided,
    "approval.case_opened": CaseOpened,
    "approval.case_terminated": CaseTerminated,
    "approval.delegation_ended": DelegationEnded,
    "approval.delegation_given": DelegationGiven,
    "approval.due_dates_moved": DueDatesMoved,
    "approval.extension_decided": ExtensionDecided,
    "approval.extension_requested": ExtensionRequested,
    "approval.licence_issued": LicenceIssued,
    "approval.reply_rejected": ReplyRejected,
    "approval.signature_decided": SignatureDecided,
    "approval.signature_requested": SignatureRequested,
    "approval.supervision_answered": SupervisionAnswered,
    "approval.supervision_closed": SupervisionClosed,
    "approval.supervision_opened": SupervisionOpened,
    "approval.supervision_unanswered": SupervisionUnanswered,
    "catalog.calendar_published": CalendarPublished,
    "catalog.department_published": DepartmentPublished,
    "catalog.guide_published": GuidePublished,
    "catalog.place_published": PlacePublished,
    "catalog.procedure_closed": ProcedureClosed,
    "intake.application_accepted": ApplicationAccepted,
    "intake.application_corrected": ApplicationCorrected,
    "intake.application_not_accepted": ApplicationNotAccepted,
    "intake.application_returned": ApplicationReturned,
    "intake.application_status_changed": ApplicationStatusChanged,
    "intake.application_submitted": ApplicationSubmitted,
    "intake.certificates_used": CertificatesUsed,
    "intake.dossier_read": DossierRead,
    "intake.signer_invited": SignerInvited,
    "intake.signing_ended": SigningEnded,
    "intake.withdrawal_requested": WithdrawalRequested,
}
