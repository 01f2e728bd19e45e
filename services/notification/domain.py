"""What is told to whom when something happens, and when a message is given up.

Pure: an event becomes wishes; who a wish is for may be a role (applicant, heads of a department), which the
handler turns into accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from contracts import Event, approval, identity, intake
from contracts.notification import Category

Channel = Literal["app", "mail", "sms"]
State = Literal["kept", "waiting", "trying", "sent", "failed", "no_address"]
CATEGORIES: tuple[Category, ...] = ("progress", "todo", "result", "supervision")

MAIL_AGE = timedelta(days=1)
"""Nobody is mailed about anything older: a backfill fills the lists and leaves mailboxes alone."""
GIVE_UP_AFTER = timedelta(days=1)
LEASE = timedelta(minutes=5)
"""How long a sender may be at one message before another takes it for lost."""
RETRY_AFTER = (5, 30, 120, 600, 3600)  # seconds

Facts = Mapping[str, Any]


class UnknownMessage(LookupError):
    """No such message, or somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class To:
    """Who shall read it: the applicant of a case, one account, or those with a role (in a department)."""

    case: str | None = None
    account: str | None = None
    role: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One message to be written: its text's name, and the facts the text names. With ``sms_until`` it goes to
    a phone alone, until then; whose phone and which code identity says at the moment of sending."""

    text: str
    category: Category
    to: To
    case: str | None = None
    facts: Facts = field(default_factory=dict)
    sms_until: datetime | None = None


def wishes(event: Event) -> Iterator[Wish]:
    """What is to be told because of this event."""
    match event:
        case identity.PhoneCodeWished():
            yield Wish(
                text="phone_code",
                category="todo",
                to=To(account=event.account_id),
                facts={"check": event.check_id},
                sms_until=event.expires_at,
            )
        case intake.SignerInvited():
            yield Wish(
                text="signer",
                category="todo",
                to=To(account=event.signer_id),
                facts={"signer": event.signer_id},
                sms_until=event.expires_at,
            )
        case intake.SigningEnded(outcome=outcome) if outcome not in ("filed", "withdrawn"):
            facts = {"procedure": event.procedure}
            for account in (event.applicant, *event.signers):
                yield Wish(text=f"signing_{outcome}", category="todo", to=To(account=account), facts=facts)
        case intake.ApplicationSubmitted():
            yield _applicant(event.application_no, "received", "progress")
        case intake.ApplicationAccepted():
            n = len(event.branches)
            yield _applicant(event.application_no, "accepted" if n > 1 else "accepted_one", "progress", n=n)
        case intake.ApplicationReturned():
            yield _applicant(event.application_no, "returned", "todo")
        case intake.ApplicationNotAccepted():
            yield _applicant(event.application_no, "not_accepted", "result")
        case approval.BranchSuspended(branch=b):
            name = "paused" if b.correction_request is None else "correction"
            category: Category = "progress" if b.correction_request is None else "todo"
            yield _applicant(event.application_no, name, category, department=b.department)
        case approval.BranchOverdue(branch=b):
            yield _applicant(event.application_no, "overdue", "progress", department=b.department)
        case approval.ExtensionRequested(branch=b):
            yield _heads(event.application_no, b, "extension_requested", days=event.days)
        case approval.ExtensionDecided(branch=b) if event.approved:
            due = b.promised_due.isoformat() if b.promised_due else None
            yield _applicant(
                event.application_no,
                "extended",
                "progress",
                department=b.department,
                days=event.days,
                due=due,
            )
        case approval.SignatureRequested(branch=b):
            yield _heads(event.application_no, b, "signature_requested")
        case approval.CaseDecided():
            yield _applicant(event.application_no, event.outcome, "result")
        case approval.LicenceIssued():
            yield _applicant(event.application_no, "licence_issued", "result", licence=event.licence_no)
        case approval.CaseClosed():
            yield _applicant(event.application_no, "closed", "result")
        case approval.CaseTerminated():
            yield _applicant(event.application_no, "terminated", "result")
        case approval.SupervisionEvent():
            yield from _supervision(event)
        case identity.SecurityChanged():
            to = To(account=event.account_id)
            yield Wish(text=f"security_{event.change}", category="todo", to=to)


def _applicant(case: str, text: str, category: Category, **facts: Any) -> Wish:
    return Wish(text=text, category=category, to=To(case=case), case=case, facts=facts)


def _heads(case: str, branch: approval.BranchState, text: str, **facts: Any) -> Wish:
    to = To(role="approver", department=branch.department)
    facts |= {"department": branch.department, "branch": branch.branch_no}
    return Wish(text=text, category="todo", to=to, case=case, facts=facts)


def _supervision(event: approval.SupervisionEvent) -> Iterator[Wish]:
    facts: dict[str, Any] = {"department": event.department, "branch": event.branch_no}
    case = event.application_no
    responsible = (
        To(account=event.responsible)
        if event.responsible
        else To(role="approver", department=event.department)
    )
    match event:
        case approval.SupervisionOpened():
            facts["due"] = event.answer_due.isoformat()
            yield Wish(
                text="supervision_opened", category="supervision", to=responsible, case=case, facts=facts
            )
        case approval.SupervisionUnanswered():
            for to in (responsible, To(role="supervisor")):
                yield Wish(
                    text="supervision_unanswered", category="supervision", to=to, case=case, facts=facts
                )
        case approval.SupervisionAnswered():
            yield Wish(
                text="supervision_answered",
                category="supervision",
                to=To(role="supervisor"),
                case=case,
                facts=facts,
            )


def next_try(attempts: int, written_at: datetime, now: datetime) -> datetime | None:
    """When to try again after ``attempts`` tries; None once it is given up, a day after it was written."""
    if now - written_at >= GIVE_UP_AFTER:
        return None
    return now + timedelta(seconds=RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1])
