"""Every move of a supervision in every state."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contracts.approval import (
    SupervisionAnswered,
    SupervisionClosed,
    SupervisionUnanswered,
)
from services.approval.domain import IllegalMove, Supervision
from tests.unit.approval.helpers import NOW, OFFICER
from tests.unit.approval.move_table import HEAD, in_state

DUE = NOW + timedelta(days=3)
MOVES: dict[str, tuple[str, Callable[[Supervision], Any]]] = {
    "answer": ("give_answer", lambda found: found.give_answer("已办结", OFFICER, DUE)),
    "accept": ("close", lambda found: found.close(HEAD, "accepted", NOW)),
    "dates move": ("close", lambda found: found.close(None, "dates_moved", NOW)),
    "date passes": ("remind", lambda found: found.remind(DUE)),
}
STATES = {"open": [], "answered": ["answer"], "closed": ["answer", "accept"]}
SAYS = {
    ("open", "answer"): SupervisionAnswered,
    ("open", "dates move"): SupervisionClosed,
    ("open", "date passes"): SupervisionUnanswered,
    ("answered", "accept"): SupervisionClosed,
    ("answered", "dates move"): SupervisionClosed,
}


def in_(state: str) -> Supervision:
    _, branch = in_state("claimed")
    found, opened = Supervision.open(branch, 1, None, DUE, NOW)
    assert (found.responsible, opened.responsible) == (OFFICER, OFFICER)
    for step in STATES[state]:
        MOVES[step][1](found)
    assert found.state == state
    return found


def test_every_move_stands_in_the_table() -> None:
    methods = {n for n, _ in inspect.getmembers(Supervision, inspect.isfunction) if not n.startswith("_")}
    assert methods == {method for method, _ in MOVES.values()}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("state", STATES)
def test_a_move_is_made_or_refused_by_the_state(state: str, move: str) -> None:
    found = in_(state)
    before = vars(found) | {}
    if says := SAYS.get((state, move)):
        assert type(MOVES[move][1](found)) is says
        assert (vars(found) == before) == (move == "date passes")
        return
    if move == "date passes":
        assert MOVES[move][1](found) is None
    else:
        with pytest.raises(IllegalMove) as refused:
            MOVES[move][1](found)
        assert (refused.value.state, refused.value.holder) == (state, OFFICER)
    assert vars(found) == before


def test_before_its_date_nobody_is_reminded() -> None:
    assert in_("open").remind(DUE - timedelta(seconds=1)) is None


@pytest.mark.parametrize(("late", "in_time"), [(0, True), (1, False)])
def test_an_answer_says_whether_it_came_in_time(late: int, in_time: bool) -> None:
    told = in_("open").give_answer("已办结", OFFICER, DUE + timedelta(seconds=late))
    assert told.in_time is in_time
