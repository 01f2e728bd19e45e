"""My security: password, second factor, where I am signed in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from services.portal.clients import Refused
from services.portal.web.portal import account, city, go, language, note, page, requires

pages = Blueprint("security", __name__, url_prefix="/me/security")

BROWSERS = {
    "wechat": "微信",
    "edge": "Edge",
    "opera": "Opera",
    "firefox": "Firefox",
    "chrome": "Chrome",
    "safari": "Safari",
}
SYSTEMS = {
    "harmony": "鸿蒙",
    "iphone": "iPhone",
    "ipad": "iPad",
    "android": "安卓",
    "windows": "Windows",
    "mac": "Mac",
    "linux": "Linux",
}


@pages.get("")
@requires("person", "firm", "staff")
def mine() -> Response:
    return _mine({})


@pages.post("/password")
@requires("person", "firm", "staff")
def password() -> Response:
    t, form = language(), request.form
    first = form.get("first") == "1"
    errors = {} if first or form.get("password") else {"password": t("请填写现在的密码")}
    if not form.get("new_password"):
        errors["new_password"] = t("请填写新密码")
    elif form["new_password"] != form.get("again", ""):
        errors["again"] = t("两次填的不一样，请再填一次")
    if not errors:
        errors = _done(
            lambda: city().change_password(form.get("password", ""), form["new_password"]),
            "new_password" if first else "password",
        )
    if errors:
        return _mine(errors)
    note(t("密码设好了。") if first else t("密码改好了，其他设备已退出登录。"))
    return go("security.mine")


@pages.post("/second-factor")
@requires("person", "firm", "staff")
def second_factor() -> Response:
    """What to scan."""
    form, found = request.form, {}
    errors = {} if form.get("factor_password") else {"factor_password": language()("请填写密码")}
    if not errors:
        errors = _done(
            lambda: found.update(
                city().begin_second_factor(form["factor_password"], form.get("factor_code", "").strip())
            ),
            "factor_password",
            {"password": "factor_password", "code": "factor_code"},
        )
    return (
        _mine(errors) if errors else page("take_up.html", uri=found["uri"], secret=found["secret"], errors=[])
    )


@pages.post("/second-factor/confirm")
@requires("person", "firm", "staff")
def confirm() -> Response:
    form = request.form
    try:
        codes = city().confirm_second_factor(form.get("code", "").strip() or "-")
    except Refused as refused:
        if refused.status == 409:
            note(refused.detail, "wait")
            return go("security.mine")
        if refused.status != 422:
            raise
        uri, secret = form.get("uri", ""), form.get("secret", "")
        if not uri.startswith("otpauth://"):
            abort(404)
        return page("take_up.html", 422, uri=uri, secret=secret, errors=_wrong(refused))
    return page("recovery_codes.html", codes=codes, go_on="")


@pages.post("/second-factor/remove")
@requires("person", "firm", "staff")
def remove() -> Response:
    errors = _done(
        lambda: city().remove_second_factor(request.form.get("remove_code", "").strip() or "-"),
        "remove_code",
        {"code": "remove_code"},
    )
    if errors:
        return _mine(errors)
    note(language()("两步登录已停用。"))
    return go("security.mine")


@pages.post("/recovery-codes")
@requires("person", "firm", "staff")
def recovery_codes() -> Response:
    found: list[str] = []
    errors = _done(
        lambda: found.extend(city().renew_recovery_codes(request.form.get("renew_code", "").strip() or "-")),
        "renew_code",
        {"code": "renew_code"},
    )
    return _mine(errors) if errors else page("recovery_codes.html", codes=found, go_on="")


@pages.post("/sessions/<session_id>/end")
@requires("person", "firm", "staff")
def end_session(session_id: str) -> Response:
    try:
        city().end_my_session(session_id)
    except Refused as refused:
        if refused.status != 404:
            raise
    note(language()("已经让那台设备退出。"))
    return go("security.mine")


@pages.post("/sessions/end-others")
@requires("person", "firm", "staff")
def end_others() -> Response:
    n = city().end_other_sessions()
    note(language()("其他 {n} 台设备已退出。", n=n) if n else language()("没有别的设备登录。"))
    return go("security.mine")


def _mine(errors: dict[str, str]) -> Response:
    here = city()
    return page(
        "security.html",
        422 if errors else 200,
        known=here.my_security(),
        links=here.my_links() if account().get("kind") == "person" else [],
        sessions=[s | {"device": device_words(s["device"])} for s in here.my_sessions()],
        errors=list(errors.items()),
    )


def device_words(device: str) -> str:
    """“Chrome · Windows”."""
    t = language()
    browser, _, system = device.partition("/")
    words = [t(BROWSERS.get(browser, "")) or t("其他浏览器"), t(SYSTEMS.get(system, ""))]
    return " · ".join(w for w in words if w)


def _done(act: Any, otherwise: str, fields: dict[str, str] | None = None) -> dict[str, str]:
    """What was wrong with it, by field; empty when it was done."""
    try:
        act()
    except Refused as refused:
        if refused.status == 422:
            return {(fields or {}).get(name, name): text for name, text in _wrong(refused)}
        if refused.status == 429:
            minutes = max(1, -(-refused.retry_after // 60))
            return {otherwise: language()("试得太多了，请 {n} 分钟后再试", n=minutes)}
        if refused.status == 409:
            return {otherwise: refused.detail}
        raise
    return {}


def _wrong(refused: Refused) -> list[tuple[str, str]]:
    return [(e["field"], language().of(e)) for e in refused.problem.get("errors", [])]
