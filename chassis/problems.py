"""Errors as people and programs can use them: RFC 9457 problem details, Chinese first.

A problem's ``type`` is a short stable word such as ``illegal-move``: programs decide by it, never by the
text. ``title`` names the kind of answer, ``detail`` says what happened and what to do; both come in the
caller's language (``Accept-Language``, Chinese by default). ``errors`` names every wrong field at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Response, current_app, has_request_context, request

from chassis.logs import current_trace, trace_id

MEDIA_TYPE = "application/problem+json"
LANGUAGES = ("zh", "en")
MIB = 1024 * 1024
MAX_BODY = MIB

TITLES: Mapping[int, tuple[str, str]] = {
    400: ("请求无法读取", "Bad request"),
    401: ("需要登录", "Not signed in"),
    403: ("没有权限", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("不支持这样操作", "Method not allowed"),
    406: ("无法提供这种格式", "Not acceptable"),
    408: ("请求超时", "Request timed out"),
    409: ("当前状态不能这样操作", "Conflict"),
    410: ("已经不在了", "Gone"),
    411: ("请求缺少长度", "Length required"),
    412: ("内容已被他人更改", "Precondition failed"),
    413: ("内容太大", "Too large"),
    414: ("地址太长", "Address too long"),
    415: ("不支持这种格式", "Unsupported media type"),
    422: ("填写有误", "Invalid content"),
    428: ("需要说明依据的版本", "Precondition required"),
    429: ("请稍后再试", "Too many tries"),
    500: ("出现意外错误", "Unexpected error"),
    503: ("暂时无法办理", "Temporarily unavailable"),
}
"""A title for every status we answer, (zh, en)."""


class Problem(Exception):
    """An answer that is not the one hoped for. Raising it undoes the request's unit of work.

    ``errors`` are ``{"field": "form.area", "zh": …, "en": …}``; ``extra`` become members of the body.
    With ``keep`` the unit of work is committed all the same (a failed try that has to be counted).
    """

    def __init__(
        self,
        status: int,
        type: str,
        *,
        zh: str,
        en: str,
        errors: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        keep: bool = False,
        **extra: Any,
    ):
        super().__init__(f"{status} {type}: {en}")
        self.status = status
        self.type = type
        self.zh = zh
        self.en = en
        self.errors = [dict(e) for e in errors]
        self.headers = dict(headers or {})
        self.keep = keep
        self.extra = extra

    def body(self, language: str = "zh") -> dict[str, Any]:
        """The problem document in one language."""
        zh_title, en_title = TITLES.get(self.status, TITLES[500 if self.status >= 500 else 400])
        document: dict[str, Any] = {
            "type": self.type,
            "title": en_title if language == "en" else zh_title,
            "status": self.status,
            "detail": self.en if language == "en" else self.zh,
        }
        if self.errors:
            document["errors"] = self.errors
        if trace := trace_id(current_trace()):
            document["trace"] = trace
        return document | self.extra

    def response(self) -> Response:
        """The HTTP answer, in the language of the request at hand."""
        language = caller_language()
        response = current_app.response_class(
            current_app.json.dumps(self.body(language)), status=self.status, mimetype=MEDIA_TYPE
        )
        response.headers.update(self.headers)
        response.headers["Content-Language"] = language
        response.vary.add("Accept-Language")
        return response


ProblemMap = Mapping[type[Any], Callable[[Any], Problem]]
"""One table a service: which of its exceptions is which problem. Subclasses count."""


def problem_for(error: Exception, table: ProblemMap) -> Problem | None:
    """The problem an exception stands for, by the nearest class in ``table``."""
    for kind in type(error).__mro__:
        if kind in table:
            return table[kind](error)
    return None


def caller_language() -> str:
    """``zh`` or ``en``: what the request at hand asks for."""
    if not has_request_context():
        return "zh"
    return request.accept_languages.best_match(LANGUAGES, default="zh") or "zh"


def not_found() -> Problem:
    """Nothing here, or nothing this caller may know of."""
    return Problem(
        404, "not-found", zh="没有找到您要的内容,请核对编号或地址。", en="Nothing here by that name."
    )


def too_large(limit: int) -> Problem:
    """The request has more than ``limit`` bytes."""
    size = f"{max(1, limit // MIB)} MB"
    return Problem(
        413,
        "too-large",
        zh=f"提交的内容超过 {size},请减小后再提交。",
        en=f"The request is larger than {size}; please make it smaller.",
    )


def unavailable() -> Problem:
    """The service can't reach what it needs; nothing of the request was kept."""
    return Problem(
        503,
        "unavailable",
        zh="暂时无法办理,刚才提交的内容没有保存,请稍后再试。",
        en="This is temporarily unavailable. Nothing of your request was saved; please try again shortly.",
        headers={"Retry-After": "5"},
    )


def unexpected() -> Problem:
    """Our own fault."""
    return Problem(
        500,
        "unexpected",
        zh="办理时出了意外,刚才提交的内容没有保存。请稍后再试,或把编号(trace)告诉我们。",
        en="Something went wrong and nothing of your request was saved. Try again, or tell us the trace.",
    )


def invalid_request(errors: Iterable[Mapping[str, str]]) -> Problem:
    """The content has the wrong shape; names every wrong field."""
    return Problem(
        422,
        "invalid-request",
        zh="有几处填写有误,请按提示修改后再提交。",
        en="Some fields are not right; please correct them and send again.",
        errors=errors,
    )


_HTTP: Mapping[int, tuple[str, str, str]] = {
    400: ("bad-request", "请求的格式不对,无法读取。", "The request could not be read."),
    405: ("method-not-allowed", "这个地址不支持这样操作。", "This address does not take that method."),
    406: ("not-acceptable", "无法提供您要的格式。", "This can't be given in the format asked for."),
    408: ("request-timeout", "没有等到完整的请求,请重试。", "The request did not arrive in time."),
    411: ("length-required", "请求要说明内容的长度。", "The request must say how long it is."),
    412: (
        "changed-meanwhile",
        "您看到的内容已被他人更改,请刷新后再试。",
        "Somebody changed it; reload first.",
    ),
    414: ("address-too-long", "地址太长。", "The address is too long."),
    415: (
        "unsupported-media-type",
        "请用 JSON(application/json)提交。",
        "Send JSON (application/json).",
    ),
    428: (
        "precondition-required",
        "请说明依据的版本(If-Match)。",
        "Say which version you saw (If-Match).",
    ),
    429: ("too-many-tries", "尝试次数过多,请稍后再试。", "Too many tries; please wait."),
}


def http_problem(status: int) -> Problem:
    """The problem for an HTTP error the framework found."""
    if status == 404:
        return not_found()
    if status == 413:
        return too_large(MAX_BODY)
    if status >= 500 or status not in _HTTP:
        return unexpected() if status >= 500 else _plain(status, *_HTTP[400])
    return _plain(status, *_HTTP[status])


def _plain(status: int, type: str, zh: str, en: str) -> Problem:
    return Problem(status, type, zh=zh, en=en)
