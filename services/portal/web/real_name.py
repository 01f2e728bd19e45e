"""Opening an account, and showing who one is: real-name levels."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask import Response, request, url_for
from stdnum.cn import uscc

from services.portal.clients import Refused, Unreachable
from services.portal.web.apply import theirs
from services.portal.web.firms import pages
from services.portal.web.portal import (
    anybody,
    go,
    go_to,
    language,
    next_or,
    note,
    own_city,
    page,
    renew,
    requires,
    session,
)

__all__ = ["pages"]

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
SHORTEST_PASSWORD = 10


@pages.route("/register", methods=["GET", "POST"])
def register() -> Response:
    """A person or a firm opens an account; everything that is wrong is told at once."""
    t, form = language(), request.form
    typed = {name: form.get(name, "").strip() for name in ("kind", "login", "display_name", "credit_code")}
    typed["kind"] = "firm" if (typed["kind"] or request.args.get("kind")) == "firm" else "person"
    if request.method == "GET":
        return page("register.html", typed=typed, errors=[], next=next_or(""))
    firm, password = typed["kind"] == "firm", form.get("password", "")
    errors = _wrong_account(typed, password, form.get("again", ""))
    command = {name: value for name, value in typed.items() if firm or name != "credit_code"}
    try:
        if not errors:
            anybody().register(command | {"login": typed["login"].lower(), "password": password})
    except Refused as refused:
        if refused.status != 422:
            raise
        errors = [(w.field, w.message) for w in theirs(refused)]
    if errors:
        return page("register.html", 422, typed=typed, errors=errors, next=next_or(""))
    note(t("账号已开好，请登录。"))
    return go("public.sign_in", next=next_or(url_for("firms.real_name")))


@pages.get("/me/real-name")
@requires("person", "firm")
def real_name() -> Response:
    return _real_name_page([])


@pages.post("/me/real-name/<any(phone, code, number):step>")
@requires("person", "firm")
def raise_real_name(step: str) -> Response:
    """One step up; back to where it was asked for once it is enough."""
    t, form, here = language(), request.form, own_city()
    typed = {name: form.get(name, "").strip() for name in ("phone", "code", "name", "id_number")}
    asked = {"phone": ("phone",), "code": ("code",), "number": ("name", "id_number")}[step]
    words = {
        "phone": t("请填写手机号"),
        "code": t("请填写验证码"),
        "name": t("请填写姓名"),
        "id_number": t("请填写身份证号"),
    }
    errors = [(name, words[name]) for name in asked if not typed[name]]
    try:
        if not errors and step == "phone":
            here.send_phone_code(typed["phone"])
        elif not errors and step == "code":
            here.confirm_phone(unicodedata.normalize("NFKC", typed["code"]).replace(" ", ""))
        elif not errors:
            here.check_number(typed["name"], typed["id_number"])
    except Unreachable:
        errors = [(asked[0], t("核验系统暂时没有回应，没有算作一次。请过几分钟再试。"))]
    except Refused as refused:
        if refused.status not in (422, 429):
            raise
        errors = [(asked[0], refused.detail)]
        if refused.problem.get("errors"):
            errors = [(w.field, w.message) for w in theirs(refused)]
    if errors:
        return _real_name_page(errors, typed, sent=step == "code")
    if step == "phone":
        return _real_name_page([], typed, sent=True)
    renew(session())
    level = own_city().real_name()["level"]
    note(t("已确认，您现在是 L{n} 实名。", n=level))
    enough = level >= _needed()
    return go_to(next_or(url_for("firms.real_name"))) if enough else go("firms.real_name", **_way_back())


def _wrong_account(typed: dict[str, str], password: str, again: str) -> list[tuple[str, str]]:
    """Everything wrong with a new account, as far as it can be seen from here."""
    t, firm = language(), typed["kind"] == "firm"
    name, login = typed["display_name"], typed["login"].lower()
    found = []
    if not 2 <= len(name) <= 50:
        found.append(("display_name", t("请填写企业名称") if firm else t("请填写姓名")))
    if firm and not uscc.is_valid(re.sub(r"\s", "", unicodedata.normalize("NFKC", typed["credit_code"]))):
        found.append(("credit_code", t("统一社会信用代码对不上，请照营业执照再核对")))
    if not LOGIN.fullmatch(login):
        found.append(("login", t("账号用 3–40 位小写字母、数字或 . _ -")))
    if len(password) < SHORTEST_PASSWORD:
        found.append(("password", t("密码至少 10 位")))
    if password != again:
        found.append(("again", t("两次填的密码不一样")))
    return found


def _real_name_page(
    errors: list[tuple[str, str]], typed: dict[str, str] | None = None, sent: bool = False
) -> Response:
    found = own_city().real_name()
    return page(
        "real_name.html",
        422 if errors else 200,
        found=found,
        errors=errors,
        typed=typed or {},
        sent=sent,
        needed=_needed(),
        back=_way_back(),
    )


def _needed() -> int:
    text = request.values.get("need", "0")
    return int(text) if text in ("1", "2", "3") else 0


def _way_back() -> dict[str, Any]:
    """What goes on from step to step: the level that was asked for, and where."""
    wanted = next_or("")
    return {"need": _needed() or None, "next": wanted or None}
