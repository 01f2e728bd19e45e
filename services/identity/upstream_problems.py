"""What is said when a sign-in through another provider comes to nothing."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, not_found
from services.identity.domain.upstreams import (
    LastWayIn,
    Overtaken,
    UnknownLink,
    UnknownUpstream,
    UpstreamAway,
    UpstreamRefused,
)

AGAIN = (
    "这次登录没有接上，没有登录任何账号。请重新点一次登录按钮。",
    "This sign-in did not come together and nobody was signed in. Please begin again.",
)
UNTRUSTED = (
    "那边的答复核对不上，没有登录任何账号。请改用账号和密码登录；以后还这样，请打政务服务热线。",
    "Their answer can't be trusted, and nobody was signed in. Please use your account and password here.",
)
REFUSALS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("state", "browser", "code", "expired", "not_fresh"), AGAIN),
    **dict.fromkeys(
        ("algorithm", "key", "signature", "issuer", "audience", "early", "nonce", "subject"), UNTRUSTED
    ),
    "subject_differs": UNTRUSTED,
    "number": UNTRUSTED,
    "denied": (
        "您没有同意，所以没有登录。可以改用账号和密码登录。",
        "You did not agree, so nobody was signed in. You can use your account and password.",
    ),
    "claims": (
        "那边没有给出姓名或证件号，所以没有登录。请先在那边完成实名，或改用账号和密码登录。",
        "They did not say your name or number. Complete your real name there, or use your password here.",
    ),
    "staff": (
        "工作人员要用单位的账号和两步登录，不能从这里进。",
        "Staff sign in with their office account and second factor, not this way.",
    ),
    "not_a_person": (
        "这个账号不是个人账号，不能从这里进。请用账号和密码登录。",
        "This is not a person's account. Please use account and password.",
    ),
    "suspended": (
        "这个账号已停用，请到窗口询问。",
        "This account is suspended; please ask at a window.",
    ),
    "other_subject": (
        "您在一窗通的账号已经关联了那边的另一个账号。请用原来那个登录，或在「登录与安全」里先取消关联。",
        "Your account here is linked to another account there. Use that one, or unlink it first.",
    ),
    "number_differs": (
        "那边的证件号和您在一窗通核实过的不是同一个，所以没有登录。请带证件到任一窗口核对。",
        "Their number is not the one you have shown here, so nobody was signed in. Please come to a window.",
    ),
    "number_taken": (
        "这个证件号已经由一窗通的另一个账号核实过。请改用那个账号，或带证件到任一窗口核对。",
        "Another account here has shown this number. Use that one, or come to a window with your document.",
    ),
    "ticket": (
        "关联已经过期。要关联的话，请退出后再从那边登录一次。",
        "The link is too old. To link, sign out and come through the other provider once more.",
    ),
}
"""Why nobody was signed in (Chinese, English); the names stand in audit and metrics too."""


def refused(error: UpstreamRefused) -> Problem:
    zh, en = REFUSALS[error.reason]
    return Problem(403, "upstream-refused", zh=zh, en=en, keep=True, reason=error.reason)


def away() -> Problem:
    return Problem(
        503,
        "upstream-away",
        zh="那边的登录系统暂时没有回应。请过几分钟再试，或用账号和密码登录。",
        en="Their sign-in doesn't answer at the moment. Try again later, or use your password here.",
        headers={"Retry-After": "120"},
    )


def sign_in_to_link(ticket: str, claimed: bool) -> Problem:
    why = "但还没有核实过证件号" if claimed else "但姓名和那边的不一样"
    return Problem(
        409,
        "sign-in-to-link",
        zh=f"您在一窗通已经有账号，{why}。请用原来的账号和密码登录一次，以后就可以直接从那边登录。",
        en="You have an account here "
        + ("whose number was never verified" if claimed else "under another name")
        + ". Sign in to it once, and you can come from there from then on.",
        ticket=ticket,
        claimed=claimed,
    )


UPSTREAM_PROBLEMS: ProblemMap = {
    UpstreamRefused: refused,
    Overtaken: lambda _: refused(UpstreamRefused("other_subject")),
    UpstreamAway: lambda _: away(),
    UnknownUpstream: lambda _: not_found(),
    UnknownLink: lambda _: not_found(),
    LastWayIn: lambda _: Problem(
        409,
        "last-way-in",
        zh="取消以后您就没有办法登录了。请先在这一页设一个密码。",
        en="You could not sign in any more. Please set a password first.",
    ),
}
