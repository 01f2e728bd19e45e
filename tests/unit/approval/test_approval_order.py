"""Any order and any duplication of the same events, from all sources, ends in the same state.

Each order is played with a case of its own, one event a transaction unless said otherwise; an event that
comes too early is put back and comes again, as the subscription does it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count, groupby, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.fakes.database import deliver, memory_database
from chassis.uow import UnitOfWork
from contracts import Event
from contracts.approval import ReplyRejected, SilenceDue
from contracts.catalog import ProcedurePublished
from contracts.cloudevents import Envelope
from contracts.departments import AnswerGiven
from contracts.intake import ApplicationAccepted, ApplicationCorrected, WithdrawalRequested
from contracts.procedure import Procedure
from services.approval import handlers, orm, replica
from tests.unit.approval.bureau import Bureau, answer, no, published
from tests.unit.approval.helpers import accepted, advertising, founding, named, parallel, restaurant

CODE = {"credit_code": "91320100MA00000001"}
HANDLERS: dict[type[Event], Callable[[list[Envelope], UnitOfWork], Any]] = {
    ProcedurePublished: replica.keep,
    ApplicationAccepted: handlers.follow_intake,
    ApplicationCorrected: handlers.follow_intake,
    WithdrawalRequested: handlers.follow_intake,
    AnswerGiven: handlers.record_answers,
    SilenceDue: handlers.record_answers,
}
Play = Callable[[], tuple[str, list[Envelope]]]


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    folder: Path = tmp_path_factory.mktemp("order")
    database = memory_database("approval", folder, orm.metadata)
    yield Bureau(database)
    database.close()


numbers = count(1)


def fresh() -> str:
    return f"SJ20261124{next(numbers):06d}X"


def handle(events: list[Envelope], uow: UnitOfWork) -> None:
    for handler, group in groupby(events, key=lambda e: HANDLERS[type(e.event)]):
        handler(list(group), uow)


def play(bureau: Bureau, order: Sequence[Envelope], batch: int = 1) -> None:
    assert deliver(bureau.database, handle, order, batch=batch) == []


def outcome(bureau: Bureau, number: str) -> dict[str, Any]:
    """A case's state without the moments, and what was said of it, by kind."""
    case = bureau.case(number)
    said = Counter(type(e).__name__ for e in bureau.said_of(number))
    return {
        "ends": (case.outcome, case.decided_at is not None, case.closed_at is not None),
        "terminated": case.terminated_at is not None,
        "branches": {
            b.key: (
                b.status,
                b.department,
                b.answer,
                b.results,
                b.handler,
                (b.corrections, b.corrected),
                [(p.kind, p.stops, p.ended_at is not None) for p in b.pauses],
            )
            for b in case.branches
        },
        "said": said,
    }


def check_every_order(bureau: Bureau, prepare: Play, *, twice: bool = False) -> dict[str, Any]:
    """Play every order; ``twice`` hears every event again, in the opposite order, in between."""
    number, events = prepare()
    play(bureau, events)
    expected = outcome(bureau, number)
    for places in permutations(range(len(events))):
        number, events = prepare()
        order = [events[p] for p in places]
        if twice:
            order = [e for pair in zip(order, reversed(order), strict=True) for e in pair]
        play(bureau, order)
        assert outcome(bureau, number) == expected, places
    return expected


def founding_of_its_own(bureau: Bureau) -> Procedure:
    return dataclasses.replace(founding(), code=f"found-{next(numbers)}")


@pytest.mark.parametrize("twice", [False, True])
def test_catalogue_application_and_answers_may_come_in_every_order(bureau: Bureau, twice: bool) -> None:
    def prepare() -> tuple[str, list[Envelope]]:
        number, of = fresh(), founding_of_its_own(bureau)
        events: list[Event] = [
            published(of),
            accepted(of, ["licence", "seal", "tax"], number),
            answer(no(1, number), "SJ", **CODE),
            answer(no(2, number), "GA", "unable"),
            answer(no(3, number), "SW"),
        ]
        return number, [bureau.told(e) for e in events]

    ends = check_every_order(bureau, prepare, twice=twice)
    assert ends["ends"] == ("granted", True, False), "a failed record is a task"
    assert ends["branches"]["licence"][3] == CODE
    assert bureau.said(ReplyRejected) == []


def test_a_correction_and_the_answers_may_come_in_every_order(bureau: Bureau) -> None:
    def prepare() -> tuple[str, list[Envelope]]:
        number = bureau.accept(parallel(), fresh())
        ask(bureau, no(1, number), "DA")
        events: list[Event] = [
            bureau.corrected(no(1, number)),
            *(answer(no(n, number), d) for n, d in ((1, "DA"), (2, "DB"), (3, "DC"))),
        ]
        return number, [bureau.told(e) for e in events]

    ends = check_every_order(bureau, prepare, twice=True)
    assert ends["ends"] == ("granted", True, True)
    assert ends["branches"]["a"][5:] == ((1, 1), [("correction", "promised", True)])


def ask(bureau: Bureau, branch_no: str, department: str) -> None:
    with bureau.database.transaction() as uow:
        handlers.ask_correction(branch_no, [{"field": "x", "reason": "y"}], "acc", None, department, uow)


def test_a_handover_and_the_answers_may_come_in_every_order(bureau: Bureau) -> None:
    def prepare() -> tuple[str, list[Envelope]]:
        number = fresh()
        events: list[Event] = [
            accepted(parallel(count=3), ["a", "b"], number),
            answer(no(1, number), "DA", "not_competent", competent="ZJ"),
            answer(no(1, number), "ZJ", "agree_with_conditions"),
            answer(no(2, number), "DB", "refuse"),
        ]
        return number, [bureau.told(e) for e in events]

    ends = check_every_order(bureau, prepare, twice=True)
    assert ends["ends"] == ("refused", True, True)
    assert ends["branches"]["a"][:3] == ("answered", "ZJ", "agree_with_conditions")


def test_a_withdrawal_and_what_precedes_it_may_come_in_every_order(bureau: Bureau) -> None:
    def prepare() -> tuple[str, list[Envelope]]:
        number, of = fresh(), founding_of_its_own(bureau)
        events: list[Event] = [published(of), accepted(of, None, number), bureau.withdrawn(number)]
        return number, [bureau.told(e) for e in events]

    ends = check_every_order(bureau, prepare, twice=True)
    assert ends["terminated"]


def test_a_withdrawal_and_a_correction_end_the_case_in_either_order(bureau: Bureau) -> None:
    def prepare() -> tuple[str, list[Envelope]]:
        number = bureau.accept(parallel(), fresh())
        ask(bureau, no(1, number), "DA")
        return number, [bureau.told(e) for e in (bureau.corrected(no(1, number)), bureau.withdrawn(number))]

    number, events = prepare()
    play(bureau, events)
    first = outcome(bureau, number)
    number, events = prepare()
    play(bureau, events[::-1])
    second = outcome(bureau, number)
    assert first.pop("said") == second.pop("said") + Counter(BranchResumed=1)
    assert first == second


def test_a_timely_answer_and_silences_may_come_in_every_order(bureau: Bureau) -> None:
    def prepare() -> tuple[str, list[Envelope]]:
        number = bureau.accept(advertising(), fresh())
        for n in (1, 2):
            bureau.set_branch(no(n, number), promised_due=bureau.now - timedelta(hours=1))
        timely = bureau.told(answer(no(1, number), "GA", "agree_with_conditions"), ago=timedelta(hours=2))
        silences = [bureau.told(SilenceDue(application_no=number, branch_no=no(n, number))) for n in (1, 2)]
        return number, [timely, *silences]

    seen = []
    for places in permutations(range(3)):
        number, events = prepare()
        play(bureau, [events[p] for p in places])
        ends = outcome(bureau, number)
        ends["said"].pop("BranchSilent")
        seen.append(ends)
    assert all(ends == seen[0] for ends in seen)
    assert seen[0]["branches"]["traffic"][2] == "agree_with_conditions"
    assert seen[0]["branches"]["planning"][0] == "silent"


def test_between_a_withdrawal_and_the_last_answer_the_first_to_be_handled_counts(bureau: Bureau) -> None:
    for places in permutations(range(4)):
        number = bureau.accept(parallel(), fresh())
        answers = [answer(no(n, number), d) for n, d in ((1, "DA"), (2, "DB"), (3, "DC"))]
        events = [bureau.told(e) for e in (*answers, bureau.withdrawn(number))]
        order = [events[p] for p in places]
        play(bureau, order)
        late = len(order) - 1 - places.index(3)
        ends = outcome(bureau, number)
        assert ends["terminated"] == (late > 0)
        assert ends["ends"] == ((None, False, False) if late else ("granted", True, True))
        assert sum(r[0].startswith(number) for r in bureau.rejected()) == late


ANSWERS: dict[str, tuple[str, str]] = {
    "food": ("SJ", "agree"),
    "fire": ("XF", "agree_with_conditions"),
    "drains": ("ZJ", "agree"),
    "sign": ("CG", "refuse"),
    "water": ("WJ", "unable"),
}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_long_case_ends_the_same_in_any_order_duplication_and_batching(
    bureau: Bureau, data: st.DataObject
) -> None:
    number = fresh()
    of = dataclasses.replace(restaurant(), code=f"shop-{next(numbers)}")
    given = [
        answer(no(n, number), department, word)
        for n, (department, word) in enumerate(ANSWERS.values(), start=1)
    ]
    events = [bureau.told(e) for e in (published(of), accepted(of, None, number), *given)]
    again = data.draw(st.lists(st.sampled_from(events), max_size=8))
    order = data.draw(st.permutations([*events, *again]))
    play(bureau, order, batch=data.draw(st.sampled_from([1, 2, 5, 100])))
    case = bureau.case(number)
    assert (case.outcome, case.closed_at is not None) == ("partly_granted", True)
    for key, (department, word) in ANSWERS.items():
        branch = named(case, key)
        assert (branch.status, branch.department, branch.answer) == ("answered", department, word)
    said = outcome(bureau, number)["said"]
    assert said == {
        "CaseOpened": 1,
        "BranchOpened": 5,
        "BranchAnswered": 5,
        "LicenceIssued": 1,
        "CaseDecided": 1,
        "CaseClosed": 1,
    }
