"""Facts about applications, branches and supervision as events tell them, and what each adds to the figures.

Each fact keeps, of every part, what the event with the highest number said, so that any order and any
repetition of the same events ends in the same facts; figures are the sum over the facts, never counted up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, Self

from contracts import approval, intake

IN_HAND = ("open", "claimed", "suspended")
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class Figure(NamedTuple):
    """What is counted: a measure, a code within it, and when, whose and of which item it is.

    ``day`` (ISO, in Shanghai) is empty and ``hour`` -1 for what stands as of now.
    """

    measure: str
    code: str = ""
    day: str = ""
    hour: int = -1
    department: str = ""
    item: str = ""


Figures = Mapping[Figure, int]


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application: filed, its newest status, decided."""

    application_no: str
    procedure: str = ""
    channel: str = ""
    submitted_at: datetime | None = None
    status: str = ""
    status_sequence: int = 0
    changed_at: datetime | None = None
    decided_at: datetime | None = None
    outcome: str | None = None

    def hear(self, event: Any, sequence: int) -> Self:
        """The fact after this event."""
        match event:
            case intake.ApplicationSubmitted():
                return replace(
                    self,
                    procedure=event.procedure,
                    channel=event.channel,
                    submitted_at=event.submitted_at,
                )
            case intake.ApplicationStatusChanged() if sequence > self.status_sequence:
                return replace(
                    self,
                    procedure=event.procedure,
                    status=event.status,
                    status_sequence=sequence,
                    changed_at=event.changed_at,
                )
            case approval.CaseDecided():
                return replace(self, decided_at=event.decided_at, outcome=event.outcome)
        return self

    def figures(self) -> Figures:
        found: dict[Figure, int] = {}
        if self.status:
            found[Figure("stage", self.status, item=self.procedure)] = 1
        if self.submitted_at is not None:
            found[Figure("filed", "", *_hour(self.submitted_at))] = 1
        if self.decided_at is not None:
            found[Figure("decided", self.outcome or "", *_hour(self.decided_at))] = 1
        return found


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One department's part as its newest event tells it."""

    branch_no: str
    application_no: str
    department: str = ""
    item: str = ""
    status: str = ""
    answer: str | None = None
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    promised_due: datetime | None = None
    statutory_due: datetime | None = None
    overdue: bool = False
    sequence: int = 0

    def hear(self, state: approval.BranchState, sequence: int) -> Self:
        """The fact after an event that carries this state of the branch."""
        if sequence <= self.sequence:
            return self
        return replace(
            self,
            department=state.department,
            item=state.item,
            status=state.status,
            answer=state.answer,
            opened_at=state.opened_at,
            answered_at=state.answered_at,
            promised_due=state.promised_due,
            statutory_due=state.statutory_due,
            overdue=state.overdue,
            sequence=sequence,
        )

    @property
    def kept(self) -> str:
        """Whether the promise was kept: on_time, late, silent; empty while there is no answer."""
        if self.status == "silent":
            return "silent"
        if self.status != "answered" or self.answered_at is None:
            return ""
        return "late" if self.promised_due is not None and self.answered_at > self.promised_due else "on_time"

    def figures(self) -> Figures:
        found: dict[Figure, int] = {}
        if self.status in IN_HAND:
            found[Figure("open", department=self.department)] = 1
            if self.overdue:
                found[Figure("overdue", department=self.department)] = 1
        if self.kept and self.answered_at is not None:
            day, _ = _hour(self.answered_at)
            found[Figure("answered", self.kept, day, department=self.department)] = 1
        return found


@dataclass(frozen=True, kw_only=True)
class Supervision:
    """督办 of one branch. ``responsible`` must answer in writing until ``answer_due``."""

    branch_no: str
    application_no: str
    department: str = ""
    responsible: str | None = None
    state: str = ""
    opened_at: datetime | None = None
    answer_due: datetime | None = None
    answered_at: datetime | None = None
    in_time: bool | None = None
    closed_at: datetime | None = None
    sequence: int = 0

    def hear(self, event: approval.SupervisionEvent, sequence: int) -> Self:
        """The fact after this event: dates by what they are, the state by the newest event."""
        known = self
        match event:
            case approval.SupervisionOpened():
                known = replace(self, opened_at=event.opened_at, answer_due=event.answer_due)
            case approval.SupervisionAnswered():
                known = replace(self, answered_at=event.answered_at, in_time=event.in_time)
            case approval.SupervisionClosed():
                known = replace(self, closed_at=event.closed_at)
        if sequence <= self.sequence:
            return known
        return replace(
            known,
            department=event.department,
            responsible=event.responsible,
            state=_STATES[type(event)],
            sequence=sequence,
        )

    def figures(self) -> Figures:
        return {Figure("supervision", self.state, department=self.department): 1} if self.state else {}


_STATES: dict[type[approval.SupervisionEvent], str] = {
    approval.SupervisionOpened: "open",
    approval.SupervisionUnanswered: "unanswered",
    approval.SupervisionAnswered: "answered",
    approval.SupervisionClosed: "closed",
}


def day_of(moment: datetime) -> str:
    """The day in Shanghai, ISO."""
    return moment.astimezone(SHANGHAI).date().isoformat()


def _hour(moment: datetime) -> tuple[str, int]:
    here = moment.astimezone(SHANGHAI)
    return here.date().isoformat(), here.hour
