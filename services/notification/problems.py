"""Which of notification's exceptions is which problem."""

from __future__ import annotations

from chassis.problems import Problem, ProblemMap, invalid_request, not_found
from services.notification.domain import UnknownMessage
from services.notification.hooks.domain import (
    MOST_ENDPOINTS,
    BadAddress,
    TooManyEndpoints,
    UnknownEndpoint,
)

ADDRESS = {
    "address": (
        "这不是一个完整的网址，要像 https://主机/路径。",
        "Not a whole address such as https://host/path.",
    ),
    "scheme": ("网址要以 https:// 开头。", "The address must begin with https://."),
    "login": ("网址里不能带用户名和密码。", "The address must carry no user name or password."),
}


def bad_address(problem: BadAddress) -> Problem:
    zh, en = ADDRESS[problem.reason]
    return invalid_request([{"field": "url", "zh": zh, "en": en}])


def too_many(_: TooManyEndpoints) -> Problem:
    return Problem(
        409,
        "too-many-hooks",
        zh=f"一个部门最多 {MOST_ENDPOINTS} 个推送地址，请先删掉不用的。",
        en=f"A department may have {MOST_ENDPOINTS} webhooks; please remove one first.",
    )


PROBLEMS: ProblemMap = {
    UnknownMessage: lambda _: not_found(),
    UnknownEndpoint: lambda _: not_found(),
    BadAddress: bad_address,
    TooManyEndpoints: too_many,
}
