"""Problems of signing in by steps, second factors, sessions and staff."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, invalid_request, not_found
from services.identity.domain import NotYours, UnknownMember
from services.identity.handlers import (
    AccountSuspended,
    NoEnrolment,
    NothingToReset,
    SignInOver,
    StepNeeded,
    UnknownSession,
)
from services.identity.problems import said


def step_needed(needed: StepNeeded) -> Problem:
    """The password was right; this is asked for next, with the challenge it is answered by."""
    if needed.step == "new_password":
        return Problem(
            401,
            "new-password-needed",
            zh="这是初始密码，请换成您自己的密码再继续。",
            en="This is an initial password; please choose one of your own to go on.",
            challenge=needed.challenge,
        )
    return Problem(
        401,
        "second-factor-needed",
        zh="还要一个验证码：请打开手机上的验证器。"
        if needed.step == "second_factor"
        else "您的岗位要用两步登录，请先用手机上的验证器扫码。",
        en="A code is needed as well: please open your authenticator app."
        if needed.step == "second_factor"
        else "Your duties need a second factor: please scan the code with an authenticator app first.",
        challenge=needed.challenge,
        enrolled=needed.step == "second_factor",
    )


def wrong_code() -> Problem:
    """Not a code of now, or one that was used before; the try has been counted."""
    return invalid_request([{"field": "code", **said("code")}])


def wrong_old_password() -> Problem:
    """The try has been counted."""
    return invalid_request([{"field": "password", **said("old_password")}])


def wrong_new_password(field: str, reason: str) -> Problem:
    """What was chosen can't be the password of this account."""
    return invalid_request([{"field": field, **said(reason)}])


def sign_in_again() -> Problem:
    """A first password is set soon after signing in, by whoever did."""
    return Problem(
        409,
        "sign-in-again",
        zh="登录有一阵子了。请退出后再登录一次，然后马上设密码。",
        en="You signed in a while ago. Please sign out and in again, then set the password at once.",
    )


def second_factor_demanded() -> Problem:
    """Who has these roles can't be without."""
    return Problem(
        409,
        "second-factor-demanded",
        zh="您的岗位必须用两步登录，不能停用；换手机请点「换一个验证器」。",
        en="Your duties demand a second factor. To use another phone, replace it instead.",
    )


def no_second_factor() -> Problem:
    """There is nothing to show a code of."""
    return Problem(
        409,
        "no-second-factor",
        zh="这个账号还没有用两步登录。",
        en="This account has no second factor.",
    )


PROBLEMS: ProblemMap = {
    SignInOver: lambda _: Problem(
        401,
        "sign-in-over",
        zh="这次登录已经过期，请从账号和密码重新开始。",
        en="This sign-in is over; please begin again with login and password.",
    ),
    AccountSuspended: lambda _: Problem(
        403,
        "account-suspended",
        zh="这个账号已停用，请找本单位的平台管理员。",
        en="This account is suspended; please ask your platform administrator.",
    ),
    NoEnrolment: lambda _: Problem(
        409,
        "no-enrolment",
        zh="二维码已经过期，请重新开始。",
        en="The QR code is too old; please begin again.",
    ),
    NotYours: lambda _: Problem(
        403,
        "own-account",
        zh="自己的账号要由另一位管理员来改。",
        en="Your own account is changed by another administrator.",
    ),
    NothingToReset: lambda _: no_second_factor(),
    UnknownSession: lambda _: not_found(),
    UnknownMember: lambda _: not_found(),
}
