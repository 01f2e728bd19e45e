"""What is kept of me: a copy to take away, and the end of my account."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from services.portal.clients import Refused
from services.portal.web.portal import city, language, page, requires, session

pages = Blueprint("own_data", __name__)

HOLDERS = ("person", "firm")


@pages.get("/me/data")
@requires(*HOLDERS)
def own_data() -> Response:
    return page("own_data.html", errors=[])


@pages.get("/me/data/copy.json")
@requires(*HOLDERS)
def copy() -> Response:
    text = json.dumps(city().copy_of_own_data(), ensure_ascii=False, indent=2)
    answer = Response(text, mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="onewindow-data.json"'
    return answer


@pages.post("/me/data")
@requires(*HOLDERS)
def close() -> Response:
    t, form = language(), request.form
    errors = []
    if not form.get("sure"):
        errors.append(("sure", t("请先勾选，确认要注销")))
    if not form.get("password"):
        errors.append(("password", t("请填写密码")))
    if errors:
        return page("own_data.html", 422, errors=errors)
    try:
        closed = city().close_account(form["password"])
    except Refused as refused:
        if refused.status != 422:
            raise
        return page("own_data.html", 422, errors=[("password", t("密码不对，请再试一次"))])
    session().end()
    return page("account_closed.html", closed=closed)
