"""What a case does with its department's head: extensions, second signatures, dates counted anew."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING

from contracts import Event
from contracts.approval import (
    Answer,
    DueDatesMoved,
    ExtensionDecided,
    ExtensionRequested,
    SignatureDecided,
    SignatureRequested,
)
from contracts.procedure import BranchSpec
from services.approval.domain.branch import Branch
from services.approval.domain.clocks import Calendar


class HeadMoves:
    """Moves of a case that ask the head, or that time makes behind everybody's back."""

    if TYPE_CHECKING:
        application_no: str
        branches: list[Branch]

    @abstractmethod
    def branch(self, branch_no: str) -> Branch: ...

    @abstractmethod
    def spec(self, branch: Branch) -> BranchSpec: ...

    @abstractmethod
    def _answered(self, branch: Branch, calendar: Calendar, now: datetime) -> list[Event]: ...

    def ask_extension(self, branch_no: str, days: int, officer: str, now: datetime) -> list[Event]:
        """An officer asks for ``days`` more (art. 42). Raises `CannotExtend`, `IllegalMove`."""
        branch = self.branch(branch_no)
        branch.ask_extension(days, self.spec(branch), officer, now)
        return [ExtensionRequested(application_no=self.application_no, branch=branch.state, days=days)]

    def decide_extension(
        self, branch_no: str, approved: bool, head: str, calendar: Calendar, now: datetime
    ) -> list[Event]:
        """The head approves, and both dates move, or refuses. Raises `CannotExtend`, `SameHand`."""
        branch = self.branch(branch_no)
        days = branch.decide_extension(approved, self.spec(branch), head, calendar, now)
        return [
            ExtensionDecided(
                application_no=self.application_no, branch=branch.state, approved=approved, days=days
            )
        ]

    def sign(self, branch_no: str, head: str, calendar: Calendar, now: datetime) -> list[Event]:
        """The second signature: the answer takes effect at this moment. Raises `SameHand`."""
        branch = self.branch(branch_no)
        answer = branch.sign(self.spec(branch), head, now)
        return [self._signature(branch, answer, True), *self._answered(branch, calendar, now)]

    def send_back(self, branch_no: str, head: str) -> list[Event]:
        """No signature: the officer goes on with it."""
        branch = self.branch(branch_no)
        answer = branch.send_back(head)
        return [self._signature(branch, answer, False)]

    def recount(self, calendar: Calendar, now: datetime) -> list[Event]:
        """The calendar was changed: dates of what is at work are counted anew. What turns out not to be
        past its limit is not overdue any more."""
        events: list[Event] = []
        for branch in self.branches:
            if branch.is_finished or branch.opened_at is None:
                continue
            before = branch.promised_due, branch.statutory_due
            branch.reckon(self.spec(branch), calendar)
            if (branch.promised_due, branch.statutory_due) == before:
                continue
            if branch.overdue and branch.due_by_law is not None and branch.due_by_law > now:
                branch.overdue = False
            events.append(DueDatesMoved(application_no=self.application_no, branch=branch.state))
        return events

    def _propose(self, branch: Branch, answer: Answer, officer: str) -> list[Event]:
        branch.propose(answer, self.spec(branch), officer)
        return [SignatureRequested(application_no=self.application_no, branch=branch.state, answer=answer)]

    def _signature(self, branch: Branch, answer: Answer, signed: bool) -> Event:
        return SignatureDecided(
            application_no=self.application_no, branch=branch.state, answer=answer, signed=signed
        )
