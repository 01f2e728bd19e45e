"""Which of intake's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import MIB, Problem, ProblemMap, invalid_request, not_found, unavailable
from chassis.storage import MissingFile, StorageAway
from services.intake.domain import (
    AlreadyFiled,
    ChangedMeanwhile,
    IllegalMove,
    NoSuchSlot,
    SlotClosed,
    TooManyVersions,
    UnknownApplication,
    UnknownDraft,
    UnknownMaterial,
)
from services.intake.domain.signing import (
    LEVEL,
    AlreadyAnswered,
    NoSigners,
    NotTheSigner,
    SignaturesNeeded,
    SigningOver,
    TooManyInvitations,
    UnknownSigning,
)
from services.intake.file_checks import BadFile
from services.intake.forms import InvalidForm
from services.intake.handlers import NothingCalledFor, WrongAudience
from services.intake.handlers.kept import MOST_KEPT, TooManyKept
from services.intake.queries import BadCursor, DossierClosed
from services.intake.replica import NotOpenForFiling, UnknownProcedure
from services.intake.scanning import ScannerAway

FILE_REASONS = {
    "empty": ("这个文件是空的,请重新选一个。", "This file is empty; please choose another."),
    "format": ("这里不收这种文件,可以传 {allowed}。", "This kind of file is not taken here; send {allowed}."),
    "declared": (
        "文件名以 .{ending} 结尾,上传时却说是别的类型,请重新保存后再传。",
        "The name ends with .{ending} but it was sent as something else; save it again and retry.",
    ),
    "content": (
        "文件名以 .{ending} 结尾,里面却不是这种文件。改文件名不行,请另存为这种格式再传。",
        "The name ends with .{ending} but the content is something else; save it in that format.",
    ),
    "broken": (
        "这个文件不完整或已损坏,请重新保存后再传。",
        "This file is incomplete or damaged; save it again.",
    ),
    "macros": (
        "这个文件带有宏,不能收。请另存为不带宏的文件。",
        "This file has macros; save it without.",
    ),
    "infected": ("这个文件带有病毒,没有保存。请先杀毒再传。", "This file is infected and was not kept."),
}
"""Why a file isn't taken, by `BadFile.reason`."""


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


def _signatures_needed(error: SignaturesNeeded) -> Problem:
    return Problem(
        409,
        "signatures-needed",
        zh="还要别人签署：请先发给各位签署人，都签了就自动提交。",
        en="Others have to sign as well: send it round first; it is filed when all have signed.",
        roles=list(error.roles),
    )


def _signing_over(error: SigningOver) -> Problem:
    return Problem(
        409,
        "signing-over",
        zh="这次签署已经结束了。",
        en="This round of signatures is over.",
        outcome=error.outcome,
    )


def _already_answered(error: AlreadyAnswered) -> Problem:
    return Problem(
        409, "already-answered", zh="已经答复过了。", en="This has been answered already.", state=error.state
    )


def _not_the_signer(error: NotTheSigner) -> Problem:
    if error.reason == "level":
        return Problem(
            403,
            "level-too-low",
            zh="签署前要先实名：请核对姓名和身份证号，再打开这个链接。",
            en="Before you sign, your name and ID number must be checked; then open this link again.",
            needed=LEVEL,
        )
    return Problem(
        403,
        "another-person",
        zh="这份签署是发给另一位的，请换本人的账号登录再打开。",
        en="This was sent to somebody else; please sign in with that person's account.",
    )


def _no_signers(_: NoSigners) -> Problem:
    return Problem(
        409,
        "no-signers",
        zh="这件事不用别人签署，可以直接提交。",
        en="Nobody has to sign this; it can be filed.",
    )


def _too_many_invitations(_: TooManyInvitations) -> Problem:
    return Problem(
        409,
        "too-many-invitations",
        zh="链接已经发过几次了，请直接联系这位签署人。",
        en="The link has been sent several times; please speak to this person directly.",
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


def _bad_file(error: BadFile) -> Problem:
    zh, en = (text.format(**error.words) for text in FILE_REASONS[error.reason])
    errors = [{"field": "file", "zh": zh, "en": en}]
    return Problem(422, "bad-file", zh=zh, en=en, errors=errors, reason=error.reason)


def file_too_large(limit: int) -> Problem:
    """A file has more than ``limit`` bytes."""
    size = f"{limit / MIB:g} MB"
    return Problem(
        413,
        "file-too-large",
        zh=f"这个文件太大,最大 {size}。可以拍得小一点,或另存为 PDF 再传。",
        en=f"This file is too large: at most {size}. Take a smaller picture or save it as PDF.",
    )


def no_file() -> Problem:
    """The upload has no part called ``file``."""
    return invalid_request([{"field": "file", "zh": "请选择一个文件", "en": "Please choose a file"}])


def _changed_meanwhile(error: ChangedMeanwhile) -> Problem:
    return Problem(
        412,
        "changed-meanwhile",
        zh="这份草稿刚才在别的页面或设备上改过,请核对后再保存。",
        en="This draft was changed in another window or on another device; compare and save again.",
        headers={"ETag": f'"{error.revision}"'},
        revision=error.revision,
        changed=error.answers,
    )


def _already_filed(error: AlreadyFiled) -> Problem:
    return Problem(
        409,
        "already-filed",
        zh="这份草稿已经提交,不能再改。",
        en="This draft has been filed and can't be changed any more.",
        application_no=error.application_no,
    )


def _no_such_slot(_: NoSuchSlot) -> Problem:
    return Problem(
        404, "no-such-slot", zh="这个事项不用交这份材料。", en="This item doesn't ask for that material."
    )


def _slot_closed(_: SlotClosed) -> Problem:
    return Problem(
        409,
        "slot-closed",
        zh="现在没有要求补正这份材料,不能更换。",
        en="Nobody has asked for this material to be put right; it can't be replaced now.",
    )


def _too_many_kept(_: TooManyKept) -> Problem:
    return Problem(
        409,
        "space-full",
        zh=f"您的资料已满 {MOST_KEPT} 份,请先删去不用的。",
        en=f"Your space holds {MOST_KEPT} files already; let some go first.",
    )


def _too_many_versions(_: TooManyVersions) -> Problem:
    return Problem(
        409,
        "too-many-versions",
        zh="这份材料已经换过太多次。请打大厅电话,工作人员帮您处理。",
        en="This material was replaced too often; please call the hall.",
    )


def _scanner_away(_: ScannerAway) -> Problem:
    return Problem(
        503,
        "scanner-away",
        zh="现在没法检查文件,这个文件没有保存,您填的内容都还在。请几分钟后再传。",
        en="Files can't be checked at the moment. This one was not kept; what you filled in is still here.",
        headers={"Retry-After": "60"},
    )


PROBLEMS: ProblemMap = {
    IllegalMove: _illegal_move,
    InvalidForm: _invalid_form,
    UnknownApplication: lambda _: not_found(),
    UnknownProcedure: _unknown_procedure,
    NotOpenForFiling: _not_open,
    WrongAudience: _wrong_audience,
    NothingCalledFor: _nothing_called_for,
    DossierClosed: _dossier_closed,
    SignaturesNeeded: _signatures_needed,
    SigningOver: _signing_over,
    AlreadyAnswered: _already_answered,
    NotTheSigner: _not_the_signer,
    NoSigners: _no_signers,
    TooManyInvitations: _too_many_invitations,
    UnknownSigning: lambda _: not_found(),
    BadCursor: _bad_cursor,
    BadFile: _bad_file,
    UnknownDraft: lambda _: not_found(),
    UnknownMaterial: lambda _: not_found(),
    ChangedMeanwhile: _changed_meanwhile,
    AlreadyFiled: _already_filed,
    NoSuchSlot: _no_such_slot,
    SlotClosed: _slot_closed,
    TooManyKept: _too_many_kept,
    TooManyVersions: _too_many_versions,
    ScannerAway: _scanner_away,
    StorageAway: lambda _: unavailable(),
    MissingFile: lambda _: unavailable(),
}
