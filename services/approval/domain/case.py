"""The case: all departments' branches of one accepted application, opened and joined together.

The case is the aggregate. Every move is made under its lock, changes it and returns the events it makes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from contracts import Event
from contracts.approval import (
    Answer,
    BranchAnswered,
    BranchClaimed,
    BranchDropped,
    BranchOpened,
    BranchOverdue,
    BranchReleased,
    BranchResumed,
    BranchSilent,
    BranchSuspended,
    CaseClosed,
    CaseDecided,
    CaseOpened,
    CaseTerminated,
    LicenceIssued,
    Outcome,
)
from contracts.intake import ApplicationAccepted
from contracts.procedure import BranchSpec, Procedure
from services.approval.domain.branch import AT_WORK, Branch, Ground, branch_no_of
from services.approval.domain.clocks import Calendar
from services.approval.domain.errors import AlreadyAsked, IllegalMove, NotAsked, UnknownBranch
from services.approval.domain.head import HeadMoves


def application_of(branch_no: str) -> str:
    """The application's number in a branch's."""
    return branch_no.rpartition("-")[0]


@dataclass(kw_only=True, eq=False)
class Case(HeadMoves):
    """One accepted application in approval. ``procedure`` is attached after loading."""

    application_no: str
    procedure_code: str
    version: int
    applicant: str
    opened_at: datetime
    decided_at: datetime | None = None
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    terminated_at: datetime | None = None
    branches: list[Branch] = field(default_factory=list)

    @classmethod
    def open(
        cls, accepted: ApplicationAccepted, procedure: Procedure, calendar: Calendar, now: datetime
    ) -> tuple[Self, list[Event]]:
        """Open every branch whose dependencies allow it, all at the same moment.

        A branch this form doesn't call for is passed through: who depends on it depends on what it does.
        """
        called = [spec for spec in procedure.branches if spec.key in accepted.branches]
        case = cls(
            application_no=accepted.application_no,
            procedure_code=accepted.procedure,
            version=accepted.version,
            applicant=accepted.applicant,
            opened_at=now,
            branches=[
                Branch(
                    branch_no=branch_no_of(accepted.application_no, number),
                    application_no=accepted.application_no,
                    number=number,
                    key=spec.key,
                    item=spec.item,
                    department=spec.department,
                    kind=spec.kind,
                    required=spec.required,
                )
                for number, spec in enumerate(called, start=1)
            ],
        )
        case.attach(procedure)
        opened = case._go_on(calendar, now)
        states = tuple(branch.state for branch in case.branches)
        head = CaseOpened(
            application_no=case.application_no,
            procedure=case.procedure_code,
            version=case.version,
            branches=states,
            opened_at=now,
        )
        return case, [head, *opened]

    def attach(self, procedure: Procedure) -> None:
        """Give the case the version of the procedure it was filed under."""
        self._specs = {spec.key: spec for spec in procedure.branches}
        self._join = procedure.join

    def spec(self, branch: Branch) -> BranchSpec:
        """What the procedure says of a branch."""
        return self._specs[branch.key]

    def branch(self, branch_no: str) -> Branch:
        """Raises `UnknownBranch`."""
        for branch in self.branches:
            if branch.branch_no == branch_no:
                return branch
        raise UnknownBranch(branch_no)

    @property
    def is_over(self) -> bool:
        return self.closed_at is not None or self.terminated_at is not None

    def silence_due(self, branch: Branch) -> datetime | None:
        """When the branch's silence becomes an agreement, if it goes on as it stands."""
        deemed = self.spec(branch).on_timeout == "deemed_agreed" and branch.status in AT_WORK
        return branch.promised_due if deemed else None

    def escalation_due(self, branch: Branch) -> datetime | None:
        """When the branch becomes a matter of supervision, if it goes on as it stands."""
        pause = branch.open_pause
        stands_still = pause is not None and (pause.stops == "both" or branch.statutory_due is None)
        if branch.is_finished or branch.overdue or stands_still:
            return None
        return branch.due_by_law if self.spec(branch).on_timeout == "escalate" else None

    @property
    def answered(self) -> int:
        """Branches of the required ones that are answered (“2 of 3”)."""
        return sum(b.is_finished and b.status != "dropped" for b in self.branches if b.required)

    def claim(self, branch_no: str, officer: str, standing_in_for: Collection[str] = ()) -> list[Event]:
        """Take a branch: an open one, a record that failed, or one held by whom ``officer`` stands in for."""
        branch = self.branch(branch_no)
        if branch.status == "claimed" and branch.handler == officer:
            return []
        events: list[Event] = []
        if branch.is_task and not self.is_over:
            branch.take_up_again()
            events.append(BranchOpened(application_no=self.application_no, branch=branch.state))
        branch.claim(officer, standing_in_for)
        return [*events, BranchClaimed(application_no=self.application_no, branch=branch.state)]

    def release(self, branch_no: str, officer: str) -> list[Event]:
        branch = self.branch(branch_no)
        branch.release(officer)
        return [BranchReleased(application_no=self.application_no, branch=branch.state)]

    def answer(
        self,
        branch_no: str,
        answer: Answer,
        results: dict[str, str],
        *,
        officer: str | None,
        taken_at: datetime,
        calendar: Calendar,
        now: datetime,
    ) -> list[Event]:
        """Take a department's answer; what depends on it opens, and the join is looked at, at once.

        An answer taken in time replaces a silence that was deemed agreed, while nothing is decided or ended.
        An officer's refusal only asks for the head's signature where the item wants two.
        Raises `IllegalMove`, `NotAllowed`, `Incomplete`, `UnknownBranch`.
        """
        branch = self.branch(branch_no)
        if branch.status == "silent":
            in_time = branch.promised_due is not None and taken_at <= branch.promised_due
            if not in_time or self.decided_at is not None or self.is_over:
                raise IllegalMove(branch.status, "answer", branch.handler)
        if branch.is_task and self.is_over:
            raise IllegalMove(branch.status, "answer", branch.handler)
        spec = self.spec(branch)
        if answer == "refuse" and officer is not None and spec.second_signature:
            return self._propose(branch, answer, officer)
        branch.give(answer, results, spec, officer, taken_at)
        return self._answered(branch, calendar, now)

    def ask_correction(
        self, branch_no: str, asked: Iterable[str], fields: Sequence[str], officer: str | None, now: datetime
    ) -> list[Event]:
        """Ask the applicant to put ``fields`` right; raises `AlreadyAsked` for those in ``asked``."""
        branch = self.branch(branch_no)
        if again := sorted(set(asked) & set(fields)):
            raise AlreadyAsked(again)
        branch.suspend("correction", None, officer, now)
        return [BranchSuspended(application_no=self.application_no, branch=branch.state)]

    def corrected(self, branch_no: str, request: int, calendar: Calendar, now: datetime) -> list[Event]:
        """The applicant answered correction ``request``. Heard again it changes nothing; after the branch
        has ended it is only noted. Raises `NotAsked` when the request hasn't been made yet."""
        branch = self.branch(branch_no)
        if branch.corrections < request:
            raise NotAsked(branch_no)
        if branch.corrected >= request:
            return []
        if branch.is_finished:
            branch.corrected = request
            return []
        branch.resume(self.spec(branch), calendar, now)
        return [BranchResumed(application_no=self.application_no, branch=branch.state)]

    def suspend(self, branch_no: str, ground: Ground, officer: str | None, now: datetime) -> list[Event]:
        """Both clocks stand still while a hearing, an inspection … runs (art. 45)."""
        branch = self.branch(branch_no)
        branch.suspend("art_45", ground, officer, now)
        return [BranchSuspended(application_no=self.application_no, branch=branch.state)]

    def resume(self, branch_no: str, calendar: Calendar, now: datetime) -> list[Event]:
        """What stopped both clocks is over. A correction is resumed by the applicant alone."""
        branch = self.branch(branch_no)
        pause = branch.open_pause
        if pause is None or pause.kind == "correction":
            raise IllegalMove(branch.status, "resume", branch.handler)
        branch.resume(self.spec(branch), calendar, now)
        return [BranchResumed(application_no=self.application_no, branch=branch.state)]

    def reassign(self, branch_no: str, department: str, officer: str | None) -> list[Event]:
        """不属本部门: the department named is competent and finds the branch open in its inbox."""
        branch = self.branch(branch_no)
        branch.reassign(department, officer)
        return [BranchOpened(application_no=self.application_no, branch=branch.state)]

    def fall_silent(self, branch_no: str, calendar: Calendar, now: datetime) -> list[Event]:
        """Deem agreed what has not been answered in time; nothing happens if that isn't so any more.

        Silence lets the case go on and makes no licence: that takes a department's word.
        """
        branch = self.branch(branch_no)
        due = self.silence_due(branch)
        if due is None or due >= now:
            return []
        branch.fall_silent(now)
        source = self.spec(branch).timeout_source or ""
        silent = BranchSilent(application_no=self.application_no, branch=branch.state, source_of_rule=source)
        return [silent, *self._go_on(calendar, now)]

    def mark_overdue(self, branch_no: str, now: datetime) -> list[Event]:
        """Escalate once what is past its limit by law, or past its promise where no law sets one."""
        branch = self.branch(branch_no)
        due = self.escalation_due(branch)
        if due is None or due > now:
            return []
        branch.overdue = True
        return [BranchOverdue(application_no=self.application_no, branch=branch.state)]

    def withdraw(self, now: datetime) -> list[Event]:
        """The applicant withdraws: everything unfinished ends. After the decision, the decision stands."""
        if self.decided_at is not None or self.is_over:
            return []
        dropped = [branch for branch in self.branches if not branch.is_finished]
        for branch in dropped:
            branch.drop(now)
        self.terminated_at = now
        ended = CaseTerminated(application_no=self.application_no, reason="withdrawn", terminated_at=now)
        return [*(BranchDropped(application_no=self.application_no, branch=b.state) for b in dropped), ended]

    def _answered(self, branch: Branch, calendar: Calendar, now: datetime) -> list[Event]:
        answered = BranchAnswered(
            application_no=self.application_no, branch=branch.state, results=dict(branch.results)
        )
        return [answered, *self._licence(branch, now), *self._go_on(calendar, now)]

    def _licence(self, branch: Branch, now: datetime) -> list[Event]:
        issues = self.spec(branch).issues
        if issues is None or not branch.has_agreed:
            return []
        return [
            LicenceIssued(
                application_no=self.application_no,
                branch_no=branch.branch_no,
                item=branch.item,
                licence_type=issues,
                licence_no=branch.branch_no.replace("-", ""),
                results=dict(branch.results),
                issued_at=now,
            )
        ]

    def _go_on(self, calendar: Calendar, now: datetime) -> list[Event]:
        """After a branch has finished: the joint decision if it is reached, what opens and what never
        will, and the end. All at the same moment."""
        moved = self._advance(calendar, now)
        decided: list[Event] = []
        if self.decided_at is None and (outcome := self._outcome()) is not None:
            self.decided_at, self.outcome = now, outcome
            decided.append(CaseDecided(application_no=self.application_no, outcome=outcome, decided_at=now))
        return [*decided, *moved, *self._close(now)]

    def _advance(self, calendar: Calendar, now: datetime) -> list[Event]:
        """Open what may begin, drop what never can: a refusal refuses only what depends on it. A record
        that failed is a task, and what depends on it waits."""
        events: list[Event] = []
        by_key = {branch.key: branch for branch in self.branches}
        again = True
        while again:
            again = False
            for branch in self.branches:
                if branch.is_finished:
                    continue
                needed = [by_key[k] for k in self._needed(branch.key, by_key)]
                if any(b.is_done and not b.has_agreed for b in needed):
                    branch.drop(now)
                    events.append(BranchDropped(application_no=self.application_no, branch=branch.state))
                    again = True
                elif branch.status == "waiting" and all(b.has_agreed for b in needed):
                    branch.open(self.spec(branch), calendar, now)
                    events.append(BranchOpened(application_no=self.application_no, branch=branch.state))
        return events

    def _needed(self, key: str, called: Collection[str]) -> set[str]:
        """What must have agreed first, of the branches that are ``called`` for."""
        found: set[str] = set()
        for name in self._specs[key].depends_on:
            found |= {name} if name in called else self._needed(name, called)
        return found

    def _close(self, now: datetime) -> list[Event]:
        unfinished = any(b.required and not b.is_done for b in self.branches)
        if self.decided_at is None or unfinished or self.is_over:
            return []
        self.closed_at = now
        return [CaseClosed(application_no=self.application_no, closed_at=now)]

    def _outcome(self) -> Outcome | None:
        """The joint result, None while it is open.

        It waits for every deciding branch outside the join, which can make it partly granted, and for the
        join: "any" and "k of n" are reached as soon as enough have agreed, otherwise all must have
        be done. A record that failed decides nothing: it is a task, and only a decision refuses.
        """
        over = [b for b in self.branches if b.key in self._join.over] or self.branches
        outside = [b for b in self.branches if b.kind == "decide" and b not in over]
        agreed = sum(b.has_agreed for b in over)
        enough = {"all": len(over), "any": 1, "k_of_n": min(self._join.k or 1, len(over))}
        satisfied = agreed >= enough[self._join.rule]
        if not all(b.is_done for b in (outside if satisfied else [*outside, *over])):
            return None
        if satisfied:
            return "partly_granted" if any(b.answer == "refuse" for b in outside) else "granted"
        refused = any(b.kind == "decide" and not b.has_agreed for b in over)
        return "refused" if refused or not agreed else "partly_granted"
