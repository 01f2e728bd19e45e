"""Which of intake's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, invalid_request, not_found
from services.intake.domain import IllegalMove, UnknownApplication
from services.intake.forms import InvalidForm
from services.intake.handlers import NothingCalledFor, WrongAudience
from services.intake.queries import BadCursor, DossierClosed
from services.intake.replica import NotOpenForFiling, UnknownProcedure


def _illegal_move(error: IllegalMove) -> Problem:
    return Problem(
        409,
        "illegal-move",
        zh="这件申请现在的状态不能这样办,请刷新后再看。",
        en=str(error).capitalize() + ".",
        state=error.state,
        move=error.move,
    )


def _invalid_form(error: InvalidForm) -> Problem:
    return Problem(
        422,
        "invalid-form",
        zh=f"有 {len(error.errors)} 处要改,请按提示一次改好再提交。",
        en=f"{len(error.errors)} fields are not right; please correct them all and send again.",
        errors=error.errors,
    )


def _unknown_procedure(_: UnknownProcedure) -> Problem:
    return Problem(
        404,
        "unknown-procedure",
        zh="没有这个事项,或还没有发布。",
        en="There is no such item, or it is not published.",
    )


def _not_open(_: NotOpenForFiling) -> Problem:
    return Problem(
        409,
        "not-open-for-filing",
        zh="这个事项已经停办,不再接收新的申请。",
        en="This item is closed; new applications are not taken.",
    )


def _wrong_audience(_: WrongAudience) -> Problem:
    return Problem(
        403,
        "wrong-audience",
        zh="这个事项不对您这类账号开放,请换用个人或企业账号。",
        en="This item is not for this kind of account; use a personal or a firm's one.",
    )


def _nothing_called_for(_: NothingCalledFor) -> Problem:
    return Problem(
        422,
        "nothing-to-do",
        zh="按您的回答,没有需要办理的事项。",
        en="With these answers there is nothing to apply for.",
    )


def _dossier_closed(error: DossierClosed) -> Problem:
    return Problem(
        409,
        "dossier-closed",
        zh="还没轮到本部门办理,或已不再需要,现在不能查看材料。",
        en="It is not your department's turn yet, or no longer: the dossier is closed.",
        headers={"Retry-After": "1"} if error.state == "waiting" else {},
        state=error.state,
    )


def _bad_cursor(_: BadCursor) -> Problem:
    return invalid_request([{"field": "cursor", "zh": "页码不对", "en": "Not a cursor of this list."}])


PROBLEMS: ProblemMap = {
    IllegalMove: _illegal_move,
    InvalidForm: _invalid_form,
    UnknownApplication: lambda _: not_found(),
    UnknownProcedure: _unknown_procedure,
    NotOpenForFiling: _not_open,
    WrongAudience: _wrong_audience,
    NothingCalledFor: _nothing_called_for,
    DossierClosed: _dossier_closed,
    BadCursor: _bad_cursor,
}
