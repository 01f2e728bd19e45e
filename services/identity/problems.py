"""Which of identity's exceptions is which problem, and what is said of a wrong field."""

from __future__ import annotations

from collections.abc import Callable

from chassis.auth import level_needed, not_signed_in
from chassis.problems import Problem, ProblemMap, invalid_request
from services.identity.domain import MIN_PASSWORD, InvalidAccount, UnknownAccount
from services.identity.domain.firms import (
    IllegalMove,
    LastAdministrator,
    NotAdministrator,
    NotInvited,
    OwnInvitation,
    UnknownAgency,
)
from services.identity.domain.real_name import LevelNeeded, NoMatch, RegistryAway, WrongCode

REASONS = {
    "login": ("请用 3–40 位小写字母、数字或 . _ -。", "Use 3 to 40 lower-case letters, digits or . _ -."),
    "short": (f"密码至少 {MIN_PASSWORD} 位。", f"At least {MIN_PASSWORD} characters."),
    "is_login": (
        "密码不能就是账号，请换一个。",
        "The password must not be the login; please choose another.",
    ),
    "is_name": (
        "密码不能就是姓名或名称，请换一个。",
        "The password must not be the name; please choose another.",
    ),
    "common": (
        "这个密码很多人在用，太容易猜到，请换一个。",
        "Many people use this password, so it is too easy to guess; please choose another.",
    ),
    "keyboard": (
        "键盘上连着的键太容易猜到，请换一个密码。",
        "Keys in a row are too easy to guess; please choose another password.",
    ),
    "repeat": (
        "重复的字太容易猜到，请换一个密码。",
        "Repetitions are too easy to guess; please choose another password.",
    ),
    "sequence": (
        "连着的字母或数字太容易猜到，请换一个密码。",
        "Letters or digits in order are too easy to guess; please choose another password.",
    ),
    "date": (
        "日期太容易猜到，请换一个密码。",
        "Dates are too easy to guess; please choose another password.",
    ),
    "same": ("请换一个和原来不一样的密码。", "Please choose a password other than the old one."),
    "old_password": ("原来的密码不对，请再核对。", "That is not your present password."),
    "code": ("验证码不对，请用手机上最新的一个。", "Not the right code; please use the newest one."),
    "unit": (
        "请填部门代码(例如 SJ)或镇村代码。",
        "A department's code such as SJ, or the code of a town or village.",
    ),
    "unknown_unit": ("没有这个部门或镇村,请从列表里选。", "No such department, town or village."),
    "name": ("姓名或名称要 2–50 个字。", "2 to 50 characters."),
    "unknown_role": ("没有这个角色。", "No such role."),
    "apart": ("这几个角色不能由同一个人担任。", "These roles must not be in one hand."),
    "department": (
        "部门代码是 2–4 个大写字母,例如 SJ。",
        "A department's code is 2 to 4 capital letters, such as SJ.",
    ),
    "needed": ("请填写此项。", "Please fill this in."),
    "not_for_kind": ("这类账号没有这一项,请删除。", "This kind of account has no such field; leave it out."),
    "id_number": (
        "身份证号对不上,请看看是不是抄错了一位。",
        "Not a valid ID number; perhaps one digit is wrong.",
    ),
    "credit_code": ("统一社会信用代码对不上,请再核对。", "Not a valid credit code; please check it."),
    "email": (
        "邮箱地址不对,请再核对,例如 name@example.com。",
        "Not an e-mail address; an example is name@example.com.",
    ),
    "phone": ("手机号是 11 位数字,请数一数。", "A mobile number has 11 digits."),
    "number": (
        "号码对不上,请照证件再核对。",
        "Neither an ID number nor a credit code; please compare with the document.",
    ),
    "unknown_login": (
        "没有这个个人或企业账号，请再核对。",
        "No person and no firm has this account; please check it.",
    ),
    "window": ("窗口号用数字、字母和 -，最多 8 位，例如 12。", "Up to 8 digits, letters or -, such as 12."),
    "matches": ("人和证件一致才能确认。", "Only when person and document agree."),
    "until": ("截止日期要在今天之后、三年之内。", "The end must lie ahead, within three years."),
    "too_many_items": ("事项太多,请选 100 项以内,或选全部。", "At most 100 items; or choose all."),
    "taken": ("已经有账号使用,请直接登录或换一个。", "An account has this already: sign in, or use another."),
}
"""What is said of a wrong field (Chinese, English), by reason."""


def said(reason: str) -> dict[str, str]:
    """A reason in both languages."""
    zh, en = REASONS[reason]
    return {"zh": zh, "en": en}


def wrong_credentials() -> Problem:
    """No such account, or not this password: which one is never told."""
    return Problem(
        401,
        "wrong-credentials",
        zh="账号或密码不对,请再试一次。",
        en="Account and password don't match; please try again.",
    )


def wrong_password() -> Problem:
    """Signed in, but the password given to confirm is another."""
    return invalid_request(
        [{"field": "password", "zh": "密码不对,请再试一次。", "en": "Not the password; please try again."}]
    )


def no_password() -> Problem:
    """There is no password to confirm by yet."""
    zh, en = (
        "您还没有密码,请先到「登录与安全」设一个。",
        "You have no password yet; set one under security first.",
    )
    return invalid_request([{"field": "password", "zh": zh, "en": en}])


def session_over() -> Problem:
    """The refresh token is unknown, used up, expired or revoked."""
    return Problem(
        401,
        "session-over",
        zh="登录已过期,请重新登录。",
        en="Your session is over; please sign in again.",
        keep=True,
    )


def wrong_number() -> Problem:
    """A number that can't be, at the window: it counts as a try and is written down."""
    problem = invalid_request([{"field": "number", **said("number")}])
    problem.keep = True
    return problem


def _invalid_account(error: InvalidAccount) -> Problem:
    return invalid_request({"field": name, **said(reason)} for name, reason in error.fields.items())


INVITATION_OVER = {
    "accepted": ("这个邀请码已经用过了。", "This invitation has been used."),
    "declined": ("这个邀请您已经谢绝,要用请让企业重新邀请。", "You have declined this invitation."),
    "withdrawn": ("企业已撤回这个邀请。", "The firm has withdrawn this invitation."),
    "expired": ("这个邀请码已过期,请让企业重新邀请。", "This invitation has expired; ask for a new one."),
}
AGENCY_OVER = {
    "ended": ("这项授权已经终止。", "This authorisation has ended already."),
    "expired": ("这项授权已经到期。", "This authorisation has expired already."),
}
FIRM_REFUSALS = (IllegalMove, LastAdministrator, LevelNeeded, NotInvited, OwnInvitation, UnknownAgency)


def _over(error: IllegalMove) -> Problem:
    words = INVITATION_OVER if error.thing == "invitation" else AGENCY_OVER
    zh, en = words.get(error.state, ("现在的状态不能这样办。", "Its state doesn't allow this."))
    return Problem(409, f"{error.thing}-over", zh=zh, en=en, keep=True, state=error.state, move=error.move)


def _level_needed(error: LevelNeeded) -> Problem:
    problem = level_needed(error.needed, error.level)
    problem.keep = True
    return problem


def _refused(status: int, name: str, zh: str, en: str) -> Callable[[Exception], Problem]:
    """A refusal that is kept: it counts as a try, and is written down."""
    return lambda _: Problem(status, name, zh=zh, en=en, keep=True)


PROBLEMS: ProblemMap = {
    InvalidAccount: _invalid_account,
    UnknownAccount: lambda _: not_signed_in(),
    IllegalMove: _over,
    LevelNeeded: _level_needed,
    NotInvited: _refused(
        404,
        "no-such-invitation",
        "没有这个邀请码,或不是发给您的。请核对邀请码,邀请上的姓名要和您实名的姓名一致。",
        "No such invitation, or it isn't for you: the name on it must be your real name.",
    ),
    OwnInvitation: _refused(
        403, "own-invitation", "自己发出的邀请不能自己接受。", "You can't accept your own invitation."
    ),
    UnknownAgency: _refused(404, "not-found", "没有这项授权或邀请。", "No such authorisation or invitation."),
    NotAdministrator: _refused(
        403,
        "not-administrator",
        "只有企业自己和企业管理员可以管理经办人。",
        "Only the firm itself and its administrators manage its agents.",
    ),
    LastAdministrator: _refused(
        409,
        "last-administrator",
        "您是这家企业唯一的管理员,不能退出。请先到窗口变更管理员。",
        "The firm would be left without an administrator; please have another one named at a window first.",
    ),
    WrongCode: _refused(
        422,
        "wrong-code",
        "验证码不对或已过期,请核对,或重新获取。",
        "Not the code that was sent, or it is over; please compare, or ask for a new one.",
    ),
    NoMatch: _refused(
        422,
        "no-match",
        "姓名和号码对不上,请照证件核对。仍不对,请带证件到任一窗口核实。",
        "Name and number don't go together. Compare with the document, or bring it to any window.",
    ),
    RegistryAway: lambda _: Problem(
        503,
        "registry-away",
        zh="核验系统暂时没有回应,没有算作一次。请过几分钟再试,也可以带证件到任一窗口核实。",
        en="The registry doesn't answer at the moment; this didn't count. Try again in a few minutes.",
        headers={"Retry-After": "120"},
    ),
}
