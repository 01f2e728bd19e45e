"""What intake says: an application's life from filing to its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.base import Event, event

ApplicationStatus = Literal[
    "draft",
    "submitted",
    "in_prereview",
    "awaiting_acceptance",
    "returned",
    "not_accepted",
    "accepted",
    "in_approval",
    "provisional",
    "decided",
    "terminated",
    "delivering",
    "closed",
    "withdrawn",
    "revoked",
]


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ApplicationSubmitted(Event):
    """An application was filed (收件). ``channel`` says where, ``filed_by`` which agent did for a firm."""

    application_no: str
    procedure: str
    version: int
    applicant: str
    channel: Literal["portal", "window", "api"]
    submitted_at: datetime
    filed_by: str | None = None


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ApplicationAccepted(Event):
    """受理: every department's approval may begin. ``branches`` are the keys this form calls for.

    ``by`` is "rule" (all automatic checks passed), "desk", or "silence": not answered in time, and
    so accepted as of receipt (Administrative License Law, art. 32).
    """

    application_no: str
    procedure: str
    version: int
    applicant: str
    branches: tuple[str, ...]
    by: Literal["rule", "desk", "silence"]
    accepted_at: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ApplicationReturned(Event):
    """Sent back for correction before acceptance; all reasons at once, read at intake."""

    application_no: str
    round: int


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ApplicationNotAccepted(Event):
    """不予受理. ``ground`` follows art. 32; ``competent_department`` when it is somebody else's matter."""

    application_no: str
    ground: Literal["no_licence_needed", "not_competent", "incomplete"]
    competent_department: str | None = None


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ApplicationCorrected(Event):
    """The applicant supplied what branch ``branch_no`` asked for in its request number ``request``."""

    application_no: str
    branch_no: str
    request: int


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class WithdrawalRequested(Event):
    """The applicant withdraws after acceptance; approval ends the case unless it is already decided."""

    application_no: str
    requested_at: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ApplicationStatusChanged(Event):
    """The application's whole public state after a step: what pages, messages and figures follow."""

    application_no: str
    procedure: str
    applicant: str
    status: ApplicationStatus
    outcome: Literal["granted", "partly_granted", "refused"] | None
    answered: int
    branches: int
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class CertificateUse:
    """A certificate that stands for a material of a case."""

    material: str
    certificate_id: str


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class CertificatesUsed(Event):
    """The applicant agreed that these certificates are used for the case. ``matter`` is the draft under
    which the consent was recorded."""

    application_no: str
    matter: str
    applicant: str
    certificates: tuple[CertificateUse, ...]
    used_at: datetime


@event(subject="signer_id")
@dataclass(frozen=True, kw_only=True)
class SignerInvited(Event):
    """Somebody shall sign an application before it is filed. Phone and link are read from intake, by
    ``signer_id``, at the moment of sending."""

    signer_id: str
    round_id: str
    procedure: str
    expires_at: datetime


@event(subject="round_id")
@dataclass(frozen=True, kw_only=True)
class SigningEnded(Event):
    """No more signatures are gathered: all have signed and it is ``filed``, somebody ``objected``, the
    application was ``changed`` meanwhile, its applicant has ``withdrawn``, or the time is over (``expired``).
    ``signers`` are the accounts that had signed."""

    round_id: str
    procedure: str
    applicant: str
    outcome: Literal["filed", "objected", "changed", "withdrawn", "expired"]
    signers: tuple[str, ...]
    application_no: str | None = None
    ended_at: datetime


@event(subject="applicant")
@dataclass(frozen=True, kw_only=True)
class DossierRead(Event):
    """A department read an applicant's data: the whole form at the desk (no ``branch_no``), what a branch
    may read, or one ``material``."""

    applicant: str
    application_no: str
    branch_no: str | None = None
    department: str
    material: str | None = None
    read_at: datetime
