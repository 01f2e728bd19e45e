"""Which of identity's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, invalid_request
from services.identity.domain import MIN_PASSWORD, InvalidAccount, SessionOver, WrongCredentials

REASONS = {
    "login": ("3–40 位小写字母、数字或 . _ -", "3 to 40 lower-case letters, digits or . _ -"),
    "short": (f"密码至少 {MIN_PASSWORD} 位", f"At least {MIN_PASSWORD} characters"),
    "name": ("姓名或名称要 2–50 个字", "2 to 50 characters"),
    "unknown_role": ("没有这个角色", "No such role"),
    "apart": ("这几个角色不能由同一个人担任", "These roles must not be in one hand"),
    "needed": ("请填写", "Please fill in"),
    "id_number": (
        "身份证号对不上,请看看是不是抄错了一位",
        "Not a valid ID number; perhaps one digit is wrong",
    ),
    "credit_code": ("统一社会信用代码对不上,请再核对", "Not a valid credit code; please check it"),
    "taken": ("已经有人使用", "Already in use"),
}


def _invalid_account(error: InvalidAccount) -> Problem:
    return invalid_request(
        {"field": name, "zh": REASONS[reason][0], "en": REASONS[reason][1]}
        for name, reason in error.fields.items()
    )


def _wrong_credentials(_: WrongCredentials) -> Problem:
    return Problem(
        401,
        "wrong-credentials",
        zh="账号或密码不对,请再试一次。",
        en="Account and password don't match; please try again.",
        keep=True,
    )


def _session_over(_: SessionOver) -> Problem:
    return Problem(
        401,
        "session-over",
        zh="登录已过期,请重新登录。",
        en="Your session is over; please sign in again.",
        keep=True,
    )


PROBLEMS: ProblemMap = {
    InvalidAccount: _invalid_account,
    WrongCredentials: _wrong_credentials,
    SessionOver: _session_over,
}
