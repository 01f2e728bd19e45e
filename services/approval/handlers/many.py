"""Many alike answered at once: each its own record and event, each with its own outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from chassis.uow import UnitOfWork
from services.approval.certificates import AGREED, Ended, ended_of
from services.approval.domain import (
    Branch,
    Case,
    IllegalMove,
    Incomplete,
    UnknownBranch,
    application_of,
)
from services.approval.handlers.absence import stands_in_for
from services.approval.handlers.desk import keep_words
from services.approval.handlers.work import Work

Outcome = Literal[
    "answered",
    "awaiting_signature",
    "taken",
    "not_open",
    "not_alike",
    "incomplete",
    "certificate_ended",
    "unknown",
]


class Result(NamedTuple):
    """What became of one of them; ``holder`` has it now, if that is why it wasn't answered."""

    branch_no: str
    outcome: Outcome
    holder: str | None = None


def answer_many(
    branch_nos: Sequence[str], command: Mapping[str, Any], officer: str, department: str, uow: UnitOfWork
) -> list[Result]:
    """Claim, where nobody has it, and answer each; all cases are locked by one query.

    What somebody else took meanwhile, or what isn't the same part of the same item as the first, is left
    as it stands and reported, like one with a certificate that has ended; one whose agreement needs codes of
    its own stays claimed.
    Raises `NotAllowed` when this kind of branch can't be answered so at all.
    """
    work = Work({application_of(n) for n in branch_nos}, uow)
    allowed = stands_in_for(officer, department, uow.session, uow.now)
    alike: tuple[str, str] | None = None
    results = []
    ended = _ended(branch_nos, department, work) if command["answer"] in AGREED else {}
    for branch_no in dict.fromkeys(branch_nos):
        case = work.cases.get(application_of(branch_no))
        branch = _own(case, branch_no, department)
        if case is None or branch is None:
            results.append(Result(branch_no, "unknown"))
            continue
        alike = alike or (branch.item, branch.key)
        if (branch.item, branch.key) != alike:
            results.append(Result(branch_no, "not_alike"))
            continue
        if branch_no in ended:
            results.append(Result(branch_no, "certificate_ended"))
            continue
        results.append(_answer(case, branch, command, officer, allowed, work))
    work.finish()
    return results


def _ended(branch_nos: Iterable[str], department: str, work: Work) -> dict[str, list[Ended]]:
    cases = ((work.cases.get(application_of(n)), n) for n in branch_nos)
    pairs = ((case, _own(case, n, department)) for case, n in cases)
    return ended_of([(case, branch) for case, branch in pairs if case and branch], work.uow)


def _own(case: Case | None, branch_no: str, department: str) -> Branch | None:
    try:
        branch = case.branch(branch_no) if case is not None else None
    except UnknownBranch:
        return None
    return branch if branch is not None and branch.department == department else None


def _answer(
    case: Case,
    branch: Branch,
    command: Mapping[str, Any],
    officer: str,
    stands_in: frozenset[str],
    work: Work,
) -> Result:
    now = work.uow.now
    try:
        work.say(case, case.claim(branch.branch_no, officer, stands_in))
        answered = case.answer(
            branch.branch_no,
            command["answer"],
            {},
            officer=officer,
            taken_at=now,
            calendar=work.calendar,
            now=now,
        )
    except IllegalMove as error:
        taken = error.state in ("claimed", "awaiting_signature")
        return Result(branch.branch_no, "taken" if taken else "not_open", error.holder)
    except Incomplete:
        return Result(branch.branch_no, "incomplete")
    work.say(case, answered)
    keep_words(branch, command, officer, work.uow)
    return Result(branch.branch_no, "awaiting_signature" if branch.proposed else "answered")
