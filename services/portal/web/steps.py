"""The further steps of a sign-in: a code, an authenticator app, a password of one's own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from services.portal.clients import Refused
from services.portal.web.entry import begin_step, device
from services.portal.web.portal import anybody, go, language, note, page, session
from services.portal.web.sign_in import recognised

pages = Blueprint("steps", __name__, url_prefix="/sign-in")


@pages.route("/second-factor", methods=["GET", "POST"])
def second_factor() -> Response:
    step = _step("second-factor-needed")
    if step is None:
        return go("public.sign_in")
    if request.method == "GET":
        return _code_page(step, [])
    code = request.form.get("code", "").strip()
    if not code:
        return _code_page(step, [("code", language()("请填写验证码"))])
    try:
        answer = anybody().second_factor(step["challenge"], code, device())
    except Refused as refused:
        return _refused(refused, step)
    fresh = answer[0].pop("recovery_codes", None)
    response = recognised(answer, step["next"])
    if not fresh:
        return response
    shown = page("recovery_codes.html", codes=fresh, go_on=response.headers.get("Location", step["next"]))
    for cookie in response.headers.getlist("Set-Cookie"):
        shown.headers.add("Set-Cookie", cookie)
    return shown


@pages.route("/new-password", methods=["GET", "POST"])
def new_password() -> Response:
    step = _step("new-password-needed")
    if step is None:
        return go("public.sign_in")
    if request.method == "GET":
        return page("new_password.html", errors=[])
    password, t = request.form.get("password", ""), language()
    errors = [] if password else [("password", t("请填写新密码"))]
    if password != request.form.get("again", ""):
        errors.append(("again", t("两次填的不一样，请再填一次")))
    if not errors:
        try:
            return recognised(anybody().new_password(step["challenge"], password, device()), step["next"])
        except Refused as refused:
            return _refused(refused, step)
    return page("new_password.html", 422, errors=errors)


def _step(kind: str) -> dict[str, Any] | None:
    found = session().step
    return found if found.get("kind") == kind else None


def _code_page(step: dict[str, Any], errors: list[tuple[str, str]]) -> Response:
    try:
        scan = None if step["enrolled"] else anybody().to_scan(step["challenge"])
    except Refused as refused:
        return _over(refused, step)
    return page("second_factor.html", 422 if errors else 200, scan=scan, errors=errors)


def _refused(refused: Refused, step: dict[str, Any]) -> Response:
    """On to the next step, back to the form with what was wrong, or to the beginning."""
    if (following := begin_step(refused, step["next"])) is not None:
        return following
    errors = [(e["field"], language().of(e)) for e in refused.problem.get("errors", [])]
    if refused.status == 429:
        minutes = max(1, -(-refused.retry_after // 60))
        errors = [("code", language()("试得太多了，请 {n} 分钟后再试", n=minutes))]
    if errors:
        if step["kind"] == "new-password-needed":
            return page("new_password.html", 422, errors=errors)
        return _code_page(step, errors)
    return _over(refused, step)


def _over(refused: Refused, step: dict[str, Any]) -> Response:
    session().step = {}
    note(refused.detail or language()("这次登录已经过期，请从账号和密码重新开始。"), "wait")
    return go("public.sign_in_account", next=step["next"]) if step["next"] else go("public.sign_in")
