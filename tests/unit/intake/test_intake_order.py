"""Any order and any duplication of the same events ends in the same state."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import Event
from contracts.cloudevents import Envelope
from contracts.intake import ApplicationStatusChanged
from services.intake.domain import Application
from tests.unit.intake.helpers import (
    LATER,
    long_story,
    short_story,
    snapshot,
    submitted,
    withdrawn_story,
)


def told(batches: Sequence[Sequence[Envelope]], *, withdraw: bool = False) -> tuple[Application, list[Event]]:
    application, _ = submitted()
    said: list[Event] = application.withdraw(LATER) if withdraw else []
    for batch in batches:
        said += application.follow(batch)
    return application, said


def check(batches: Sequence[Sequence[Envelope]], expected: dict[str, Any], *, withdraw: bool) -> None:
    application, said = told(batches, withdraw=withdraw)
    assert snapshot(application) == expected
    assert isinstance(said[-1], ApplicationStatusChanged)
    assert said[-1] == final_state(expected)


def final_state(expected: dict[str, Any]) -> ApplicationStatusChanged:
    return ApplicationStatusChanged(
        application_no=expected["application_no"],
        procedure=expected["procedure"],
        applicant=expected["applicant"],
        status=expected["status"],
        outcome=expected["case"].outcome,
        answered=sum(b.state.status in ("answered", "silent") for b in expected["case"].branches.values()),
        branches=len(expected["case"].branches),
        changed_at=expected["changed_at"],
    )


@pytest.mark.parametrize(("story", "status"), [(short_story, "closed"), (withdrawn_story, "withdrawn")])
def test_every_order_of_a_short_case_ends_the_same(story: Callable[[], list[Envelope]], status: str) -> None:
    events, withdraw = story(), status == "withdrawn"
    in_order, _ = told([[e] for e in events], withdraw=withdraw)
    assert in_order.status == status
    expected = snapshot(in_order)
    for order in permutations(events):
        check([[e] for e in order], expected, withdraw=withdraw)
        check([order], expected, withdraw=withdraw)


def test_every_order_of_a_short_case_with_every_event_twice_ends_the_same() -> None:
    events = short_story()
    expected = snapshot(told([[e] for e in events])[0])
    for order in permutations(events):
        doubled = [e for pair in zip(order, reversed(order), strict=True) for e in pair]
        check([[e] for e in doubled], expected, withdraw=False)


@pytest.mark.parametrize("withdraw", [False, True])
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_order_duplication_and_batching_of_a_long_case_ends_the_same(
    withdraw: bool, data: st.DataObject
) -> None:
    events = long_story()
    expected = snapshot(told([[e] for e in events], withdraw=withdraw)[0])
    again = data.draw(st.lists(st.sampled_from(events), max_size=len(events)))
    order = data.draw(st.permutations([*events, *again]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order) - 1))))
    batches = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    check(batches, expected, withdraw=withdraw)


def test_a_wish_to_withdraw_that_came_too_late_changes_nothing_about_the_decision() -> None:
    events = long_story()
    random.Random(7).shuffle(events)
    application, _ = told([[e] for e in events], withdraw=True)
    assert (application.status, application.outcome) == ("closed", "granted")
    assert application.withdrawal == "too_late"


def test_events_heard_again_say_nothing_again() -> None:
    application, _ = told([short_story()])
    assert application.follow(short_story()) == []


def test_a_batch_says_every_status_it_passed_through_once() -> None:
    _, said = told([short_story()])
    assert [e.status for e in said if isinstance(e, ApplicationStatusChanged)] == [
        "in_approval",
        "decided",
        "closed",
    ]
    assert [e.type for e in said] == ["intake.application_status_changed"] * 3
