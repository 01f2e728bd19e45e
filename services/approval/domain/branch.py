"""One department's part of a case: its state, its two clocks and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.approval import Answer, BranchState, BranchStatus
from contracts.procedure import BranchKind, BranchSpec
from services.approval.domain.clocks import Calendar, due_after

Ground = Literal["hearing", "inspection", "testing", "quarantine", "appraisal", "expert_review"]
PauseKind = Literal["correction", "art_45"]
Stops = Literal["promised", "both"]

AT_WORK: tuple[BranchStatus, ...] = ("open", "claimed")
FINISHED: tuple[BranchStatus, ...] = ("answered", "silent", "dropped")
AGREED: tuple[Answer, ...] = ("agree", "agree_with_conditions")

ALLOWED_ANSWERS: dict[BranchKind, tuple[Answer, ...]] = {
    "decide": ("agree", "agree_with_conditions", "refuse"),
    "record": ("agree", "unable"),
    "register": ("agree", "unable"),
    "consult": ("agree", "agree_with_conditions"),
    "site_visit": ("agree", "agree_with_conditions"),
}
"""Only a decision may refuse; a record that fails is a task and undoes nothing."""


class IllegalMove(Exception):
    """A move that the present state doesn't allow. ``holder`` has the branch, if anybody."""

    def __init__(self, state: str, move: str, holder: str | None = None):
        super().__init__(f"can't {move} a branch that is {state}")
        self.state = state
        self.move = move
        self.holder = holder


class NotAllowed(Exception):
    """An answer that this kind of branch can't give."""

    def __init__(self, kind: str, answer: str):
        super().__init__(f"a {kind} branch can't answer {answer}")
        self.kind = kind
        self.answer = answer


class Incomplete(Exception):
    """An agreement without the codes it must produce."""

    def __init__(self, missing: tuple[str, ...]):
        super().__init__(f"missing results: {', '.join(missing)}")
        self.missing = missing


def branch_no_of(application_no: str, number: int) -> str:
    """The case number with the branch's own behind it."""
    return f"{application_no}-{number:02d}"


@dataclass(kw_only=True, eq=False)
class Pause:
    """A time in which one or both clocks stood still (the pause ledger's line).

    Corrections asked after acceptance stop the promised clock only; hearing, inspection, testing,
    quarantine, appraisal and expert review stop both (Administrative License Law, art. 45).
    """

    branch_no: str
    number: int
    kind: PauseKind
    ground: str | None
    stops: Stops
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(kw_only=True, eq=False)
class Branch:
    """A branch as it stands. Its case changes it; ``spec`` is what the procedure says of it."""

    branch_no: str
    application_no: str
    number: int
    key: str
    item: str
    department: str
    kind: BranchKind
    required: bool
    status: BranchStatus = "waiting"
    handler: str | None = None
    answer: Answer | None = None
    results: dict[str, str] = field(default_factory=dict)
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    promised_due: datetime | None = None
    statutory_due: datetime | None = None
    corrections: int = 0
    corrected: int = 0
    overdue: bool = False
    deemed: bool = False
    pauses: list[Pause] = field(default_factory=list)

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def has_agreed(self) -> bool:
        return self.is_finished and self.answer in AGREED

    @property
    def due_by_law(self) -> datetime | None:
        """The statutory limit, or the promise where no law sets one."""
        return self.statutory_due or self.promised_due

    @property
    def state(self) -> BranchState:
        """What events say of it."""
        return BranchState(
            branch_no=self.branch_no,
            key=self.key,
            item=self.item,
            department=self.department,
            kind=self.kind,
            required=self.required,
            status=self.status,
            handler=self.handler,
            answer=self.answer,
            opened_at=self.opened_at,
            answered_at=self.answered_at,
            promised_due=self.promised_due,
            statutory_due=self.statutory_due,
            correction_request=self.corrections if self.corrections > self.corrected else None,
            overdue=self.overdue,
        )

    def open(self, spec: BranchSpec, calendar: Calendar, now: datetime) -> None:
        """The department may begin; both clocks start."""
        self._demand("open", "waiting")
        self.status = "open"
        self.opened_at = now
        self.promised_due = due_after(spec.promised, calendar, now)
        self.statutory_due = due_after(spec.statutory, calendar, now) if spec.statutory else None

    def claim(self, officer: str) -> None:
        if self.status == "claimed" and self.handler == officer:
            return
        self._demand("claim", "open")
        self.status = "claimed"
        self.handler = officer

    def release(self, officer: str) -> None:
        self._demand("release", "claimed")
        self._demand_claim("release", officer)
        self.status = "open"
        self.handler = None

    def give(
        self,
        answer: Answer,
        results: dict[str, str],
        spec: BranchSpec,
        officer: str | None,
        taken_at: datetime,
    ) -> None:
        """Take an answer. ``officer`` None is the department's system, which need not claim."""
        if answer not in ALLOWED_ANSWERS[self.kind]:
            raise NotAllowed(self.kind, answer)
        self._demand("answer", *AT_WORK, *(("silent",) if officer is None else ()))
        self._demand_claim("answer", officer)
        if answer in AGREED and (missing := tuple(c for c in spec.produces if not results.get(c))):
            raise Incomplete(missing)
        self.status = "answered"
        self.answer = answer
        self.deemed = False
        self.results = {code: results[code] for code in spec.produces if code in results}
        self.answered_at = max(taken_at, self.opened_at or taken_at)

    def suspend(self, kind: PauseKind, ground: str | None, officer: str | None, now: datetime) -> None:
        """Stop a clock; the branch waits until `resume`."""
        self._demand("suspend", *AT_WORK)
        self._demand_claim("suspend", officer)
        self.pauses.append(
            Pause(
                branch_no=self.branch_no,
                number=len(self.pauses) + 1,
                kind=kind,
                ground=ground,
                stops="promised" if kind == "correction" else "both",
                started_at=now,
            )
        )
        self.status = "suspended"
        if kind == "correction":
            self.corrections += 1

    def resume(self, calendar: Calendar, now: datetime) -> None:
        """The clock runs again; the dates move by the working days of the pause."""
        self._demand("resume", "suspended")
        pause = self.open_pause
        assert pause is not None
        pause.ended_at = now
        if self.promised_due is not None:
            self.promised_due = calendar.shift(self.promised_due, pause.started_at, now)
        if pause.stops == "both" and self.statutory_due is not None:
            self.statutory_due = calendar.shift(self.statutory_due, pause.started_at, now)
        if pause.kind == "correction":
            self.corrected = self.corrections
        self.status = "claimed" if self.handler else "open"

    def reassign(self, department: str, officer: str | None) -> None:
        """Another department is competent: it goes on where the clocks stand."""
        self._demand("reassign", *AT_WORK)
        self._demand_claim("reassign", officer)
        self.department = department
        self.handler = None
        self.status = "open"

    def fall_silent(self, now: datetime) -> None:
        """The limit passed without an answer, and the rule makes that an agreement."""
        self._demand("deem agreed", *AT_WORK)
        self.status = "silent"
        self.answer = "agree"
        self.deemed = True
        self.answered_at = now

    def drop(self, now: datetime) -> None:
        """It will not be handled."""
        self._demand("drop", "waiting", "suspended", *AT_WORK)
        self.status = "dropped"
        if (pause := self.open_pause) is not None:
            pause.ended_at = now

    @property
    def open_pause(self) -> Pause | None:
        return next((p for p in self.pauses if p.ended_at is None), None)

    def _demand(self, move: str, *states: BranchStatus) -> None:
        if self.status not in states:
            raise IllegalMove(self.status, move, self.handler)

    def _demand_claim(self, move: str, officer: str | None) -> None:
        """An officer works only on what is claimed by that officer; a department's system needs no claim."""
        if officer is not None and self.handler != officer:
            raise IllegalMove(self.status, move, self.handler)
