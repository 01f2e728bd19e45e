"""Which of approval's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, invalid_request, not_found
from services.approval.domain import AlreadyAsked, IllegalMove, Incomplete, NotAllowed, UnknownBranch
from services.approval.handlers import UnknownDepartment
from services.approval.queries import BadCursor


def _illegal_move(error: IllegalMove) -> Problem:
    taken = error.state == "claimed"
    return Problem(
        409,
        "illegal-move",
        zh="这件已经有人认领。" if taken else "这件现在的状态不能这样办，请刷新后再看。",
        en="Somebody else has it." if taken else f"{str(error).capitalize()}.",
        keep=True,
        state=error.state,
        move=error.move,
        holder=error.holder,
    )


def _not_allowed(error: NotAllowed) -> Problem:
    return invalid_request(
        [
            {
                "field": "answer",
                "zh": "这类环节不能这样答复",
                "en": f"A branch of this kind ({error.kind}) can't answer this",
            }
        ]
    )


def _incomplete(error: Incomplete) -> Problem:
    return invalid_request(
        [
            {"field": f"results.{code}", "zh": "同意时要填写这一项", "en": "Needed when you agree"}
            for code in error.missing
        ]
    )


def _already_asked(error: AlreadyAsked) -> Problem:
    return Problem(
        409,
        "already-asked",
        zh="补正要一次告知，这几项已经要求过。",
        en="Corrections are asked for once; these were asked for before.",
        errors=[{"field": f, "zh": "已经要求补正过", "en": "Asked for before"} for f in error.fields],
        keep=True,
    )


def _unknown_department(_: UnknownDepartment) -> Problem:
    return invalid_request(
        [
            {
                "field": "competent_department",
                "zh": "请写明应由哪个别的部门办理",
                "en": "Please name the other department that is competent",
            }
        ]
    )


def _bad_cursor(_: BadCursor) -> Problem:
    return invalid_request([{"field": "cursor", "zh": "页码不对", "en": "Not a cursor of this list."}])


PROBLEMS: ProblemMap = {
    IllegalMove: _illegal_move,
    NotAllowed: _not_allowed,
    Incomplete: _incomplete,
    AlreadyAsked: _already_asked,
    UnknownBranch: lambda _: not_found(),
    UnknownDepartment: _unknown_department,
    BadCursor: _bad_cursor,
}
