"""Which of approval's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, invalid_request, not_found
from services.approval.certificates import CertificateEnded
from services.approval.domain import (
    AlreadyAsked,
    CannotExtend,
    IllegalMove,
    Incomplete,
    NotAllowed,
    SameHand,
    UnknownBranch,
)
from services.approval.handlers import (
    CannotDelegate,
    NothingWaiting,
    NotResponsible,
    TooMany,
    UnknownDelegation,
    UnknownDepartment,
    UnknownTemplate,
)
from services.approval.queries import BadCursor


def _illegal_move(error: IllegalMove) -> Problem:
    zh, en = "这件现在的状态不能这样办，请刷新后再看。", f"{str(error).capitalize()}."
    if error.state == "claimed":
        zh, en = "这件已经有人认领。", "Somebody else has it."
    elif error.state == "awaiting_signature":
        zh, en = "这件正等负责人签批，签批前不能改。", "It waits for the head's signature."
    return Problem(
        409,
        "illegal-move",
        zh=zh,
        en=en,
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


STATES = {
    "expired": ("已过期", "has expired"),
    "revoked": ("已被撤销", "has been revoked"),
    "superseded": ("已换发新证", "has been replaced"),
}
"""How a certificate can stand that is valid no more."""


def _certificate_ended(error: CertificateEnded) -> Problem:
    said = [(e, *STATES[e.state]) for e in error.ended]
    return Problem(
        409,
        "certificate-ended",
        zh=f"申请后{'、'.join(f'{e.title.zh}{zh}' for e, zh, _ in said)}。仍要同意，请确认您已经看到。",
        en=f"Since filing: {', '.join(f'{e.title.en} {en}' for e, _, en in said)}. "
        "To agree all the same, say that you have seen it.",
        errors=[{"field": f"acknowledged.{e.material}", "zh": zh, "en": en} for e, zh, en in said],
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


EXTENSIONS = {
    "not_provided": ("这个事项没有延期的规定。", "This item gives no extension."),
    "extended_already": ("已经延期过一次，不能再延。", "It was extended once; that is all there is."),
    "asked_already": ("延期申请已经提交，等负责人决定。", "An extension was asked for already."),
    "too_late": ("法定期限已过，不能再延期。", "The limit by law has passed; it can't be extended."),
}


def _cannot_extend(error: CannotExtend) -> Problem:
    if error.why == "too_long":
        most = {"zh": f"最多可延 {error.most} 天", "en": f"{error.most} days at most"}
        return invalid_request([{"field": "days"} | most])
    zh, en = EXTENSIONS[error.why]
    return Problem(409, "cannot-extend", zh=zh, en=en, why=error.why)


def _same_hand(_: SameHand) -> Problem:
    return Problem(
        409,
        "same-hand",
        zh="提出的人不能自己批，请另一位负责人处理。",
        en="Whoever proposed it can't decide on it; somebody else must.",
    )


def _cannot_delegate(error: CannotDelegate) -> Problem:
    words = {
        "absent": ("请选择本部门的同事", "Choose a colleague of the department"),
        "delegate": ("请选择本部门的另一位同事", "Choose another colleague of the department"),
        "ends": ("结束要晚于开始，也要晚于现在", "It must end after it begins, and after now"),
    }
    zh, en = words[error.field]
    return invalid_request([{"field": error.field, "zh": zh, "en": en}])


def _too_many(error: TooMany) -> Problem:
    return Problem(
        409,
        "too-many",
        zh=f"最多保存 {error.most} 个，请先删去不用的。",
        en=f"{error.most} at most; please remove what you don't use.",
    )


def _nothing_waiting(_: NothingWaiting) -> Problem:
    return Problem(404, "nothing-waiting", zh="没有等着认领的件。", en="Nothing waits to be claimed.")


def not_the_head() -> Problem:
    """A decision only the department's head, or whoever stands in, may make."""
    return Problem(
        403,
        "not-allowed",
        zh="这一项由本部门负责人办理。",
        en="This is for the department's head.",
    )


def _not_responsible(_: NotResponsible) -> Problem:
    return Problem(
        403,
        "not-allowed",
        zh="督办由指定的责任人或部门负责人答复。",
        en="The person named, or the department's head, answers.",
    )


def name_too_long() -> Problem:
    """A filter's name that no list has room for."""
    return invalid_request([{"field": "name", "zh": "名称太长", "en": "The name is too long"}])


def _bad_cursor(_: BadCursor) -> Problem:
    return invalid_request([{"field": "cursor", "zh": "页码不对", "en": "Not a cursor of this list."}])


PROBLEMS: ProblemMap = {
    IllegalMove: _illegal_move,
    NotAllowed: _not_allowed,
    Incomplete: _incomplete,
    CertificateEnded: _certificate_ended,
    AlreadyAsked: _already_asked,
    UnknownBranch: lambda _: not_found(),
    UnknownDepartment: _unknown_department,
    CannotExtend: _cannot_extend,
    SameHand: _same_hand,
    CannotDelegate: _cannot_delegate,
    TooMany: _too_many,
    NothingWaiting: _nothing_waiting,
    NotResponsible: _not_responsible,
    UnknownDelegation: lambda _: not_found(),
    UnknownTemplate: lambda _: not_found(),
    BadCursor: _bad_cursor,
}
