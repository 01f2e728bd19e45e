"""A case's whole life in any mixture of moves, against a plain model of what is legal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts import Event
from contracts.approval import (
    Answer,
    BranchEvent,
    BranchOverdue,
    CaseClosed,
    CaseDecided,
    CaseOpened,
    CaseTerminated,
    DueDatesMoved,
    LicenceIssued,
    SignatureDecided,
    SignatureRequested,
)
from services.approval.domain import Branch, CannotExtend, Case, IllegalMove, NotAllowed, SameHand
from tests.unit.approval.helpers import (
    CALENDAR,
    COLLEAGUE,
    GUARDED,
    MIXED,
    NOW,
    OFFICER,
    advertising,
    founding,
    give,
    opened,
    parallel,
    restaurant,
    snapshot,
)

PROCEDURES = [
    founding(),
    restaurant(),
    advertising(),
    parallel("any"),
    parallel("k_of_n", 2),
    MIXED,
    GUARDED,
    GUARDED,
]

branches = st.integers(0, 4)
HEAD = "acc-xu"
officers = st.sampled_from([OFFICER, COLLEAGUE])
heads = st.sampled_from([HEAD, HEAD, OFFICER])
actors = st.sampled_from([None, OFFICER, COLLEAGUE])


class CaseLife(RuleBasedStateMachine):
    @initialize(of=st.sampled_from(PROCEDURES), left_out=st.sets(st.integers(0, 4), max_size=2))
    def accept(self, of: object, left_out: set[int]) -> None:
        keys = [b.key for n, b in enumerate(of.branches) if n not in left_out]  # type: ignore[attr-defined]
        self.now = NOW
        self.depends_on = {b.key: b.depends_on for b in of.branches}  # type: ignore[attr-defined]
        self.case, said = opened(of, keys)  # type: ignore[arg-type]
        self.asked: Counter[str] = Counter()
        self.said: list[Event] = []
        self.ended: dict[str, tuple[object, ...]] = {}
        self.hear(said)

    def hear(self, said: list[Event]) -> None:
        self.said += said

    def attempt(self, legal: bool, move: Callable[[], list[Event]]) -> bool:
        before = snapshot(self.case)
        try:
            said = move()
        except (IllegalMove, NotAllowed, CannotExtend, SameHand) as refused:
            assert not legal, refused
            assert snapshot(self.case) == before
            return False
        assert legal
        self.hear(said)
        return True

    def pick(self, number: int) -> Branch | None:
        found = self.case.branches
        return found[number % len(found)] if found else None

    @rule(hours=st.sampled_from([1, 8, 24, 24 * 7, 24 * 30]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(number=branches, officer=officers)
    def an_officer_claims(self, number: int, officer: str) -> None:
        if branch := self.pick(number):
            again = branch.is_task and not self.case.is_over
            mine = branch.status == "claimed" and branch.handler == officer
            if self.attempt(
                branch.status == "open" or mine or again, lambda: self.case.claim(branch.branch_no, officer)
            ):
                self.ended.pop(branch.key, None)

    @rule(number=branches, officer=officers, absent=officers)
    def somebody_stands_in_for_whoever_has_it(self, number: int, officer: str, absent: str) -> None:
        branch = self.pick(number)
        if branch and branch.status == "claimed" and branch.handler not in (None, officer):
            legal = branch.handler == absent and branch.proposed is None
            self.attempt(legal, lambda: self.case.claim(branch.branch_no, officer, {absent}))

    @rule(number=branches, officer=officers)
    def an_officer_releases(self, number: int, officer: str) -> None:
        if branch := self.pick(number):
            legal = self.works_on(branch, officer)
            self.attempt(legal, lambda: self.case.release(branch.branch_no, officer))

    @rule(
        number=branches,
        actor=actors,
        answer=st.sampled_from(["agree", "agree", "agree_with_conditions", "refuse", "unable"]),
        late=st.booleans(),
    )
    def somebody_answers(self, number: int, actor: str | None, answer: Answer, late: bool) -> None:
        if branch := self.pick(number):
            taken_at = self.now if late or branch.opened_at is None else branch.opened_at
            timely = branch.promised_due is not None and taken_at <= branch.promised_due
            replaces = (
                branch.status == "silent"
                and timely
                and actor is None
                and not (self.case.decided_at or self.case.terminated_at)
            )
            fits = {
                "decide": answer != "unable",
                "record": answer in ("agree", "unable"),
                "consult": answer in ("agree", "agree_with_conditions"),
                "register": answer in ("agree", "unable"),
            }[branch.kind]
            again = branch.is_task and actor is None and answer != "unable" and not self.case.is_over
            at_work = branch.status in ("open", "claimed") if actor is None else self.works_on(branch, actor)
            if again and fits:
                self.ended.pop(branch.key, None)
            self.attempt(
                fits and (at_work or replaces or again),
                lambda: give(
                    self.case,
                    branch.key,
                    answer,
                    officer=actor,
                    now=self.now,
                    taken_at=taken_at,
                    credit_code="91X",
                ),
            )

    @rule(number=branches, actor=actors)
    def somebody_asks_for_a_correction(self, number: int, actor: str | None) -> None:
        if branch := self.pick(number):
            field = f"field{self.asked[branch.key]}"
            asked = [f"field{n}" for n in range(self.asked[branch.key])]
            if self.attempt(
                self.works_on(branch, actor),
                lambda: self.case.ask_correction(branch.branch_no, asked, [field], actor, self.now),
            ):
                self.asked[branch.key] += 1

    @rule(number=branches)
    def the_applicant_corrects(self, number: int) -> None:
        branch = self.pick(number)
        if branch and self.asked[branch.key]:
            request = self.asked[branch.key]
            self.attempt(True, lambda: self.case.corrected(branch.branch_no, request, CALENDAR, self.now))
            assert branch.corrected == request

    @rule(number=branches, actor=actors)
    def a_hearing_begins(self, number: int, actor: str | None) -> None:
        if branch := self.pick(number):
            self.attempt(
                self.works_on(branch, actor),
                lambda: self.case.suspend(branch.branch_no, "hearing", actor, self.now),
            )

    @rule(number=branches)
    def the_hearing_ends(self, number: int) -> None:
        if branch := self.pick(number):
            hearing = branch.open_pause is not None and branch.open_pause.kind == "art_45"
            self.attempt(hearing, lambda: self.case.resume(branch.branch_no, CALENDAR, self.now))

    @rule(number=branches, actor=actors)
    def somebody_else_is_competent(self, number: int, actor: str | None) -> None:
        if branch := self.pick(number):
            self.attempt(
                self.works_on(branch, actor), lambda: self.case.reassign(branch.branch_no, "DX", actor)
            )

    @rule(number=branches, officer=officers, days=st.integers(0, 12))
    def an_officer_asks_for_more_time(self, number: int, officer: str, days: int) -> None:
        if branch := self.pick(number):
            extension = self.case.spec(branch).extension
            legal = (
                branch.status == "claimed"
                and branch.handler == officer
                and extension is not None
                and branch.statutory_due is not None
                and not branch.extended
                and branch.extension_asked is None
                and 0 < days <= extension.value
                and self.now <= branch.statutory_due
            )
            self.attempt(legal, lambda: self.case.ask_extension(branch.branch_no, days, officer, self.now))

    @rule(number=branches, head=heads, approved=st.booleans())
    def the_head_decides_on_more_time(self, number: int, head: str, approved: bool) -> None:
        if branch := self.pick(number):
            days, before = branch.extension_asked, branch.statutory_due
            stopped = branch.open_pause
            at = stopped.started_at if stopped and stopped.stops == "both" else self.now
            in_time = before is not None and at <= before
            legal = days is not None and head != branch.extension_asked_by and (in_time or not approved)
            if self.attempt(
                legal,
                lambda: self.case.decide_extension(branch.branch_no, approved, head, CALENDAR, self.now),
            ):
                assert before is not None and days is not None
                moved = CALENDAR.add_workdays(before, days) if approved else before
                assert (branch.statutory_due, branch.extension_asked) == (moved, None)

    @rule(number=branches, head=heads, signs=st.booleans())
    def the_head_signs_or_sends_back(self, number: int, head: str, signs: bool) -> None:
        if branch := self.pick(number):
            legal = branch.proposed is not None and head != branch.proposed_by
            no = branch.branch_no
            if self.attempt(
                legal,
                lambda: (
                    self.case.sign(no, head, CALENDAR, self.now) if signs else self.case.send_back(no, head)
                ),
            ):
                assert branch.proposed is None
                assert branch.answer == ("refuse" if signs else None)

    @rule()
    def the_same_calendar_moves_no_date(self) -> None:
        self.attempt(True, lambda: self.case.recount(CALENDAR, self.now))
        assert not any(isinstance(e, DueDatesMoved) for e in self.said)

    @rule(number=branches)
    def time_asks_whether_a_branch_is_silent(self, number: int) -> None:
        if branch := self.pick(number):
            due = self.case.silence_due(branch)
            self.attempt(True, lambda: self.case.fall_silent(branch.branch_no, CALENDAR, self.now))
            assert (branch.status == "silent") or due is None or due >= self.now

    @rule(number=branches)
    def time_asks_whether_a_branch_is_overdue(self, number: int) -> None:
        if branch := self.pick(number):
            self.attempt(True, lambda: self.case.mark_overdue(branch.branch_no, self.now))

    @rule(really=st.sampled_from([True, False, False]))
    def the_applicant_withdraws(self, really: bool) -> None:
        if really:
            stands = self.case.decided_at is not None
            self.attempt(True, lambda: self.case.withdraw(self.now))
            assert (self.case.terminated_at is None) == stands

    def waits_for(self, key: str, called: set[str]) -> set[str]:
        """The called-for branches in front of one, through those that weren't called for."""
        wanted, found = set(self.depends_on[key]), set()
        while wanted:
            name = wanted.pop()
            if name in called:
                found.add(name)
            else:
                wanted |= set(self.depends_on[name])
        return found

    def works_on(self, branch: Branch, actor: str | None) -> bool:
        if branch.proposed is not None:
            return False
        if actor is None:
            return branch.status in ("open", "claimed")
        return branch.status == "claimed" and branch.handler == actor

    @invariant()
    def the_newest_event_of_a_branch_says_how_it_stands(self) -> None:
        newest = {}
        for event in self.said:
            if isinstance(event, CaseOpened):
                newest |= {b.branch_no: b for b in event.branches}
            elif isinstance(event, BranchEvent):
                newest[event.branch.branch_no] = event.branch
        for branch in self.case.branches:
            if branch.status == "dropped":
                assert newest[branch.branch_no].status == "dropped"
            else:
                assert newest[branch.branch_no] == branch.state

    @invariant()
    def nobody_begins_before_what_it_depends_on_has_agreed(self) -> None:
        known = {b.key: b for b in self.case.branches}
        for branch in self.case.branches:
            needed = [known[k] for k in self.waits_for(branch.key, set(known))]
            if branch.status in ("open", "claimed", "suspended"):
                assert all(b.has_agreed for b in needed)
            elif branch.status == "waiting":
                assert not all(b.has_agreed for b in needed)
                assert not any(b.is_done and not b.has_agreed for b in needed)

    @invariant()
    def what_is_finished_stays_as_it_is(self) -> None:
        for branch in self.case.branches:
            if not branch.is_finished:
                continue
            state = (branch.status, branch.answer, branch.department, branch.handler, branch.answered_at)
            known = self.ended.get(branch.key, state)
            assert state == known or (known[0], branch.status) == ("silent", "answered")
            self.ended[branch.key] = state

    @invariant()
    def only_a_decision_refuses_and_only_what_depends_on_a_failure_is_dropped(self) -> None:
        known = {b.key: b for b in self.case.branches}
        for branch in self.case.branches:
            assert branch.answer != "refuse" or branch.kind == "decide"
            if branch.status == "dropped" and not self.case.terminated_at:
                needed = [known[k] for k in self.waits_for(branch.key, set(known))]
                assert any(b.is_done and not b.has_agreed for b in needed)

    @invariant()
    def it_is_decided_at_most_once_and_then_it_was_time(self) -> None:
        decisions = [e for e in self.said if isinstance(e, CaseDecided)]
        assert [e.outcome for e in decisions] == ([self.case.outcome] if self.case.decided_at else [])
        if not self.case.decided_at and not self.case.terminated_at:
            assert any(not b.is_done for b in self.case.branches)

    @invariant()
    def it_ends_once_and_in_one_way(self) -> None:
        closed = [e for e in self.said if isinstance(e, CaseClosed)]
        ended = [e for e in self.said if isinstance(e, CaseTerminated)]
        assert len(closed) == (self.case.closed_at is not None)
        assert len(ended) == (self.case.terminated_at is not None)
        required_done = all(b.is_done for b in self.case.branches if b.required)
        assert (self.case.closed_at is not None) == (self.case.decided_at is not None and required_done)
        assert not ((closed or self.case.decided_at) and ended)

    @invariant()
    def a_licence_is_issued_where_a_department_agreed_and_only_once(self) -> None:
        issued = Counter(e.branch_no for e in self.said if isinstance(e, LicenceIssued))
        agreed = {
            b.branch_no: 1
            for b in self.case.branches
            if b.status == "answered" and b.has_agreed and self.case.spec(b).issues
        }
        assert issued == Counter(agreed)

    @invariant()
    def an_officers_refusal_takes_two_where_the_item_says_so(self) -> None:
        asked = Counter(e.branch.branch_no for e in self.said if isinstance(e, SignatureRequested))
        decided = Counter(e.branch.branch_no for e in self.said if isinstance(e, SignatureDecided))
        for branch in self.case.branches:
            waits = branch.proposed is not None
            assert asked[branch.branch_no] >= decided[branch.branch_no] + waits
            assert not waits or (branch.status == "claimed" and self.case.spec(branch).second_signature)
            assert branch.extension_asked is None or not branch.is_finished

    @invariant()
    def an_officer_holds_what_is_claimed_and_a_pause_runs_while_suspended(self) -> None:
        overdue = Counter(e.branch.branch_no for e in self.said if isinstance(e, BranchOverdue))
        for branch in self.case.branches:
            assert branch.status != "claimed" or branch.handler
            assert branch.status != "open" or branch.handler is None
            assert (branch.open_pause is not None) == (branch.status == "suspended")
            assert overdue[branch.branch_no] == branch.overdue
            assert branch.opened_at is None or branch.status != "waiting"


CaseLife.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestCaseLife = CaseLife.TestCase


def test_the_machine_reaches_decisions_of_every_kind() -> None:
    """The model's procedures can end in each outcome, so that its invariants mean something."""
    outcomes = set()
    for answers in ("agree agree agree agree", "agree agree agree refuse", "refuse agree agree agree"):
        case: Case
        case, _ = opened(restaurant(), ["food", "fire", "drains", "sign"])
        for branch, answer in zip(case.branches, answers.split(), strict=True):
            give(case, branch.key, answer)  # type: ignore[arg-type]
        outcomes.add(case.outcome)
    assert outcomes == {"granted", "partly_granted", "refused"}
