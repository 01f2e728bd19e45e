"""What a case does when it is opened, answered and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.approval import (
    Answer,
    BranchAnswered,
    BranchEvent,
    BranchOpened,
    CaseDecided,
    CaseOpened,
    CaseTerminated,
    LicenceIssued,
)
from contracts.procedure import BranchKind, Join
from services.approval.domain import IllegalMove, Incomplete, NotAllowed, UnknownBranch
from tests.unit.approval.helpers import (
    CALENDAR,
    LATER,
    NOW,
    NUMBER,
    OFFICER,
    advertising,
    all_of,
    brief,
    founding,
    give,
    named,
    opened,
    parallel,
    procedure,
    record,
    restaurant,
    snapshot,
    spec,
    statuses,
)


def test_everything_that_depends_on_nothing_opens_at_the_same_moment() -> None:
    case, events = opened(restaurant())
    assert set(statuses(case).values()) == {"open"}
    assert brief(events) == ["CaseOpened", *(f"BranchOpened {b.key}" for b in case.branches)]
    assert {b.opened_at for b in case.branches} == {NOW}
    assert [b.branch_no for b in case.branches] == [f"{NUMBER}-0{n}" for n in range(1, 6)]


def test_the_opened_case_tells_of_waiting_branches_too() -> None:
    _, events = opened(founding())
    assert isinstance(events[0], CaseOpened)
    assert [b.status for b in events[0].branches] == ["open", "waiting", "waiting", "waiting"]
    assert brief(events[1:]) == ["BranchOpened licence"]


def test_branches_the_form_did_not_call_for_are_left_out_and_nobody_waits_for_them() -> None:
    case, _ = opened(founding(), ["seal", "tax"])
    assert statuses(case) == {"seal": "open", "tax": "open"}
    assert [b.branch_no for b in case.branches] == [f"{NUMBER}-01", f"{NUMBER}-02"]


def test_the_licence_opens_three_departments_at_the_same_instant() -> None:
    case, _ = opened(founding())
    events = give(case, "licence", now=LATER)
    assert brief(events) == [
        "BranchAnswered licence",
        "LicenceIssued",
        "CaseDecided",
        "BranchOpened seal",
        "BranchOpened tax",
        "BranchOpened social",
    ]
    assert {named(case, k).opened_at for k in ("seal", "tax", "social")} == {LATER}
    assert (case.outcome, case.decided_at, case.closed_at) == ("granted", LATER, None)


def test_a_decided_case_closes_when_nothing_required_is_left() -> None:
    case, _ = opened(founding())
    give(case, "licence")
    assert brief(give(case, "seal")) == ["BranchAnswered seal"]
    assert brief(give(case, "tax")) == ["BranchAnswered tax", "LicenceIssued"]
    assert brief(give(case, "social")) == ["BranchAnswered social", "CaseClosed"]
    assert case.closed_at == LATER


def test_what_is_not_required_keeps_no_case_open() -> None:
    case, _ = opened(restaurant())
    for key in ("food", "fire", "drains"):
        give(case, key)
    assert brief(give(case, "sign")) == ["BranchAnswered sign", "CaseDecided", "CaseClosed"]
    assert named(case, "water").status == "open"
    assert brief(give(case, "water")) == ["BranchAnswered water"]


def test_a_refused_branch_refuses_only_what_depends_on_it() -> None:
    case, _ = opened(founding())
    events = give(case, "licence", "refuse")
    assert brief(events) == [
        "BranchAnswered licence",
        "CaseDecided",
        "BranchDropped seal",
        "BranchDropped tax",
        "BranchDropped social",
        "CaseClosed",
    ]
    assert case.outcome == "refused"


def test_a_refusal_beside_the_join_leaves_the_rest_granted_in_part() -> None:
    case, _ = opened(restaurant())
    for key in ("food", "fire", "drains"):
        assert case.decided_at is None
        give(case, key)
    assert case.decided_at is None, "the sign may still make it partly granted"
    give(case, "sign", "refuse")
    assert case.outcome == "partly_granted"


def test_a_refusal_inside_the_join_waits_for_what_the_others_say() -> None:
    case, _ = opened(restaurant())
    give(case, "fire", "refuse")
    assert case.decided_at is None
    for key in ("food", "drains", "sign"):
        give(case, key)
    assert case.outcome == "refused"


@pytest.mark.parametrize(
    ("rule", "k", "answers", "outcome"),
    [
        ("all", None, "agree agree", None),
        ("all", None, "agree agree agree", "granted"),
        ("all", None, "agree refuse agree", "refused"),
        ("any", None, "agree", "granted"),
        ("any", None, "refuse refuse", None),
        ("any", None, "refuse refuse agree", "granted"),
        ("any", None, "refuse refuse refuse", "refused"),
        ("k_of_n", 2, "agree", None),
        ("k_of_n", 2, "agree refuse agree", "granted"),
        ("k_of_n", 2, "agree refuse", None),
        ("k_of_n", 2, "agree refuse refuse", "refused"),
        ("k_of_n", 1, "agree", "granted"),
    ],
)
def test_the_join_decides_by_its_rule(rule: str, k: int | None, answers: str, outcome: str | None) -> None:
    case, _ = opened(parallel(rule, k))
    for key, answer in zip("abc", answers.split(), strict=False):
        give(case, key, answer)  # type: ignore[arg-type]
    assert case.outcome == outcome


def test_two_of_three_become_two_of_two_when_the_form_calls_for_two() -> None:
    case, _ = opened(parallel("k_of_n", 3), ["a", "c"])
    give(case, "a")
    assert case.outcome is None
    give(case, "c")
    assert case.outcome == "granted"


def test_a_join_over_branches_the_form_did_not_call_for_is_over_all_there_are() -> None:
    case, _ = opened(restaurant(), ["sign", "water"])
    give(case, "water")
    assert case.outcome is None
    give(case, "sign")
    assert case.outcome == "granted"


def test_a_form_that_calls_for_nobody_is_granted_at_once() -> None:
    case, events = opened(restaurant(), [])
    assert brief(events) == ["CaseOpened", "CaseDecided", "CaseClosed"]
    assert case.outcome == "granted"


def test_the_case_is_decided_once_only() -> None:
    case, _ = opened(parallel("any"))
    said = [event for key in "abc" for event in give(case, key)]
    assert sum(isinstance(e, CaseDecided) for e in said) == 1


ALLOWED: dict[BranchKind, set[Answer]] = {
    "decide": {"agree", "agree_with_conditions", "refuse"},
    "record": {"agree", "unable"},
    "register": {"agree", "unable"},
    "consult": {"agree", "agree_with_conditions"},
    "site_visit": {"agree", "agree_with_conditions"},
}


@pytest.mark.parametrize("kind", ALLOWED)
@pytest.mark.parametrize("answer", ["agree", "agree_with_conditions", "refuse", "unable"])
def test_each_kind_gives_its_own_answers_and_only_a_decision_refuses(
    kind: BranchKind, answer: Answer
) -> None:
    case, _ = opened(procedure("one", [spec("a", "DA", kind=kind)], all_of("a")))
    before = snapshot(case)
    if answer in ALLOWED[kind]:
        assert isinstance(give(case, "a", answer)[0], BranchAnswered)
    else:
        with pytest.raises(NotAllowed, match=f"{kind} branch can't answer {answer}"):
            give(case, "a", answer)
        assert snapshot(case) == before


def test_a_failed_record_undoes_no_licence_and_is_a_task_until_it_is_done() -> None:
    branches = [
        spec("licence", "SJ"),
        record("seal", "GA", depends_on=("licence",)),
        record("bank", "YH", depends_on=("seal",)),
    ]
    case, _ = opened(procedure("p", branches, all_of("licence")))
    give(case, "licence")
    assert brief(give(case, "seal", "unable")) == ["BranchAnswered seal"]
    assert (case.outcome, case.closed_at) == ("granted", None)
    assert statuses(case)["bank"] == "waiting", "what needs the record waits for it"
    taken_up = case.claim(named(case, "seal").branch_no, OFFICER)
    assert brief(taken_up) == ["BranchOpened seal", "BranchClaimed seal"]
    done = give(case, "seal", officer=OFFICER)
    assert brief(done) == ["BranchAnswered seal", "BranchOpened bank"]
    assert brief(give(case, "bank"))[-1] == "CaseClosed"


def test_a_decision_behind_a_failed_record_waits_and_is_not_refused() -> None:
    branches = [record("check", "GA"), spec("permit", "SJ", depends_on=("check",))]
    case, _ = opened(procedure("p", branches, all_of("permit")))
    give(case, "check", "unable")
    assert (case.outcome, statuses(case)["permit"]) == (None, "waiting")
    assert brief(give(case, "check")) == ["BranchAnswered check", "BranchOpened permit"]
    give(case, "permit")
    assert case.outcome == "granted"


def test_only_a_decision_refuses_so_a_procedure_that_is_only_a_record_stays_a_task() -> None:
    case, _ = opened(procedure("p", [record("seal", "GA")], all_of("seal")))
    give(case, "seal", "unable")
    assert (case.outcome, case.closed_at) == (None, None)
    give(case, "seal")
    assert (case.outcome, case.closed_at) == ("granted", LATER)


def test_after_a_withdrawal_nobody_takes_a_failed_record_up_again() -> None:
    case, _ = opened(procedure("p", [record("seal", "GA"), spec("a", "DA")], all_of("seal", "a")))
    give(case, "seal", "unable")
    case.withdraw(LATER)
    for move in (lambda: case.claim(named(case, "seal").branch_no, OFFICER), lambda: give(case, "seal")):
        with pytest.raises(IllegalMove):
            move()


def test_a_branch_that_was_not_called_for_passes_on_what_it_waits_for() -> None:
    chain = [spec("a", "DA")] + [spec(k, "DX", depends_on=(p,)) for p, k in ("ab", "bc")]
    case, _ = opened(procedure("chain", chain, all_of("c")), ["a", "c"])
    assert statuses(case) == {"a": "open", "c": "waiting"}
    give(case, "a", "refuse")
    assert (statuses(case)["c"], case.outcome) == ("dropped", "refused")


def test_a_chain_opens_one_after_the_other_and_a_refusal_drops_all_of_the_rest() -> None:
    chain = [spec("a", "DA")] + [spec(k, "DX", depends_on=(p,)) for p, k in ("ab", "bc", "cd")]
    case, _ = opened(procedure("chain", chain, all_of("d")))
    give(case, "a")
    assert statuses(case) == {"a": "answered", "b": "open", "c": "waiting", "d": "waiting"}
    events = give(case, "b", "refuse")
    assert {"BranchDropped c", "BranchDropped d"} < set(brief(events))
    assert case.outcome == "refused"


def test_who_waits_for_two_opens_with_the_second() -> None:
    case, _ = opened(advertising())
    assert brief(give(case, "traffic")) == ["BranchAnswered traffic"]
    assert brief(give(case, "planning", "agree_with_conditions"))[1:] == ["BranchOpened decision"]


def test_agreement_issues_the_licence_with_its_results_and_a_number_of_its_own() -> None:
    case, _ = opened(founding())
    events = give(case, "licence", credit_code="91X", shoe_size="43")
    licence = next(e for e in events if isinstance(e, LicenceIssued))
    assert (licence.licence_type, licence.item) == ("business-licence", "licence-item")
    assert licence.results == {"credit_code": "91X"}, "only what the procedure declares"
    assert (licence.branch_no, licence.issued_at) == (f"{NUMBER}-01", LATER)
    assert licence.licence_no == f"{NUMBER}01"


def test_a_refusal_issues_nothing_and_needs_no_results() -> None:
    case, _ = opened(founding())
    assert not [e for e in give(case, "licence", "refuse") if isinstance(e, LicenceIssued)]


@pytest.mark.parametrize("results", [{"other": "x"}, {"credit_code": ""}])
def test_agreement_without_the_codes_it_must_produce_is_incomplete(results: dict[str, str]) -> None:
    case, _ = opened(founding())
    before = snapshot(case)
    with pytest.raises(Incomplete) as error:
        give(case, "licence", **results)
    assert error.value.missing == ("credit_code",)
    assert snapshot(case) == before


def test_an_answer_counts_by_the_moment_it_was_taken() -> None:
    case, _ = opened(restaurant())
    give(case, "food", taken_at=NOW + timedelta(minutes=5), now=LATER)
    give(case, "fire", taken_at=NOW - timedelta(days=1), now=LATER)
    assert named(case, "food").answered_at == NOW + timedelta(minutes=5)
    assert named(case, "fire").answered_at == NOW, "no answer is older than its question"


def test_withdrawing_ends_whatever_is_unfinished() -> None:
    case, _ = opened(restaurant())
    give(case, "food")
    case.ask_correction(named(case, "fire").branch_no, [], ["area"], None, NOW)
    events = case.withdraw(LATER)
    assert brief(events) == [
        "BranchDropped fire",
        "BranchDropped drains",
        "BranchDropped sign",
        "BranchDropped water",
        "CaseTerminated",
    ]
    assert isinstance(events[-1], CaseTerminated) and events[-1].reason == "withdrawn"
    assert case.is_over and case.outcome is None
    assert named(case, "fire").open_pause is None
    assert case.withdraw(LATER) == []


def test_withdrawing_after_the_decision_changes_nothing() -> None:
    case, _ = opened(founding())
    give(case, "licence")
    assert case.withdraw(LATER) == []
    assert named(case, "seal").status == "open"


def test_an_unknown_branch_is_named() -> None:
    case, _ = opened(restaurant())
    with pytest.raises(UnknownBranch, match="nowhere-01"):
        case.claim("nowhere-01", OFFICER)


def test_the_department_that_is_competent_goes_on_where_the_clocks_stand() -> None:
    case, _ = opened(restaurant())
    fire = named(case, "fire")
    dates = fire.promised_due, fire.statutory_due
    case.claim(fire.branch_no, OFFICER)
    (event,) = case.reassign(fire.branch_no, "ZJ", OFFICER)
    assert isinstance(event, BranchOpened)
    assert (event.branch.department, event.branch.status, event.branch.handler) == ("ZJ", "open", None)
    assert (fire.promised_due, fire.statutory_due) == dates


def test_every_branch_event_carries_the_whole_branch_as_it_then_stands() -> None:
    case, _ = opened(founding())
    number = named(case, "licence").branch_no
    moves = [
        lambda: case.claim(number, OFFICER),
        lambda: case.release(number, OFFICER),
        lambda: case.ask_correction(number, [], ["name"], None, NOW),
        lambda: case.corrected(number, 1, CALENDAR, LATER),
        lambda: case.suspend(number, "hearing", None, LATER),
        lambda: case.resume(number, CALENDAR, LATER),
        lambda: give(case, "licence"),
    ]
    for move in moves:
        event = move()[0]
        assert isinstance(event, BranchEvent)
        assert event.branch == named(case, "licence").state


def test_two_of_three_are_counted_over_what_is_required() -> None:
    case, _ = opened(restaurant())
    assert case.answered == 0
    give(case, "water")
    assert case.answered == 0
    give(case, "food")
    give(case, "sign", "refuse")
    assert case.answered == 2


def test_an_empty_join_rule_still_waits_for_its_branches() -> None:
    case, _ = opened(procedure("p", [spec("a", "DA")], Join(rule="k_of_n", over=("a",), k=None)))
    assert case.outcome is None
    give(case, "a")
    assert case.outcome == "granted"
