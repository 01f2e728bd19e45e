"""What approval says: cases, their branches, decisions and licences.

Every branch event carries the branch's whole state, so that a reader may simply keep the newest
(the highest ``sequence``) of each branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.base import Event, event
from contracts.procedure import BranchKind

BranchStatus = Literal["waiting", "open", "claimed", "suspended", "answered", "silent", "dropped"]
Answer = Literal["agree", "agree_with_conditions", "refuse", "unable"]
Outcome = Literal["granted", "partly_granted", "refused"]


@dataclass(frozen=True, kw_only=True)
class BranchState:
    """One branch as it stands. ``answer`` "unable" is a record that failed: a task, never a refusal.

    ``extension_asked`` are the days an officer asks for and the head hasn't decided on, ``extended`` the
    days the limits were extended by; ``awaiting_signature``: a refusal waits for the head's signature.
    """

    branch_no: str
    key: str
    item: str
    department: str
    kind: BranchKind
    required: bool
    status: BranchStatus
    handler: str | None = None
    answer: Answer | None = None
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    promised_due: datetime | None = None
    statutory_due: datetime | None = None
    correction_request: int | None = None
    overdue: bool = False
    extension_asked: int | None = None
    extended: int = 0
    awaiting_signature: bool = False


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class CaseOpened(Event):
    """All branches of an accepted application, those that wait for others included."""

    application_no: str
    procedure: str
    version: int
    branches: tuple[BranchState, ...]
    opened_at: datetime


@dataclass(frozen=True, kw_only=True)
class BranchEvent(Event):
    """Shape of every branch event."""

    application_no: str
    branch: BranchState


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchOpened(BranchEvent):
    """A department may begin: all that the branch depends on has agreed. Also sent on reassignment, and
    when a record that failed is taken up again."""


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchClaimed(BranchEvent):
    """An officer has taken the branch; nobody else works on it."""


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchReleased(BranchEvent):
    """The officer gave the branch back to the department's inbox."""


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchSuspended(BranchEvent):
    """A clock stands still: a correction was asked for, or a ground of art. 45 runs."""


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchResumed(BranchEvent):
    """The clock runs again."""


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchAnswered(BranchEvent):
    """A department answered. ``results`` are codes and facts for the branches that follow."""

    results: dict[str, str]


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchSilent(BranchEvent):
    """The time-out rule made silence an agreement (默认同意); ``source`` is the rule that says so."""

    source_of_rule: str


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchOverdue(BranchEvent):
    """Past its limit without an answer: escalated to supervision 督办."""


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class BranchDropped(BranchEvent):
    """Will not be handled: something it depends on was refused, or the case ended before."""


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ExtensionRequested(BranchEvent):
    """An officer asks the department's head for ``days`` more (延期, art. 42); the reason stays inside."""

    days: int


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class ExtensionDecided(BranchEvent):
    """The head approved or refused ``days`` more. If approved, ``branch`` carries the new dates, and the
    applicant is told; the reason is read from approval."""

    approved: bool
    days: int


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class SignatureRequested(BranchEvent):
    """An officer wants to give ``answer``, which takes effect with the head's signature (四眼原则)."""

    answer: Answer


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class SignatureDecided(BranchEvent):
    """The head signed (the answer follows), or sent it back to the officer."""

    answer: Answer
    signed: bool


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class DueDatesMoved(BranchEvent):
    """The working calendar was changed: ``branch`` carries the dates counted anew."""


@dataclass(frozen=True, kw_only=True)
class SupervisionEvent(Event):
    """Shape of every supervision event. ``responsible`` is the account that must answer in writing."""

    application_no: str
    branch_no: str
    department: str
    responsible: str | None


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class SupervisionOpened(SupervisionEvent):
    """Past the limit by law (黑灯): a named person must answer in writing until ``answer_due`` (督办)."""

    opened_at: datetime
    answer_due: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class SupervisionUnanswered(SupervisionEvent):
    """``answer_due`` has passed without a written answer."""

    answer_due: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class SupervisionAnswered(SupervisionEvent):
    """The written answer is there; its words are read from approval."""

    answered_at: datetime
    in_time: bool


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class SupervisionClosed(SupervisionEvent):
    """The supervisor took the answer, or the limit turned out not to have passed (calendar changed)."""

    closed_at: datetime
    reason: Literal["accepted", "dates_moved"]


@event(subject="delegation_id")
@dataclass(frozen=True, kw_only=True)
class DelegationGiven(Event):
    """While ``absent`` is away, ``delegate`` of the same department may take over what is claimed
    (委托代办). Given by the officer or by the head."""

    delegation_id: str
    department: str
    absent: str
    delegate: str
    given_by: str
    begins: datetime
    ends: datetime


@event(subject="delegation_id")
@dataclass(frozen=True, kw_only=True)
class DelegationEnded(Event):
    """Ended before its time."""

    delegation_id: str
    department: str
    ended_at: datetime


@event(subject="reply_id")
@dataclass(frozen=True, kw_only=True)
class ReplyRejected(Event):
    """A department's reply could not be taken, and nothing else has moved; told to who sent it.

    ``reason``: the reply speaks for another department (not_you) or can't be read (unreadable); the branch
    isn't known, is another department's (not_yours), isn't waiting for an answer (not_open); its item
    doesn't let this be answered (not_allowed) or wants more results (incomplete). ``reply_id`` is the id
    the reply came with.
    """

    reply_id: str
    department: str
    branch_no: str | None = None
    reason: Literal[
        "not_you", "unreadable", "not_yours", "not_open", "not_allowed", "unknown_branch", "incomplete"
    ]


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class CaseDecided(Event):
    """The join is reached: the joint decision."""

    application_no: str
    outcome: Outcome
    decided_at: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class LicenceIssued(Event):
    """A licence, certificate or receipt produced by a branch's agreement."""

    application_no: str
    branch_no: str
    item: str
    licence_type: str
    licence_no: str
    results: dict[str, str]
    issued_at: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class CaseClosed(Event):
    """Nothing is left to do for any department."""

    application_no: str
    closed_at: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class CaseTerminated(Event):
    """Ended without a decision, at the applicant's wish."""

    application_no: str
    reason: Literal["withdrawn"]
    terminated_at: datetime


@event(subject="application_no")
@dataclass(frozen=True, kw_only=True)
class SilenceDue(Event):
    """Approval's word to itself, through its own reply queue: look whether this branch is still silent.

    It stands behind every answer that the broker took before it.
    """

    application_no: str
    branch_no: str
