"""The application as an aggregate: its moves return the events they make, illegal ones raise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from contracts import Event
from contracts.cloudevents import Envelope
from contracts.intake import (
    ApplicationAccepted,
    ApplicationCorrected,
    ApplicationNotAccepted,
    ApplicationReturned,
    ApplicationStatus,
    ApplicationStatusChanged,
    ApplicationSubmitted,
    WithdrawalRequested,
)
from contracts.procedure import AcceptanceRule, Procedure
from services.intake.domain.case import Case, Entry

Channel = Literal["portal", "window", "api"]
AcceptedBy = Literal["rule", "desk", "silence"]
Ground = Literal["no_licence_needed", "not_competent", "incomplete"]
Withdrawal = Literal["pending", "withdrawn", "too_late"]

RESUBMITTED = "intake.application_resubmitted"
WITHDRAWN = "intake.application_withdrawn"


class UnknownApplication(LookupError):
    """No such application, or none that the caller may know of."""


class IllegalMove(Exception):
    """A move that the present state doesn't allow."""

    def __init__(self, state: str, move: str):
        super().__init__(f"can't {move} an application that is {state}")
        self.state = state
        self.move = move


@dataclass(kw_only=True, eq=False)
class Application:
    """One filing under one version of a procedure.

    ``called`` are the branches its form calls for. ``received_at`` is when the papers that count now
    came in; ``acceptance_due`` is set while the desk has to answer. ``corrected`` is the newest request
    answered, by branch. ``case`` is what approval has said. `status` and `outcome` follow from the facts.
    ``filed_by`` is the agent who filed for a firm.
    """

    application_no: str
    procedure: str
    version: int
    lead_department: str
    acceptance: AcceptanceRule
    applicant: str
    filed_by: str | None = None
    channel: Channel
    form: dict[str, Any]
    called: tuple[str, ...]
    submitted_at: datetime
    received_at: datetime
    changed_at: datetime
    acceptance_due: datetime | None = None
    accepted_at: datetime | None = None
    accepted_by: AcceptedBy | None = None
    round: int = 0
    returned_at: datetime | None = None
    not_accepted_at: datetime | None = None
    withdrawal_requested_at: datetime | None = None
    withdrawn_at: datetime | None = None
    corrected: dict[str, int] = field(default_factory=dict)
    history: tuple[Entry, ...] = ()
    case: Case = field(default_factory=Case)
    status: ApplicationStatus = "submitted"

    @classmethod
    def submit(
        cls,
        *,
        application_no: str,
        procedure: Procedure,
        form: dict[str, Any],
        called: tuple[str, ...],
        applicant: str,
        channel: Channel,
        now: datetime,
        due: datetime | None,
        filed_by: str | None = None,
    ) -> tuple[Self, list[Event]]:
        """File. Without a date for the desk (``due``) all checks have passed and it is accepted at once."""
        application = cls(
            application_no=application_no,
            procedure=procedure.code,
            version=procedure.version,
            lead_department=procedure.lead_department,
            acceptance=procedure.acceptance,
            applicant=applicant,
            filed_by=filed_by,
            channel=channel,
            form=form,
            called=called,
            submitted_at=now,
            received_at=now,
            changed_at=now,
            acceptance_due=due,
        )
        filed = ApplicationSubmitted(
            application_no=application_no,
            procedure=procedure.code,
            version=procedure.version,
            applicant=applicant,
            channel=channel,
            submitted_at=now,
            filed_by=filed_by,
        )
        application._note(filed.type, now)
        steps = [] if due else [application._accept("rule", now)]
        return application, [filed, *steps, application._settle()]

    def accept(self, now: datetime) -> list[Event]:
        """The desk accepts. Once its time is over the law has done so already, as of receipt."""
        self._only_from("accept", "awaiting_acceptance")
        if self.is_silent(now):
            return self.accept_by_silence(now)
        return [self._accept("desk", now), self._settle()]

    def accept_by_silence(self, now: datetime) -> list[Event]:
        """Not answered in time: accepted as of receipt (Administrative License Law, art. 32)."""
        self._only_from("accept_by_silence", "awaiting_acceptance")
        if not self.is_silent(now):
            raise IllegalMove(self.status, "accept_by_silence")
        return [self._accept("silence", self.received_at), self._settle()]

    def return_for_correction(self, now: datetime) -> list[Event]:
        """Everything that is missing is told at once (art. 32); no clock runs until it comes back."""
        self._at_desk("return_for_correction", now)
        self.round += 1
        self.returned_at, self.acceptance_due = now, None
        returned = ApplicationReturned(application_no=self.application_no, round=self.round)
        self._note(returned.type, now)
        return [returned, self._settle()]

    def refuse(self, ground: Ground, competent_department: str | None, now: datetime) -> list[Event]:
        """不予受理. Somebody else's matter needs the name of who is competent (art. 32)."""
        self._at_desk("refuse", now)
        if (ground == "not_competent") != (competent_department is not None):
            raise ValueError("a competent department is named when, and only when, this one isn't")
        self.not_accepted_at, self.acceptance_due = now, None
        refused = ApplicationNotAccepted(
            application_no=self.application_no, ground=ground, competent_department=competent_department
        )
        self._note(refused.type, now)
        return [refused, self._settle()]

    def resubmit(
        self, form: dict[str, Any], called: tuple[str, ...], now: datetime, due: datetime
    ) -> list[Event]:
        """Corrected papers come in: the desk's time starts afresh."""
        self._only_from("resubmit", "returned")
        self.form, self.called = form, called
        self.received_at, self.returned_at, self.acceptance_due = now, None, due
        self._note(RESUBMITTED, now)
        return [self._settle()]

    def move_due(self, due: datetime) -> list[Event]:
        """The working calendar was changed while the desk has to answer."""
        self._only_from("move_due", "awaiting_acceptance")
        if due == self.acceptance_due:
            return []
        self.acceptance_due = due
        return [self._state()]

    def withdraw(self, now: datetime) -> list[Event]:
        """Before acceptance it ends here; after it, approval ends the case unless that is decided first."""
        if self.withdrawal == "pending":
            raise IllegalMove("withdrawal_requested", "withdraw")
        self._only_from("withdraw", "submitted", "awaiting_acceptance", "returned", "accepted", "in_approval")
        if self.accepted_at is None:
            self.withdrawn_at, self.acceptance_due = now, None
            self._note(WITHDRAWN, now)
            return [self._settle()]
        self.withdrawal_requested_at = now
        requested = WithdrawalRequested(application_no=self.application_no, requested_at=now)
        self._note(requested.type, now)
        return [requested, self._settle()]

    def correct(self, branch_no: str, form: dict[str, Any], now: datetime) -> list[Event]:
        """The applicant supplies what a branch asked for; each request is answered once."""
        request = self.request_to_answer(branch_no)
        self.form = form
        self.corrected = {**self.corrected, branch_no: request}
        corrected = ApplicationCorrected(
            application_no=self.application_no, branch_no=branch_no, request=request
        )
        self._note(corrected.type, now, branch_no)
        return [corrected, self._settle()]

    def follow(self, envelopes: Iterable[Envelope]) -> list[Event]:
        """Take in what approval says. Any order and any duplication of the same events ends the same.

        Every status passed through is said; whatever else became visible is said once, at the end.
        """
        said: list[Event] = []
        before = self.case
        for envelope in envelopes:
            self.case = self.case.heard(envelope)
            at = self.case.timeline[envelope.sequence].at
            self.changed_at = max(self.changed_at, at)
            status = self._derived()
            if status != self.status:
                self.status = status
                said.append(self._state())
        if self.case != before and (not said or said[-1] != self._state()):
            said.append(self._state())
        return said

    def is_silent(self, now: datetime) -> bool:
        """Whether the desk let its time pass."""
        return self.acceptance_due is not None and now > self.acceptance_due

    def open_request(self, branch_no: str) -> int | None:
        """The number of the correction request the applicant has not answered yet."""
        branch = self.case.branches.get(branch_no)
        if branch is None or self.status not in ("in_approval", "decided"):
            return None
        request = branch.state.correction_request
        if branch.state.status != "suspended" or request is None:
            return None
        return request if request > self.corrected.get(branch_no, 0) else None

    def request_to_answer(self, branch_no: str) -> int:
        """The same number, or `IllegalMove` when nothing is asked of the applicant there."""
        request = self.open_request(branch_no)
        if request is None:
            branch = self.case.branches.get(branch_no)
            running = branch is not None and self.status in ("in_approval", "decided")
            raise IllegalMove(branch.state.status if branch and running else self.status, "correct")
        return request

    @property
    def outcome(self) -> Literal["granted", "partly_granted", "refused"] | None:
        return self.case.outcome

    @property
    def withdrawal(self) -> Withdrawal | None:
        """What became of the wish to withdraw; "too_late" when the decision came first and stands."""
        if self.status == "withdrawn":
            return "withdrawn"
        if self.withdrawal_requested_at is None:
            return None
        return "too_late" if self.case.decided_at or self.case.closed_at else "pending"

    @property
    def departments(self) -> set[str]:
        """The departments that take part: the leading one, and those with a branch."""
        return {self.lead_department, *(b.state.department for b in self.case.branches.values())}

    def _accept(self, by: AcceptedBy, at: datetime) -> ApplicationAccepted:
        self.accepted_at, self.accepted_by, self.acceptance_due = at, by, None
        accepted = ApplicationAccepted(
            application_no=self.application_no,
            procedure=self.procedure,
            version=self.version,
            applicant=self.applicant,
            branches=self.called,
            by=by,
            accepted_at=at,
        )
        self._note(accepted.type, at)
        return accepted

    def _only_from(self, move: str, *states: ApplicationStatus) -> None:
        if self.status not in states:
            raise IllegalMove(self.status, move)

    def _at_desk(self, move: str, now: datetime) -> None:
        self._only_from(move, "awaiting_acceptance")
        if self.is_silent(now):
            raise IllegalMove("accepted", move)

    def _note(self, event: str, at: datetime, branch_no: str | None = None) -> None:
        self.history = (*self.history, Entry(at, event, branch_no))
        self.changed_at = max(self.changed_at, at)

    def _settle(self) -> ApplicationStatusChanged:
        self.status = self._derived()
        return self._state()

    def _derived(self) -> ApplicationStatus:
        case = self.case
        if self.withdrawn_at or case.terminated_at:
            return "withdrawn"
        if case.closed_at:
            return "closed"
        if case.decided_at:
            return "decided"
        if case.has_begun:
            return "in_approval"
        if self.accepted_at:
            return "accepted"
        if self.not_accepted_at:
            return "not_accepted"
        if self.returned_at:
            return "returned"
        return "awaiting_acceptance" if self.acceptance_due else "submitted"

    def _state(self) -> ApplicationStatusChanged:
        return ApplicationStatusChanged(
            application_no=self.application_no,
            procedure=self.procedure,
            applicant=self.applicant,
            status=self.status,
            outcome=self.outcome,
            answered=self.case.answered,
            branches=len(self.case.branches) or len(self.called),
            changed_at=self.changed_at,
        )
