"""The states a branch can be in, every move of a case, and what each state makes of each move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from chassis.workdays import WorkCalendar, YearDays
from contracts import Event
from contracts.procedure import Limit, Procedure
from services.approval.domain import (
    Branch,
    CannotExtend,
    Case,
    IllegalMove,
    NotAllowed,
    NotAsked,
)
from tests.unit.approval.helpers import (
    CALENDAR,
    COLLEAGUE,
    NOW,
    OFFICER,
    TWO_HANDS,
    YEAR,
    all_of,
    consult,
    give,
    named,
    opened,
    procedure,
    spec,
)

LONG_AFTER = NOW + timedelta(days=60)
HEAD = "acc-head"
KEY = "a"
HOLIDAY = WorkCalendar(
    {2026: YearDays(holidays=[*YEAR.holidays, date(2026, 11, 25)], extra_workdays=YEAR.extra_workdays)}
)

Move = Callable[[Case, str], list[Event]]

MOVES: dict[str, tuple[str, Move]] = {
    "first answers": ("answer", lambda case, _: give(case, "first", now=NOW)),
    "claim": ("claim", lambda case, no: case.claim(no, OFFICER)),
    "colleague claims": ("claim", lambda case, no: case.claim(no, COLLEAGUE)),
    "stand-in claims": ("claim", lambda case, no: case.claim(no, COLLEAGUE, (OFFICER,))),
    "release": ("release", lambda case, no: case.release(no, OFFICER)),
    "officer answers": ("answer", lambda case, _: give(case, KEY, officer=OFFICER, now=NOW)),
    "officer refuses": ("answer", lambda case, _: give(case, KEY, "refuse", officer=OFFICER, now=NOW)),
    "system answers": ("answer", lambda case, _: give(case, KEY, now=NOW)),
    "system is unable": ("answer", lambda case, _: give(case, KEY, "unable", now=NOW)),
    "late answer": ("answer", lambda case, _: give(case, KEY, now=LONG_AFTER)),
    "sign": ("sign", lambda case, no: case.sign(no, HEAD, CALENDAR, NOW)),
    "send back": ("send_back", lambda case, no: case.send_back(no, HEAD)),
    "ask extension": ("ask_extension", lambda case, no: case.ask_extension(no, 5, OFFICER, NOW)),
    "allow extension": (
        "decide_extension", lambda case, no: case.decide_extension(no, True, HEAD, CALENDAR, NOW),
    ),
    "refuse extension": (
        "decide_extension", lambda case, no: case.decide_extension(no, False, HEAD, CALENDAR, NOW),
    ),
    "ask correction": (
        "ask_correction", lambda case, no: case.ask_correction(no, [], ["area"], OFFICER, NOW),
    ),
    "system asks correction": (
        "ask_correction", lambda case, no: case.ask_correction(no, [], ["area"], None, NOW),
    ),
    "applicant corrects": ("corrected", lambda case, no: case.corrected(no, 1, CALENDAR, NOW)),
    "suspend": ("suspend", lambda case, no: case.suspend(no, "hearing", OFFICER, NOW)),
    "system suspends": ("suspend", lambda case, no: case.suspend(no, "testing", None, NOW)),
    "resume": ("resume", lambda case, no: case.resume(no, CALENDAR, NOW)),
    "reassign": ("reassign", lambda case, no: case.reassign(no, "ZJ", OFFICER)),
    "system reassigns": ("reassign", lambda case, no: case.reassign(no, "ZJ", None)),
    "fall silent": ("fall_silent", lambda case, no: case.fall_silent(no, CALENDAR, LONG_AFTER)),
    "withdraw": ("withdraw", lambda case, _: case.withdraw(NOW)),
}  # fmt: skip
"""Every move: the method of the case it calls, and the call."""

STATES: dict[str, list[str]] = {
    "waiting": [],
    "open": ["first answers"],
    "claimed": ["first answers", "claim"],
    "claimed by a colleague": ["first answers", "colleague claims"],
    "claimed, extension asked": ["first answers", "claim", "ask extension"],
    "claimed, extended": ["first answers", "claim", "ask extension", "allow extension"],
    "claimed, refusal awaits signature": ["first answers", "claim", "officer refuses"],
    "suspended for a correction": ["first answers", "claim", "ask correction"],
    "suspended by law": ["first answers", "claim", "suspend"],
    "suspended by law, extension asked": ["first answers", "claim", "ask extension", "suspend"],
    "answered": ["first answers", "system answers"],
    "answered, a record that failed": ["first answers", "system is unable"],
    "answered, refused by two": ["first answers", "claim", "officer refuses", "sign"],
    "silent": ["first answers", "fall silent"],
    "dropped": ["first answers", "withdraw"],
}
"""How a branch gets there; the first word is its status."""


SYSTEM = {"system answers", "late answer", "system asks correction", "system suspends", "system reassigns"}
HOLDER = {
    "release", "officer answers", "officer refuses", "ask extension", "ask correction", "suspend", "reassign",
}  # fmt: skip
CLAIMS = {"claim", "colleague claims", "stand-in claims"}
EXTENSION = {"allow extension", "refuse extension"}
TIME = {"fall silent", "withdraw"}
CLAIMED = {"stand-in claims"} | TIME | SYSTEM | HOLDER

CHANGES: dict[str, set[str]] = {
    "waiting": {"withdraw"},
    "open": CLAIMS | TIME | SYSTEM,
    "claimed": CLAIMED,
    "claimed by a colleague": TIME | SYSTEM,
    "claimed, extension asked": (CLAIMED | EXTENSION) - {"ask extension"},
    "claimed, extended": CLAIMED - {"ask extension"},
    "claimed, refusal awaits signature": {
        "sign", "send back", "ask extension", "system answers", "late answer",
    } | TIME,
    "suspended for a correction": {"applicant corrects", "withdraw"},
    "suspended by law": {"resume", "withdraw"},
    "suspended by law, extension asked": {"resume", "withdraw"} | EXTENSION,
    "answered": {"withdraw"},
    "answered, a record that failed": {"system answers", "late answer", "withdraw"} | CLAIMS,
    "answered, refused by two": {"withdraw"},
    "silent": {"system answers", "withdraw"},
    "dropped": set(),
}  # fmt: skip
"""What each state allows."""

HAS_IT = {state: {"claim"} for state in STATES if state.startswith("claimed")} | {
    "claimed by a colleague": {"colleague claims", "stand-in claims"},
}
"""Whoever has the branch already may say so again; it is no news."""

OTHERWISE: dict[str, type[Exception]] = {
    "applicant corrects": NotAsked,
    "system is unable": NotAllowed,
}
"""Refused before the state is asked: by what was asked of the applicant, by the kind of the branch."""

OTHERWISE_IN: dict[tuple[str, str], type[Exception]] = {
    ("claimed, extension asked", "ask extension"): CannotExtend,
    ("claimed, extended", "ask extension"): CannotExtend,
    ("answered, a record that failed", "officer refuses"): NotAllowed,
    ("answered, a record that failed", "system is unable"): IllegalMove,
}

REFUSED_AS = {
    "claim": "claim",
    "release": "release",
    "answer": "answer",
    "sign": "sign",
    "send_back": "send back",
    "ask_extension": "ask to extend",
    "decide_extension": "extend",
    "ask_correction": "suspend",
    "suspend": "suspend",
    "resume": "resume",
    "reassign": "reassign",
}
"""How a refusal calls the move, by the case's method."""

UNSIGNED = ("claim", "release", "answer", "ask_correction", "suspend", "reassign")
"""What a refusal that awaits the head's signature keeps from being done."""


def procedure_for(state: str, **changes: Any) -> Procedure:
    """One branch opens the one in question, a last one keeps the case going on.

    It decides, with a limit by law that may be extended, a second signature under refusals, and a silence
    that agrees; where a record failed, it is a record.
    """
    statutory = Limit(value=20, unit="working_days")
    kind = {"kind": "record"} if "record" in state else {"kind": "decide"} | TWO_HANDS
    return procedure(
        "p",
        [
            consult("first", "D0"),
            consult(KEY, "DA", depends_on=("first",), **({"statutory": statutory} | kind | changes)),
            spec("last", "DZ"),
        ],
        all_of("last"),
    )


def make(move: str, case: Case, branch_no: str) -> list[Event]:
    return MOVES[move][1](case, branch_no)


def in_state(state: str, **changes: Any) -> tuple[Case, Branch]:
    """A case whose branch `KEY` is in a state of `STATES`; ``changes`` are those of the branch's spec."""
    case, _ = opened(procedure_for(state, **changes))
    for step in STATES[state]:
        make(step, case, named(case, KEY).branch_no)
    return case, named(case, KEY)
