"""An application's whole life, moves and news in any mixture, against a plain model of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts import Event, approval
from contracts.intake import ApplicationAccepted, ApplicationStatusChanged, WithdrawalRequested
from services.intake.domain import Application, IllegalMove
from tests.unit.intake.helpers import DUE, FORM, NOW, NUMBER, Approval, snapshot, submitted

NEXT = {
    "awaiting_acceptance": {"accepted", "returned", "not_accepted", "withdrawn"},
    "returned": {"awaiting_acceptance", "withdrawn"},
    "accepted": {"in_approval", "decided", "closed", "withdrawn"},
    "in_approval": {"decided", "closed", "withdrawn"},
    "decided": {"closed"},
    "closed": set(),
    "not_accepted": set(),
    "withdrawn": set(),
}


class ApplicationLife(RuleBasedStateMachine):
    """``told`` is what approval truly says; it reaches the application late, mixed up and repeatedly."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.due = DUE
        self.told = Approval()
        self.undelivered: list[int] = []
        self.said: list[Event] = []
        self.seen: list[str] = []

    @initialize(desk=st.booleans())
    def file(self, desk: bool) -> None:
        self.application, said = submitted("desk" if desk else "automatic")
        self.hear(said)

    @property
    def status(self) -> str:
        return self.application.status

    def hear(self, said: list[Event]) -> None:
        self.said += said
        for event in said:
            if isinstance(event, ApplicationStatusChanged):
                if self.seen and event.status != self.seen[-1]:
                    assert event.status in NEXT[self.seen[-1]]
                self.seen.append(event.status)

    def attempt(self, allowed: bool, move: Any, *arguments: Any) -> bool:
        before = snapshot(self.application)
        try:
            said = move(*arguments)
        except IllegalMove as refused:
            assert not allowed, refused
            assert snapshot(self.application) == before
            return False
        assert allowed
        self.hear(said)
        return True

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def the_desk_accepts(self) -> None:
        self.attempt(self.status == "awaiting_acceptance", self.application.accept, self.now)

    @rule()
    def time_accepts(self) -> None:
        silent = self.status == "awaiting_acceptance" and self.now > self.due
        self.attempt(silent, self.application.accept_by_silence, self.now)

    @rule()
    def the_desk_returns(self) -> None:
        in_time = self.status == "awaiting_acceptance" and self.now <= self.due
        self.attempt(in_time, self.application.return_for_correction, self.now)

    @rule()
    def the_desk_refuses(self) -> None:
        in_time = self.status == "awaiting_acceptance" and self.now <= self.due
        self.attempt(in_time, self.application.refuse, "not_competent", "CG", self.now)

    @rule()
    def the_applicant_files_again(self) -> None:
        due = self.now + timedelta(days=7)
        called = self.application.called
        if self.attempt(
            self.status == "returned", self.application.resubmit, dict(FORM), called, self.now, due
        ):
            self.due = due

    @rule()
    def the_applicant_withdraws(self) -> None:
        running = ("awaiting_acceptance", "returned", "accepted", "in_approval")
        allowed = self.status in running and self.application.withdrawal is None
        self.attempt(allowed, self.application.withdraw, self.now)

    @rule(key=st.sampled_from(["food", "fire", "seal"]))
    def the_applicant_corrects(self, key: str) -> None:
        branch_no = self.told.branches[key].branch_no
        asked = self.application.open_request(branch_no) is not None
        self.attempt(asked, self.application.correct, branch_no, dict(FORM), self.now)

    @precondition(lambda self: self.application.accepted_at is not None)
    @rule(key=st.sampled_from(["food", "fire", "seal"]), step=st.integers(0, 3))
    def approval_goes_on(self, key: str, step: int) -> None:
        told = self.told
        length = len(told.story)
        if not told.story:
            told.open_case()
        elif self.ended:
            pass
        elif self.is_withdrawing and not self.is_decided:
            told.terminate()
        elif self.is_decided:
            told.close()
        elif told.branches[key].status in ("waiting", "answered"):
            if all(b.status == "answered" for b in told.branches.values()):
                told.decide()
            elif key == "seal" and told.branches["food"].status == "answered":
                told.branch(approval.BranchOpened, key, status="open")
        elif step == 0:
            told.branch(approval.BranchClaimed, key, status="claimed", handler="acc-9")
        elif step == 1:
            told.suspend(key, (told.branches[key].correction_request or 0) + 1)
        else:
            told.answer(key)
        self.undelivered += range(length, len(told.story))

    @precondition(lambda self: self.undelivered)
    @rule(data=st.data())
    def news_arrive(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(self.undelivered), min_size=1, unique=True))
        again = data.draw(st.lists(st.sampled_from(range(len(self.told.story))), max_size=2))
        delivered = set(self.undelivered) ^ set(range(len(self.told.story)))
        batch = [*some, *(n for n in again if n in delivered)]
        self.undelivered = [n for n in self.undelivered if n not in some]
        self.hear(self.application.follow([self.told.story[n] for n in batch]))

    @property
    def is_withdrawing(self) -> bool:
        return any(isinstance(e, WithdrawalRequested) for e in self.said)

    @property
    def is_decided(self) -> bool:
        return any(isinstance(e.event, approval.CaseDecided) for e in self.told.story)

    @property
    def ended(self) -> bool:
        ends = (approval.CaseClosed, approval.CaseTerminated)
        return any(isinstance(e.event, ends) for e in self.told.story)

    @invariant()
    def what_was_said_last_is_what_is(self) -> None:
        last = next(e for e in reversed(self.said) if isinstance(e, ApplicationStatusChanged))
        assert last.status == self.status
        assert last.outcome == self.application.outcome
        assert last.answered == self.application.case.answered

    @invariant()
    def it_is_accepted_at_most_once_and_only_then_goes_on(self) -> None:
        accepted = [e for e in self.said if isinstance(e, ApplicationAccepted)]
        assert len(accepted) == (self.application.accepted_at is not None)
        assert not self.application.case.has_begun or accepted

    @invariant()
    def the_desk_has_a_date_exactly_while_it_must_answer(self) -> None:
        waiting = self.status == "awaiting_acceptance"
        assert self.application.acceptance_due == (self.due if waiting else None)

    def teardown(self) -> None:
        if not hasattr(self, "application"):
            return
        late: Application = self.application
        late.follow([self.told.story[n] for n in self.undelivered])
        in_order, _ = submitted()
        in_order.follow(self.told.story)
        assert late.case == in_order.case
        if self.ended:
            expected = "closed" if self.is_decided else "withdrawn"
            assert (late.status, NUMBER) == (expected, late.application_no)


ApplicationLife.TestCase.settings = settings(max_examples=75, stateful_step_count=40, deadline=None)
TestApplicationLife = ApplicationLife.TestCase
