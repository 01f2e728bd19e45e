"""Every move in every state: what is legal changes the branch, what isn't is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts import Event
from contracts.approval import BranchOverdue, BranchSilent, BranchSuspended
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

LONG_AFTER = NOW + timedelta(days=60)
KEY = "a"

STATES: dict[str, list[str]] = {
    "waiting": [],
    "open": ["first answers"],
    "claimed": ["first answers", "claim"],
    "claimed by a colleague": ["first answers", "colleague claims"],
    "suspended for a correction": ["first answers", "claim", "ask correction"],
    "suspended by law": ["first answers", "claim", "suspend"],
    "answered": ["first answers", "system answers"],
    "silent": ["first answers", "fall silent"],
    "dropped": ["first answers", "withdraw"],
}
"""How a branch gets there."""

MOVES: dict[str, Callable[[Case, str], list[Event]]] = {
    "first answers": lambda case, _: give(case, "first", now=NOW),
    "claim": lambda case, no: case.claim(no, OFFICER),
    "colleague claims": lambda case, no: case.claim(no, COLLEAGUE),
    "release": lambda case, no: case.release(no, OFFICER),
    "officer answers": lambda case, _: give(case, KEY, officer=OFFICER, now=NOW),
    "system answers": lambda case, _: give(case, KEY, now=NOW),
    "late answer": lambda case, _: give(case, KEY, now=LONG_AFTER),
    "ask correction": lambda case, no: case.ask_correction(no, [], ["area"], OFFICER, NOW),
    "system asks correction": lambda case, no: case.ask_correction(no, [], ["area"], None, NOW),
    "suspend": lambda case, no: case.suspend(no, "hearing", OFFICER, NOW),
    "system suspends": lambda case, no: case.suspend(no, "testing", None, NOW),
    "resume": lambda case, no: case.resume(no, CALENDAR, NOW),
    "reassign": lambda case, no: case.reassign(no, "ZJ", OFFICER),
    "system reassigns": lambda case, no: case.reassign(no, "ZJ", None),
    "fall silent": lambda case, no: case.fall_silent(no, CALENDAR, LONG_AFTER),
    "withdraw": lambda case, _: case.withdraw(NOW),
}

SYSTEM = {"system answers", "late answer", "system asks correction", "system suspends", "system reassigns"}
HOLDER = {"release", "officer answers", "ask correction", "suspend", "reassign"}
LEGAL: dict[str, set[str]] = {
    "waiting": {"withdraw"},
    "open": {"claim", "colleague claims", "fall silent", "withdraw"} | SYSTEM,
    "claimed": {"claim", "fall silent", "withdraw"} | SYSTEM | HOLDER,
    "claimed by a colleague": {"colleague claims", "fall silent", "withdraw"} | SYSTEM,
    "suspended for a correction": {"withdraw"},
    "suspended by law": {"resume", "withdraw"},
    "answered": {"withdraw"},
    "silent": {"system answers", "withdraw"},
    "dropped": set(),
}
QUIET = {"withdraw", "fall silent"}
"""Time and events do nothing where they come too late; they are no mistake of anybody's."""


def in_state(state: str) -> tuple[Case, Branch]:
    of = procedure(
        "p",
        [consult("first", "D0"), consult(KEY, "DA", depends_on=("first",)), spec("last", "DZ")],
        all_of("last"),
    )
    case, _ = opened(of)
    for step in STATES[state]:
        MOVES[step](case, named(case, KEY).branch_no)
    return case, named(case, KEY)


@pytest.mark.parametrize("move", [m for m in MOVES if m != "first answers"])
@pytest.mark.parametrize("state", STATES)
def test_a_move_is_made_or_refused_by_the_state(state: str, move: str) -> None:
    case, branch = in_state(state)
    assert branch.status == state.split()[0]
    before = snapshot(case)
    status, handler = branch.status, branch.handler
    if move in LEGAL[state]:
        MOVES[move](case, branch.branch_no)
        idempotent = (move, state) in (("claim", "claimed"), ("colleague claims", "claimed by a colleague"))
        assert (snapshot(case) == before) == idempotent
    elif move in QUIET:
        assert MOVES[move](case, branch.branch_no) == []
        assert snapshot(case) == before
    else:
        with pytest.raises(IllegalMove) as refused:
            MOVES[move](case, branch.branch_no)
        assert refused.value.state == status
        assert refused.value.move in ("claim", "release", "answer", "suspend", "resume", "reassign")
        assert refused.value.holder == handler
        assert snapshot(case) == before


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


@pytest.mark.parametrize("state", ["waiting", "answered", "silent", "dropped", "suspended by law"])
def test_nothing_is_escalated_that_is_not_running(state: str) -> None:
    case, branch = in_state(state)
    assert case.mark_overdue(branch.branch_no, LONG_AFTER) == []
