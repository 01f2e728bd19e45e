"""What approval has said about a case so far.

Facts only, each of them keyed: whatever the order they come in and however often, the same events make
the same `Case`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from contracts.approval import (
    BranchAnswered,
    BranchEvent,
    BranchState,
    CaseClosed,
    CaseDecided,
    CaseOpened,
    CaseTerminated,
    LicenceIssued,
    Outcome,
)
from contracts.cloudevents import Envelope

FINISHED = ("answered", "silent")
BEING_HANDLED = ("open", "claimed", "suspended")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; ``event`` is the type of what happened."""

    at: datetime
    event: str
    branch_no: str | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """The newest known state of a branch, and which of approval's events it came with."""

    sequence: int
    state: BranchState


@dataclass(frozen=True, slots=True)
class Results:
    """Codes and facts a branch's answer brought."""

    sequence: int
    codes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Branches and results by branch number, licences by licence number, timeline by sequence."""

    opened_at: datetime | None = None
    decided_at: datetime | None = None
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    terminated_at: datetime | None = None
    branches: Mapping[str, Branch] = field(default_factory=dict)
    results: Mapping[str, Results] = field(default_factory=dict)
    licences: Mapping[str, LicenceIssued] = field(default_factory=dict)
    timeline: Mapping[int, Entry] = field(default_factory=dict)

    @property
    def has_begun(self) -> bool:
        return bool(self.timeline)

    @property
    def answered(self) -> int:
        """How many branches are finished with."""
        return sum(b.state.status in FINISHED for b in self.branches.values())

    def heard(self, envelope: Envelope) -> Case:
        """The case with one more event known; a duplicate changes nothing."""
        sequence, event = envelope.sequence, envelope.event
        if sequence in self.timeline:
            return self
        at, branch_no = envelope.time, None
        case = self
        if isinstance(event, CaseOpened):
            at = event.opened_at
            for state in event.branches:
                case = case._with_branch(Branch(sequence, state))
            case = replace(case, opened_at=at)
        elif isinstance(event, BranchEvent):
            branch_no = event.branch.branch_no
            case = case._with_branch(Branch(sequence, event.branch))
            if isinstance(event, BranchAnswered):
                at = event.branch.answered_at or at
                case = case._with_results(branch_no, Results(sequence, event.results))
        elif isinstance(event, CaseDecided):
            at = event.decided_at
            case = replace(case, decided_at=at, outcome=event.outcome)
        elif isinstance(event, LicenceIssued):
            at, branch_no = event.issued_at, event.branch_no
            case = replace(case, licences={**case.licences, event.licence_no: event})
        elif isinstance(event, CaseClosed):
            at = event.closed_at
            case = replace(case, closed_at=at)
        elif isinstance(event, CaseTerminated):
            at = event.terminated_at
            case = replace(case, terminated_at=at)
        else:
            raise TypeError(f"not about a case: {event.type}")
        return replace(case, timeline={**case.timeline, sequence: Entry(at, event.type, branch_no)})

    def _with_branch(self, branch: Branch) -> Case:
        known = self.branches.get(branch.state.branch_no)
        if known is not None and known.sequence >= branch.sequence:
            return self
        return replace(self, branches={**self.branches, branch.state.branch_no: branch})

    def _with_results(self, branch_no: str, results: Results) -> Case:
        known = self.results.get(branch_no)
        if known is not None and known.sequence >= results.sequence:
            return self
        return replace(self, results={**self.results, branch_no: results})
