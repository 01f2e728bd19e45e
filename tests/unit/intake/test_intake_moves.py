"""Which moves each state allows, and what the legal ones say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts import Event, approval
from contracts.intake import (
    ApplicationAccepted,
    ApplicationCorrected,
    ApplicationNotAccepted,
    ApplicationReturned,
    ApplicationStatusChanged,
    ApplicationSubmitted,
    WithdrawalRequested,
)
from contracts.procedure import Condition
from services.intake.domain import Application, IllegalMove, called_for, prerequisites_of
from tests.unit.intake.helpers import (
    DUE,
    FORM,
    LATER,
    NOW,
    NUMBER,
    Approval,
    procedure,
    short_story,
    snapshot,
    submitted,
    withdrawn_story,
)

TOO_LATE = DUE + timedelta(seconds=1)
Move = Callable[[Application], list[Event]]

MOVES: dict[str, Move] = {
    "accept": lambda a: a.accept(LATER),
    "accept_by_silence": lambda a: a.accept_by_silence(TOO_LATE),
    "return_for_correction": lambda a: a.return_for_correction(LATER),
    "refuse": lambda a: a.refuse("no_licence_needed", None, LATER),
    "resubmit": lambda a: a.resubmit(dict(FORM), a.called, LATER, DUE),
    "move_due": lambda a: a.move_due(DUE + timedelta(days=1)),
    "withdraw": lambda a: a.withdraw(LATER),
    "correct": lambda a: a.correct(f"{NUMBER}-01", dict(FORM), LATER),
}
ALLOWED = {
    "awaiting_acceptance": {
        "accept",
        "accept_by_silence",
        "return_for_correction",
        "refuse",
        "move_due",
        "withdraw",
    },
    "returned": {"resubmit", "withdraw"},
    "not_accepted": set[str](),
    "accepted": {"withdraw"},
    "in_approval": {"withdraw"},
    "decided": set[str](),
    "closed": set[str](),
    "withdrawn": set[str](),
}


def made(status: str) -> Application:
    """An application in this state."""
    application, _ = submitted(
        "desk" if status in ("awaiting_acceptance", "returned", "not_accepted") else "automatic"
    )
    if status == "returned":
        application.return_for_correction(NOW)
    if status == "not_accepted":
        application.refuse("incomplete", None, NOW)
    story = {
        "in_approval": short_story()[:2],
        "decided": short_story()[:4],
        "closed": short_story(),
        "withdrawn": withdrawn_story(),
    }
    application.follow(story.get(status, []))
    assert application.status == status
    return application


@pytest.mark.parametrize("status", ALLOWED)
@pytest.mark.parametrize("move", MOVES)
def test_a_move_is_made_or_refused_by_the_state(status: str, move: str) -> None:
    application = made(status)
    before = snapshot(application)
    if move in ALLOWED[status]:
        said = MOVES[move](application)
        assert isinstance(said[-1], ApplicationStatusChanged)
        assert said[-1].status == application.status
        assert snapshot(application) != before
    else:
        with pytest.raises(IllegalMove) as refused:
            MOVES[move](application)
        branch = {"in_approval": "claimed", "decided": "answered"}.get(status, status)
        assert refused.value.state == (branch if move == "correct" else status)
        assert refused.value.move == move
        assert snapshot(application) == before


def test_a_filing_whose_checks_all_pass_is_accepted_at_once() -> None:
    application, said = submitted()
    assert [type(e) for e in said] == [ApplicationSubmitted, ApplicationAccepted, ApplicationStatusChanged]
    accepted = said[1]
    assert isinstance(accepted, ApplicationAccepted)
    assert (accepted.by, accepted.branches, accepted.accepted_at) == ("rule", ("food", "fire", "seal"), NOW)
    assert application.status == "accepted"


def test_a_filing_for_the_desk_waits_for_it() -> None:
    application, said = submitted("desk")
    assert [type(e) for e in said] == [ApplicationSubmitted, ApplicationStatusChanged]
    assert (application.status, application.acceptance_due) == ("awaiting_acceptance", DUE)


def test_the_desk_accepts_from_the_moment_it_says_so() -> None:
    application, _ = submitted("desk")
    accepted = application.accept(LATER)[0]
    assert isinstance(accepted, ApplicationAccepted)
    assert (accepted.by, accepted.accepted_at) == ("desk", LATER)


def test_a_silent_desk_has_accepted_as_of_receipt() -> None:
    application, _ = submitted("desk")
    accepted = application.accept_by_silence(TOO_LATE)[0]
    assert isinstance(accepted, ApplicationAccepted)
    assert (accepted.by, accepted.accepted_at) == ("silence", NOW)


def test_before_its_time_is_over_the_desk_is_not_silent() -> None:
    application, _ = submitted("desk")
    with pytest.raises(IllegalMove):
        application.accept_by_silence(DUE)


def test_a_desk_that_accepts_too_late_confirms_what_the_law_did() -> None:
    application, _ = submitted("desk")
    accepted = application.accept(TOO_LATE)[0]
    assert isinstance(accepted, ApplicationAccepted)
    assert (accepted.by, accepted.accepted_at) == ("silence", NOW)


@pytest.mark.parametrize(
    "move",
    [lambda a: a.return_for_correction(TOO_LATE), lambda a: a.refuse("incomplete", None, TOO_LATE)],
)
def test_a_desk_that_objects_too_late_finds_it_accepted(move: Move) -> None:
    application, _ = submitted("desk")
    with pytest.raises(IllegalMove) as refused:
        move(application)
    assert refused.value.state == "accepted"


def test_returned_papers_start_the_desks_time_afresh() -> None:
    application, _ = submitted("desk")
    returned = application.return_for_correction(LATER)[0]
    assert returned == ApplicationReturned(application_no=NUMBER, round=1)
    assert application.acceptance_due is None
    again = LATER + timedelta(days=30)
    due = again + timedelta(days=7)
    application.resubmit({**FORM, "area": 100}, ("food", "seal"), again, due)
    assert (application.status, application.acceptance_due) == ("awaiting_acceptance", due)
    accepted = application.accept_by_silence(due + timedelta(seconds=1))[0]
    assert isinstance(accepted, ApplicationAccepted)
    assert (accepted.accepted_at, accepted.branches) == (again, ("food", "seal"))


def test_somebody_elses_matter_names_whose_it_is() -> None:
    application, _ = submitted("desk")
    said = application.refuse("not_competent", "CG", LATER)
    assert said[0] == ApplicationNotAccepted(
        application_no=NUMBER, ground="not_competent", competent_department="CG"
    )
    assert application.status == "not_accepted"


@pytest.mark.parametrize(("ground", "competent"), [("not_competent", None), ("incomplete", "CG")])
def test_a_competent_department_is_named_exactly_when_this_one_is_not(ground: str, competent: str) -> None:
    application, _ = submitted("desk")
    with pytest.raises(ValueError, match="competent"):
        application.refuse(ground, competent, LATER)  # type: ignore[arg-type]
    assert application.status == "awaiting_acceptance"


def test_before_acceptance_a_withdrawal_ends_it_at_once() -> None:
    application, _ = submitted("desk")
    said = application.withdraw(LATER)
    assert [type(e) for e in said] == [ApplicationStatusChanged]
    assert (application.status, application.withdrawal) == ("withdrawn", "withdrawn")


def test_after_acceptance_a_withdrawal_waits_for_approval() -> None:
    application, _ = submitted()
    said = application.withdraw(LATER)
    assert said[0] == WithdrawalRequested(application_no=NUMBER, requested_at=LATER)
    assert (application.status, application.withdrawal) == ("accepted", "pending")
    application.follow(withdrawn_story())
    assert (application.status, application.withdrawal) == ("withdrawn", "withdrawn")


def test_a_second_wish_to_withdraw_is_refused() -> None:
    application, _ = submitted()
    application.withdraw(LATER)
    with pytest.raises(IllegalMove) as refused:
        application.withdraw(LATER)
    assert refused.value.state == "withdrawal_requested"


def test_a_withdrawn_application_only_records_late_answers() -> None:
    application, _ = submitted()
    story = withdrawn_story()
    application.follow(story[:-1])
    before = application.case.answered
    said = application.follow(story[-1:])
    assert application.status == "withdrawn"
    assert (before, application.case.answered) == (0, 1)
    assert [e.status for e in said if isinstance(e, ApplicationStatusChanged)] == ["withdrawn"]


def test_each_correction_request_is_answered_once() -> None:
    application, _ = submitted()
    told = Approval()
    told.open_case()
    told.suspend("food", 1)
    application.follow(told.story)
    first = f"{NUMBER}-01"
    assert application.open_request(first) == 1
    said = application.correct(first, {**FORM, "shop_name": "禾记小馆"}, LATER)
    assert said[0] == ApplicationCorrected(application_no=NUMBER, branch_no=first, request=1)
    assert application.form["shop_name"] == "禾记小馆"
    assert application.open_request(first) is None
    with pytest.raises(IllegalMove) as refused:
        application.correct(first, dict(FORM), LATER)
    assert (refused.value.state, refused.value.move) == ("suspended", "correct")
    told.suspend("food", 2)
    application.follow(told.story)
    assert application.open_request(first) == 2


def test_a_pause_that_asks_nothing_of_the_applicant_takes_no_correction() -> None:
    application, _ = submitted()
    told = Approval()
    told.open_case()
    told.branch(approval.BranchSuspended, "food", status="suspended")
    application.follow(told.story)
    with pytest.raises(IllegalMove):
        application.correct(f"{NUMBER}-01", dict(FORM), LATER)


def test_nothing_is_corrected_in_a_case_that_has_ended() -> None:
    application, _ = submitted()
    told = Approval()
    told.open_case()
    told.suspend("food", 1)
    told.terminate()
    application.follow(told.story)
    with pytest.raises(IllegalMove) as refused:
        application.correct(f"{NUMBER}-01", dict(FORM), LATER)
    assert refused.value.state == "withdrawn"


@pytest.mark.parametrize(
    ("form", "called"),
    [
        ({"area": 299.9}, ("food", "seal")),
        ({"area": 300}, ("food", "fire", "seal")),
        ({"area": True}, ("food", "seal")),
        ({"area": "400"}, ("food", "seal")),
        ({"has_sign": True}, ("food", "seal", "sign")),
        ({}, ("food", "seal")),
    ],
)
def test_a_branch_is_called_for_when_its_conditions_are_met(
    form: dict[str, object], called: tuple[str, ...]
) -> None:
    assert called_for(procedure(), form) == called


def test_yes_is_no_number_even_where_one_would_do() -> None:
    first, second, *_ = procedure().branches
    when = (Condition(field="area", at_least=1),)
    asked = procedure(branches=(first, dataclasses.replace(second, when=when)))
    assert called_for(asked, {"area": True}) == ("food",)
    assert called_for(asked, {"area": 1}) == ("food", "fire")


def test_an_answer_stands_in_the_timeline_when_it_was_given_not_when_it_was_recorded() -> None:
    application, _ = submitted()
    told = Approval(["food"])
    told.open_case()
    told.branch(approval.BranchAnswered, "food", status="answered", answered_at=LATER, results={})
    told.story[-1] = dataclasses.replace(told.story[-1], time=LATER + timedelta(days=1))
    application.follow(told.story)
    assert application.case.timeline[2].at == LATER


def test_prerequisites_are_counted_near_and_far() -> None:
    first, second, third, *_ = procedure().branches
    chain = procedure(branches=(first, third, dataclasses.replace(second, depends_on=("seal",))))
    assert prerequisites_of(chain, "fire") == {"food", "seal"}
    assert prerequisites_of(chain, "food") == set()
