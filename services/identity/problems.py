"""Which of identity's exceptions is which problem, and what is said of a wrong field."""

from __future__ import annotations

from chassis.auth import not_signed_in
from chassis.problems import Problem, ProblemMap, invalid_request
from services.identity.domain import MIN_PASSWORD, InvalidAccount, UnknownAccount

REASONS = {
    "login": ("请用 3–40 位小写字母、数字或 . _ -。", "Use 3 to 40 lower-case letters, digits or . _ -."),
    "short": (f"密码至少 {MIN_PASSWORD} 位。", f"At least {MIN_PASSWORD} characters."),
    "is_login": (
        "密码不能就是账号，请换一个。",
        "The password must not be the login; please choose another.",
    ),
    "common": (
        "这个密码太容易猜到，请换一个。",
        "This password is too easy to guess; please choose another.",
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


def session_over() -> Problem:
    """The refresh token is unknown, used up, expired or revoked."""
    return Problem(
        401,
        "session-over",
        zh="登录已过期,请重新登录。",
        en="Your session is over; please sign in again.",
        keep=True,
    )


def _invalid_account(error: InvalidAccount) -> Problem:
    return invalid_request({"field": name, **said(reason)} for name, reason in error.fields.items())


PROBLEMS: ProblemMap = {
    InvalidAccount: _invalid_account,
    UnknownAccount: lambda _: not_signed_in(),
}
