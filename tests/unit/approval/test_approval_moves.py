"""Every move in every state: what is legal changes the branch, what isn't is refused by name."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import get_args

import pytest

from contracts.approval import BranchEvent, BranchOverdue, BranchSilent, BranchStatus, BranchSuspended
from services.approval.domain import AlreadyAsked, Branch, Case, IllegalMove, NotAsked
from tests.unit.approval.helpers import (
    CALENDAR,
    COLLEAGUE,
    NOW,
    OFFICER,
    RULE,
    advertising,
    all_of,
    brief,
    consult,
    give,
    named,
    opened,
    procedure,
    snapshot,
    spec,
)
from tests.unit.approval.move_table import (
    CHANGES,
    HAS_IT,
    HOLIDAY,
    KEY,
    LONG_AFTER,
    MOVES,
    OTHERWISE,
    OTHERWISE_IN,
    REFUSED_AS,
    STATES,
    TIME,
    UNSIGNED,
    in_state,
    make,
)

TIME_ALONE = {"mark_overdue", "recount"}
"""Moves of the whole case that nobody makes: tried in every state by tests of their own."""
NO_MOVES = {"open", "attach", "spec", "branch", "silence_due", "escalation_due"}


def test_every_transition_of_a_case_and_a_branch_stands_in_the_table() -> None:
    assert methods(Case) - NO_MOVES == {method for method, _ in MOVES.values()} | TIME_ALONE
    called = {"open", "drop", "give", "propose", "take_up_again", "reckon"}
    assert methods(Branch) - called <= methods(Case)
    assert STATES.keys() == CHANGES.keys()
    assert {state.split()[0].strip(",") for state in STATES} == set(get_args(BranchStatus))


def methods(kind: type) -> set[str]:
    """Public ones, also inherited."""
    return {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}


@pytest.mark.parametrize("move", [m for m in MOVES if m != "first answers"])
@pytest.mark.parametrize("state", STATES)
def test_a_move_is_made_or_refused_by_the_state(state: str, move: str) -> None:
    case, branch = in_state(state)
    assert branch.status == state.split()[0].strip(",")
    before = snapshot(case)
    status, handler = branch.status, branch.handler
    if move in CHANGES[state]:
        assert make(move, case, branch.branch_no)
        assert snapshot(case) != before
        return
    if move in TIME or move in HAS_IT.get(state, ()):
        assert make(move, case, branch.branch_no) == []
    else:
        kind = OTHERWISE_IN.get((state, move)) or OTHERWISE.get(move, IllegalMove)
        with pytest.raises(kind) as refused:
            make(move, case, branch.branch_no)
        if isinstance(refused.value, IllegalMove):
            waits = "signature" in state and MOVES[move][0] in UNSIGNED
            assert refused.value.state == ("awaiting_signature" if waits else status)
            assert refused.value.move == REFUSED_AS[MOVES[move][0]]
            assert refused.value.holder == handler
    assert snapshot(case) == before


@pytest.mark.parametrize("state", STATES)
def test_a_holiday_moves_the_dates_of_what_runs_and_of_nothing_else(state: str) -> None:
    case, branch = in_state(state)
    before = vars(branch) | {}
    told = [e for e in case.recount(HOLIDAY, NOW) if isinstance(e, BranchEvent) and e.branch.key == KEY]
    if branch.status in ("open", "claimed", "suspended"):
        assert brief(told) == ["DueDatesMoved a"]
        assert branch.promised_due is not None and branch.promised_due > before["promised_due"]
        before |= {"promised_due": branch.promised_due, "statutory_due": branch.statutory_due}
    else:
        assert told == []
    assert vars(branch) == before


@pytest.mark.parametrize("state", [state for state in STATES if state != "silent"])
def test_what_runs_past_its_limit_by_law_is_escalated_and_nothing_else(state: str) -> None:
    case, branch = in_state(state, on_timeout="escalate", timeout_source=None)
    runs = branch.status in ("open", "claimed") or state == "suspended for a correction"
    told = case.mark_overdue(branch.branch_no, LONG_AFTER)
    assert brief(told) == (["BranchOverdue a"] if runs else [])
    assert branch.overdue == runs
    assert case.mark_overdue(branch.branch_no, LONG_AFTER) == []


def test_somebody_elses_claim_is_refused_by_name_and_ones_own_is_no_news() -> None:
    case, branch = in_state("claimed")
    with pytest.raises(IllegalMove, match="can't claim a branch that is claimed") as refused:
        case.claim(branch.branch_no, COLLEAGUE)
    assert refused.value.holder == OFFICER
    assert case.claim(branch.branch_no, OFFICER) == []


def test_after_a_release_the_colleague_may_take_it() -> None:
    case, branch = in_state("claimed")
    assert brief(case.release(branch.branch_no, OFFICER)) == ["BranchReleased a"]
    case.claim(branch.branch_no, COLLEAGUE)
    assert branch.handler == COLLEAGUE


def test_a_correction_comes_back_to_the_officer_who_asked() -> None:
    case, branch = in_state("suspended for a correction")
    assert branch.state.correction_request == 1
    assert brief(case.corrected(branch.branch_no, 1, CALENDAR, NOW)) == ["BranchResumed a"]
    assert (branch.status, branch.handler, branch.state.correction_request) == ("claimed", OFFICER, None)


def test_a_correction_heard_twice_is_heard_once() -> None:
    case, branch = in_state("suspended for a correction")
    case.corrected(branch.branch_no, 1, CALENDAR, NOW)
    case.suspend(branch.branch_no, "hearing", OFFICER, NOW)
    before = snapshot(case)
    assert case.corrected(branch.branch_no, 1, CALENDAR, NOW) == []
    assert snapshot(case) == before


def test_a_correction_that_precedes_its_request_is_too_early() -> None:
    case, branch = in_state("open")
    with pytest.raises(NotAsked):
        case.corrected(branch.branch_no, 1, CALENDAR, NOW)


def test_a_correction_after_the_end_is_noted_and_changes_no_state() -> None:
    case, branch = in_state("suspended for a correction")
    case.withdraw(NOW)
    assert case.corrected(branch.branch_no, 1, CALENDAR, NOW) == []
    assert (branch.status, branch.corrected) == ("dropped", 1)


def test_everything_is_asked_once_and_asking_again_for_a_field_is_refused() -> None:
    case, branch = in_state("claimed")
    with pytest.raises(AlreadyAsked) as refused:
        case.ask_correction(branch.branch_no, ["area", "name"], ["name", "sign", "area"], OFFICER, NOW)
    assert refused.value.fields == ("area", "name")
    assert branch.status == "claimed"
    (event,) = case.ask_correction(branch.branch_no, ["area"], ["name"], OFFICER, NOW)
    assert isinstance(event, BranchSuspended)


def test_a_second_correction_has_a_number_of_its_own() -> None:
    case, branch = in_state("suspended for a correction")
    case.corrected(branch.branch_no, 1, CALENDAR, NOW)
    case.ask_correction(branch.branch_no, ["area"], ["name"], OFFICER, NOW)
    assert branch.state.correction_request == 2
    assert case.corrected(branch.branch_no, 1, CALENDAR, NOW) == []
    assert branch.status == "suspended"


def test_silence_is_an_agreement_by_the_rule_it_names_and_lets_the_case_go_on() -> None:
    case, _ = opened(advertising())
    give(case, "traffic")
    events = case.fall_silent(named(case, "planning").branch_no, CALENDAR, LONG_AFTER)
    assert brief(events) == ["BranchSilent planning", "BranchOpened decision"]
    assert isinstance(events[0], BranchSilent)
    assert (events[0].source_of_rule, events[0].branch.answer) == (RULE, "agree")
    assert named(case, "planning").deemed


def test_before_its_time_is_over_nobody_is_silent() -> None:
    case, _ = opened(advertising())
    branch = named(case, "planning")
    assert branch.promised_due is not None
    assert case.fall_silent(branch.branch_no, CALENDAR, branch.promised_due) == []
    moment_after = branch.promised_due + timedelta(microseconds=1)
    assert brief(case.fall_silent(branch.branch_no, CALENDAR, moment_after)) == ["BranchSilent planning"]


def test_who_must_answer_never_falls_silent() -> None:
    case, _ = opened(advertising(), ["decision"])
    assert case.fall_silent(named(case, "decision").branch_no, CALENDAR, LONG_AFTER) == []


def test_a_timely_answer_that_arrives_after_the_silence_replaces_it() -> None:
    case, _ = opened(advertising())
    branch = named(case, "planning")
    case.fall_silent(branch.branch_no, CALENDAR, LONG_AFTER)
    events = give(case, "planning", "agree_with_conditions", now=LONG_AFTER, taken_at=branch.promised_due)
    assert brief(events) == ["BranchAnswered planning"]
    assert (branch.status, branch.answer, branch.deemed) == ("answered", "agree_with_conditions", False)


def test_a_late_answer_does_not_replace_a_silence() -> None:
    case, _ = opened(advertising())
    branch = named(case, "planning")
    case.fall_silent(branch.branch_no, CALENDAR, LONG_AFTER)
    assert branch.promised_due is not None
    with pytest.raises(IllegalMove, match="answer a branch that is silent"):
        give(case, "planning", now=LONG_AFTER, taken_at=branch.promised_due + timedelta(seconds=1))


def test_after_the_decision_a_silence_stands() -> None:
    case, _ = opened(advertising())
    for key in ("planning", "traffic"):
        case.fall_silent(named(case, key).branch_no, CALENDAR, LONG_AFTER)
    give(case, "decision", now=LONG_AFTER)
    assert case.outcome == "granted"
    with pytest.raises(IllegalMove):
        give(case, "planning", now=LONG_AFTER, taken_at=NOW)


def test_after_a_withdrawal_a_silence_stands_and_nothing_is_decided() -> None:
    case, _ = opened(advertising())
    for key in ("planning", "traffic"):
        case.fall_silent(named(case, key).branch_no, CALENDAR, LONG_AFTER)
    case.withdraw(LONG_AFTER)
    before = snapshot(case)
    with pytest.raises(IllegalMove, match="answer a branch that is silent"):
        give(case, "planning", now=LONG_AFTER, taken_at=NOW)
    assert snapshot(case) == before


def test_a_timely_refusal_that_replaces_a_silence_drops_what_the_silence_had_opened() -> None:
    silent = {"kind": "decide", "on_timeout": "deemed_agreed"}
    of = procedure("p", [consult("a", "DA", **silent), spec("b", "DB", depends_on=("a",))], all_of("a", "b"))
    case, _ = opened(of)
    case.fall_silent(named(case, "a").branch_no, CALENDAR, LONG_AFTER)
    case.claim(named(case, "b").branch_no, OFFICER)
    events = give(case, "a", "refuse", now=LONG_AFTER, taken_at=NOW)
    assert brief(events) == ["BranchAnswered a", "CaseDecided", "BranchDropped b", "CaseClosed"]
    assert case.outcome == "refused"


def test_a_deemed_agreement_issues_no_licence() -> None:
    of = procedure("p", [consult("a", "DA", kind="decide", issues="permit")], all_of("a"))
    case, _ = opened(of)
    events = case.fall_silent(named(case, "a").branch_no, CALENDAR, LONG_AFTER)
    assert brief(events) == ["BranchSilent a", "CaseDecided", "CaseClosed"]


def test_what_is_past_its_limit_by_law_is_escalated_once() -> None:
    case, _ = opened(advertising(), ["decision"])
    branch = named(case, "decision")
    assert branch.statutory_due is not None
    assert case.mark_overdue(branch.branch_no, branch.statutory_due - timedelta(seconds=1)) == []
    (event,) = case.mark_overdue(branch.branch_no, branch.statutory_due)
    assert isinstance(event, BranchOverdue) and event.branch.overdue
    assert case.mark_overdue(branch.branch_no, LONG_AFTER) == []
    give(case, "decision", now=LONG_AFTER)
    assert branch.status == "answered", "overdue still has to be answered"
