"""The window clerk's page: the person is at the desk with the document."""

from __future__ import annotations

import unicodedata

from flask import Blueprint, Response, request

from services.portal.clients import Refused, Unreachable
from services.portal.web.apply import theirs
from services.portal.web.portal import city, go, language, note, page, requires

pages = Blueprint("window", __name__, url_prefix="/window")

ASKED = ("login", "name", "number", "window")


@pages.route("/real-name", methods=["GET", "POST"])
@requires("window_clerk")
def real_name() -> Response:
    """Person, document and registry agree: the account is L3."""
    t, form = language(), request.form
    if request.method == "GET":
        return _page({"window": request.args.get("window", "")}, [])
    typed = {name: form.get(name, "").strip() for name in ASKED}
    words = {
        "login": t("请填写要核实的账号"),
        "name": t("请照证件填写姓名"),
        "number": t("请读卡或照证件填写号码"),
        "window": t("请填写窗口号"),
    }
    errors = [(name, words[name]) for name in ASKED if not typed[name]]
    if not form.get("same_person"):
        errors.append(("same_person", t("人和证件一致才能确认")))
    try:
        if not errors:
            window = unicodedata.normalize("NFKC", typed["window"])
            level = city().confirm_at_window(typed | {"window": window, "matches": True})
            note(t("已核实，这个账号现在是 L{n} 实名。", n=level))
            return go("window.real_name", window=window)
    except Unreachable:
        errors = [("number", t("核验系统暂时没有回应，没有确认。请过几分钟再试。"))]
    except Refused as refused:
        if refused.status not in (409, 422, 429):
            raise
        errors = [(w.field or "number", w.message) for w in theirs(refused)]
    return _page(typed, errors)


def _page(typed: dict[str, str], errors: list[tuple[str, str]]) -> Response:
    return page("window.html", 422 if errors else 200, typed=typed, errors=errors)
