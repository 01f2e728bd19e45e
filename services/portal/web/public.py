"""Pages for everybody: sign-in, tracking without an account, the component sheet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from chassis.web import current_feed
from services.portal import views
from services.portal.clients import City, Refused, Unreachable
from services.portal.dates import moment
from services.portal.web.portal import (
    VIEW_COOKIE,
    anybody,
    city,
    go,
    go_to,
    is_elder,
    language,
    next_or,
    page,
    portal,
    reader,
    session,
)
from services.portal.web.sheet import sample

pages = Blueprint("public", __name__)
YEAR_S = 365 * 24 * 3600
FIRST_PAGES = {
    "officer": "work.inbox",
    "acceptance_clerk": "work.acceptance",
    "approver": "head.desk",
    "catalogue_editor": "calendar.years",
    "leader": "lead.figures",
    "supervisor": "lead.watch",
    "platform_admin": "lead.outbox",
    "window_clerk": "window.real_name",
    "security_admin": "admin.staff",
    "auditor": "admin.audit",
    "department_it": "dept.mine",
}
"""Where staff begin: by the first of their roles here."""


@pages.post("/view")
def view() -> Response:
    """Elderly mode on or off: a cookie, the same addresses."""
    response = go_to(next_or("/"))
    mode = "elder" if request.form.get("mode") == "elder" else "plain"
    response.set_cookie(VIEW_COOKIE, mode, max_age=YEAR_S, path="/", samesite="Lax", httponly=True)
    return response


@pages.route("/track", methods=["GET", "POST"])
def track() -> Response:
    t = language()
    number = request.form.get("application_no", request.args.get("no", "")).strip().upper().replace(" ", "")
    if request.method == "GET":
        return page("track.html", number=number, errors=[])
    code = request.form.get("query_code", "").strip().upper().replace(" ", "")
    errors = [] if number else [("application_no", t("请填写办件编号"))]
    errors += [] if code else [("query_code", t("请填写查询码"))]
    if not errors:
        try:
            anybody().progress(number, code)
        except Refused as refused:
            if refused.status == 429:
                raise
            errors = [("application_no", t("编号和查询码对不上，请照回执再核对一遍"))]
        else:
            session().track(number, code)
            return go("public.tracked", no=number)
    return page("track.html", 422, number=number, errors=errors)


@pages.get("/track/<no>")
def tracked(no: str) -> Response:
    code = session().tracked.get(no)
    if code is None:
        return go("public.track", no=no)
    since = current_feed().position()
    case = anybody().progress(no, code)
    return page("tracked.html", since=since, **case_values(case))


@pages.get("/t/<token>")
def by_link(token: str) -> Response:
    """What the QR code on a receipt opens: the progress page, without typing."""
    found = portal().links.open(token)
    if not found:
        abort(404)
    no, code = found
    session().track(no, code)
    return go("public.tracked", no=no)


@pages.get("/design")
def design() -> Response:
    """The component sheet: on screen, in the large view, or as it prints."""
    look = request.args.get("look", "elder" if is_elder() else "screen")
    return page("design.html", look=look, elder=look == "elder", **sample(reader()))


def case_values(case: dict[str, Any]) -> dict[str, Any]:
    """What the templates of a running case need."""
    who = reader()
    now, you = views.now_and_you(case, who)
    return {
        "case": case,
        "timeline": views.timeline(case, who.t),
        "slip": views.slip(case, who),
        "stages": views.lanes(case.get("branches") or [], who.t),
        "now": now,
        "you": you,
        "reader": who,
        "as_of": moment(who.now),
        "to_fix": views.asks_for_correction(case),
        "may_withdraw": views.may_withdraw(case),
    }


def names_of(here: City, branches: list[dict[str, Any]]) -> dict[str, str]:
    """Names of those who hold these branches, as far as the visitor may know them."""
    try:
        return here.names({b["handler"] for b in branches if b.get("handler")})
    except (Refused, Unreachable):
        return {}


def running_cases() -> list[dict[str, Any]]:
    """The visitor's, newest first; none while intake is away: the start page stands without them."""
    try:
        return [case for case in city().applications()["items"] if case["status"] not in views.ENDED]
    except Unreachable:
        return []


def my_drafts() -> list[dict[str, Any]]:
    """The visitor's unfinished drafts; none while intake is away."""
    try:
        return city().drafts()
    except Unreachable:
        return []


def first_page(who: dict[str, Any]) -> str:
    """Where somebody who has just signed in wants to be."""
    if who.get("kind") != "staff":
        return "public.home"
    return next((page for role, page in FIRST_PAGES.items() if role in who["roles"]), "space.messages")


def why_not(refused: Refused) -> str:
    """What to say of a sign-in that was refused."""
    t = language()
    if refused.slug == "account-suspended":
        return refused.detail
    if refused.status == 429:
        return t("试得太多了，请 {n} 分钟后再试", n=max(1, -(-refused.retry_after // 60)))
    return t("账号或密码不对，请再试一次")


def case_link(case: dict[str, Any]) -> str:
    """The address of a case's own page."""
    return url_for("cases.case", no=case["application_no"])


def draft_slip(draft: dict[str, Any]) -> views.Slip:
    """What is not filled in to its end, as a slip."""
    t, who = language(), reader()
    return views.Slip(
        number="",
        name=t.of(draft["title"]),
        mark=views.Mark("wait", "wait", t("没填完")),
        what=t("接着填"),
        who=t("您"),
        due=t("保存于 {day}", day=who.day(draft["saved_at"])),
        href=url_for("apply.start", code=draft["procedure"]),
    )
