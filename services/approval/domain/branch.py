"""One department's part of a case: its state, its two clocks and what may be done with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.approval import Answer, BranchState, BranchStatus
from contracts.procedure import BranchKind, BranchSpec
from services.approval.domain.clocks import Calendar, due_after, extended
from services.approval.domain.errors import CannotExtend, IllegalMove, Incomplete, NotAllowed, SameHand

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
    extension_asked: int | None = None
    extension_asked_by: str | None = None
    extended: int = 0
    proposed: Answer | None = None
    proposed_by: str | None = None
    pauses: list[Pause] = field(default_factory=list)

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def has_agreed(self) -> bool:
        return self.is_finished and self.answer in AGREED

    @property
    def is_task(self) -> bool:
        """A record that failed: it stands as a task until somebody takes it up again."""
        return self.status == "answered" and self.answer == "unable"

    @property
    def is_done(self) -> bool:
        return self.is_finished and not self.is_task

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
            extension_asked=self.extension_asked,
            extended=self.extended,
            awaiting_signature=self.proposed is not None,
        )

    def open(self, spec: BranchSpec, calendar: Calendar, now: datetime) -> None:
        """The department may begin; both clocks start."""
        self._demand("open", "waiting")
        self.status = "open"
        self.opened_at = now
        self.reckon(spec, calendar)

    def reckon(self, spec: BranchSpec, calendar: Calendar) -> None:
        """Both dates from the beginning, the ledger of pauses and the extension."""
        assert self.opened_at is not None
        self.promised_due = due_after(spec.promised, calendar, self.opened_at)
        self.statutory_due = (
            due_after(spec.statutory, calendar, self.opened_at) if spec.statutory is not None else None
        )
        for pause in self.pauses:
            if pause.ended_at is None:
                continue
            self.promised_due = calendar.shift(self.promised_due, pause.started_at, pause.ended_at)
            if pause.stops == "both" and self.statutory_due is not None:
                self.statutory_due = calendar.shift(self.statutory_due, pause.started_at, pause.ended_at)
        if self.extended and spec.extension is not None and self.statutory_due is not None:
            self.promised_due = extended(self.promised_due, self.extended, spec.extension.unit, calendar)
            self.statutory_due = extended(self.statutory_due, self.extended, spec.extension.unit, calendar)

    def claim(self, officer: str, standing_in_for: Collection[str] = ()) -> None:
        """Take it; from somebody absent only by whoever stands in for that one (委托代办)."""
        self._demand_unsigned("claim")
        if self.status == "claimed" and self.handler in standing_in_for:
            self.handler = officer
            return
        self._demand("claim", "open")
        self.status = "claimed"
        self.handler = officer

    def take_up_again(self) -> None:
        """A record that failed is open again; its clocks went on."""
        if not self.is_task:
            raise IllegalMove(self.status, "claim", self.handler)
        self.status = "open"
        self.answer = self.answered_at = self.handler = None

    def release(self, officer: str) -> None:
        self._demand_unsigned("release")
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
        self._demand_answer(answer, results, spec, officer)
        self._lapse()
        self.status = "answered"
        self.answer = answer
        self.deemed = False
        self.results = {code: results[code] for code in spec.produces if code in results}
        self.answered_at = max(taken_at, self.opened_at or taken_at)

    def propose(self, answer: Answer, spec: BranchSpec, officer: str) -> None:
        """An answer that waits for a second signature; both clocks go on."""
        self._demand_answer(answer, {}, spec, officer)
        self.proposed = answer
        self.proposed_by = officer

    def sign(self, spec: BranchSpec, head: str, now: datetime) -> Answer:
        """The second signature: the proposed answer is given. Raises `SameHand`."""
        answer = self._proposal("sign", head)
        self.proposed = None
        self.give(answer, {}, spec, self.handler, now)
        return answer

    def send_back(self, head: str) -> Answer:
        """No signature: the officer goes on with it. Raises `SameHand`."""
        answer = self._proposal("send back", head)
        self.proposed = self.proposed_by = None
        return answer

    def ask_extension(self, days: int, spec: BranchSpec, officer: str, now: datetime) -> None:
        """Ask for ``days`` more, once, within what the item gives, before the limit by law has passed
        (Administrative License Law, art. 42). Raises `CannotExtend`."""
        self._demand("ask to extend", *AT_WORK)
        self._demand_claim("ask to extend", officer)
        most = int(spec.extension.value) if spec.extension is not None else 0
        if not most or self.statutory_due is None:
            raise CannotExtend("not_provided")
        if self.extended:
            raise CannotExtend("extended_already", most)
        if self.extension_asked is not None:
            raise CannotExtend("asked_already", most)
        if not 0 < days <= most:
            raise CannotExtend("too_long", most)
        if now > self.statutory_due:
            raise CannotExtend("too_late", most)
        self.extension_asked = days
        self.extension_asked_by = officer

    def decide_extension(
        self, approved: bool, spec: BranchSpec, head: str, calendar: Calendar, now: datetime
    ) -> int:
        """The head's word on it; returns the days asked for. Raises `SameHand`, `CannotExtend`."""
        days = self.extension_asked
        if days is None:
            raise IllegalMove(self.status, "extend", self.handler)
        if head == self.extension_asked_by:
            raise SameHand(head)
        if approved and self._has_passed_the_law(now):
            raise CannotExtend("too_late", days)
        self.extension_asked = self.extension_asked_by = None
        if approved:
            self.extended = days
            self.reckon(spec, calendar)
        return days

    def suspend(self, kind: PauseKind, ground: str | None, officer: str | None, now: datetime) -> None:
        """Stop a clock; the branch waits until `resume`."""
        self._demand_unsigned("suspend")
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

    def resume(self, spec: BranchSpec, calendar: Calendar, now: datetime) -> None:
        """The clock runs again; the dates move by the working days of the pause."""
        self._demand("resume", "suspended")
        pause = self.open_pause
        assert pause is not None
        pause.ended_at = now
        self.reckon(spec, calendar)
        if pause.kind == "correction":
            self.corrected = self.corrections
        self.status = "claimed" if self.handler else "open"

    def reassign(self, department: str, officer: str | None) -> None:
        """Another department is competent: it goes on where the clocks stand."""
        self._demand_unsigned("reassign")
        self._demand("reassign", *AT_WORK)
        self._demand_claim("reassign", officer)
        self._lapse()
        self.department = department
        self.handler = None
        self.status = "open"

    def fall_silent(self, now: datetime) -> None:
        """The limit passed without an answer, and the rule makes that an agreement."""
        self._demand("deem agreed", *AT_WORK)
        self._lapse()
        self.status = "silent"
        self.answer = "agree"
        self.deemed = True
        self.answered_at = now

    def drop(self, now: datetime) -> None:
        """It will not be handled."""
        self._demand("drop", "waiting", "suspended", *AT_WORK)
        self._lapse()
        self.status = "dropped"
        if (pause := self.open_pause) is not None:
            pause.ended_at = now

    @property
    def open_pause(self) -> Pause | None:
        return next((p for p in self.pauses if p.ended_at is None), None)

    def _has_passed_the_law(self, now: datetime) -> bool:
        pause = self.open_pause
        at = pause.started_at if pause is not None and pause.stops == "both" else now
        return self.statutory_due is not None and at > self.statutory_due

    def _lapse(self) -> None:
        """What waits for the head is moot."""
        self.extension_asked = self.extension_asked_by = None
        self.proposed = self.proposed_by = None

    def _proposal(self, move: str, head: str) -> Answer:
        if self.proposed is None:
            raise IllegalMove(self.status, move, self.handler)
        if head == self.proposed_by:
            raise SameHand(head)
        return self.proposed

    def _demand_answer(
        self, answer: Answer, results: dict[str, str], spec: BranchSpec, officer: str | None
    ) -> None:
        if answer not in ALLOWED_ANSWERS[self.kind]:
            raise NotAllowed(self.kind, answer)
        if officer is not None:
            self._demand_unsigned("answer")
            self._demand("answer", *AT_WORK)
        elif not self.is_task or answer == "unable":
            self._demand("answer", "silent", *AT_WORK)
        self._demand_claim("answer", officer)
        if answer in AGREED and (missing := tuple(c for c in spec.produces if not results.get(c))):
            raise Incomplete(missing)

    def _demand_unsigned(self, move: str) -> None:
        if self.proposed is not None:
            raise IllegalMove("awaiting_signature", move, self.handler)

    def _demand(self, move: str, *states: BranchStatus) -> None:
        if self.status not in states:
            raise IllegalMove(self.status, move, self.handler)

    def _demand_claim(self, move: str, officer: str | None) -> None:
        """An officer works only on what is claimed by that officer; a department's system needs no claim."""
        if officer is not None and self.handler != officer:
            raise IllegalMove(self.status, move, self.handler)
