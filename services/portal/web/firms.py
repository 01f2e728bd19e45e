"""Firms and who acts for them: the switch of names, agents and invitations."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request, url_for

from chassis.problems import Problem
from chassis.workdays import SHANGHAI
from services.portal.clients import Refused, Unreachable
from services.portal.web.apply import theirs
from services.portal.web.portal import (
    account,
    acting,
    city,
    go,
    go_to,
    language,
    me,
    next_or,
    note,
    own_city,
    page,
    portal,
    requires,
    session,
)

pages = Blueprint("firms", __name__)

ONE_YEAR = timedelta(days=365)
KEPT_OPEN = ("invitation-over", "no-such-invitation", "own-invitation")


@pages.get("/acting")
@requires("person", "firm")
def choose() -> Response:
    """In whose name I go on."""
    return page("acting.html", firms=my_firms(), next=next_or(url_for("public.home")))


@pages.post("/acting")
@requires("person")
def switch() -> Response:
    wanted = request.form.get("firm", "")
    known = {f["firm"]: f["name"] for f in own_city().my_firms()} if wanted else {}
    if wanted and wanted not in known:
        note(language()("您现在不能以这家企业的名义办理。"), "wait")
        return go("firms.choose")
    session().act_for(wanted, known.get(wanted, ""))
    return go_to(next_or(url_for("public.space")))


@pages.get("/space/firm")
@requires("person", "firm")
def firm() -> Response:
    if account()["kind"] == "person" and not acting():
        return go("firms.choose", next=url_for("firms.firm"))
    return _firm_page([])


@pages.post("/space/firm/invite")
@requires("person", "firm")
def invite() -> Response:
    """The code is shown on the answer alone."""
    t, form = language(), request.form
    typed = {name: form.get(name, "").strip() for name in ("name", "until", "all", "more")}
    chosen = form.getlist("items")
    errors = [] if typed["name"] else [("name", t("请填写经办人姓名"))]
    until = _end_of(typed["until"])
    if until is None:
        errors.append(("until", t("请选择截止日期")))
    more, unknown = _codes(typed["more"])
    items = [] if typed["all"] == "yes" else sorted({*chosen, *more})
    if typed["all"] != "yes" and unknown:
        errors.append(("more", t("没有这个事项：{code}", code=unknown[0])))
    elif typed["all"] != "yes" and not items:
        errors.append(("items", t("请选择事项，或选“全部事项”")))
    made = None
    if not errors and until is not None:
        try:
            made = city().invite(typed["name"], items, until.isoformat(), form.get("key", ""))
        except Refused as refused:
            if refused.status != 422:
                raise
            errors = [(w.field, w.message) for w in theirs(refused)]
    return _firm_page(errors, typed if errors else {}, chosen if errors else [], made)


@pages.post("/space/firm/<any(invitations, agencies):what>/<number>")
@requires("person", "firm")
def take_back(what: str, number: str) -> Response:
    t = language()
    try:
        if what == "invitations":
            city().withdraw_invitation(number)
            note(t("邀请已撤回。"))
        else:
            city().revoke_agency(number)
            note(t("已收回授权，几秒内处处生效。"))
    except Refused as refused:
        if refused.status != 409:
            raise
        note(refused.detail, "wait")
    return go("firms.firm")


@pages.post("/space/firms/<agency_id>/renounce")
@requires("person")
def renounce(agency_id: str) -> Response:
    try:
        own_city().renounce(agency_id)
    except Refused as refused:
        if refused.status != 409:
            raise
        note(refused.detail, "wait")
        return go("firms.choose")
    session().act_for("", "")
    note(language()("您已不再为这家企业办理。"))
    return go("public.space")


@pages.route("/space/invitation", methods=["GET", "POST"])
@requires("person")
def invitation() -> Response:
    """Enter the code, see what is offered, say yes or no."""
    t, code = language(), request.form.get("code", "").strip()
    if request.method == "GET":
        return page("invitation.html", offer=None, code="", errors=[])
    act = request.form.get("act", "look-up")
    act = act if act in ("accept", "decline") else "look-up"
    if not code:
        return page("invitation.html", 422, offer=None, code="", errors=[("code", t("请填写邀请码"))])
    try:
        offer = own_city().invitation(act, code)
    except Refused as refused:
        if refused.slug not in KEPT_OPEN and refused.status != 429:
            raise
        return page("invitation.html", 422, offer=None, code=code, errors=[("code", refused.detail)])
    if act == "accept":
        note(t("已接受。从现在起您可以为这家企业办理。"))
        return go("firms.choose")
    if act == "decline":
        note(t("已谢绝，这个邀请码不能再用。"))
        return go("public.space")
    if offer["state"] != "open":
        return page("invitation.html", 422, offer=None, code=code, errors=[("code", _over(offer["state"]))])
    return page("invitation.html", offer=offer, code=code, errors=[], titles=_titles(offer["items"]))


def my_firms() -> list[dict[str, Any]]:
    """Those the visitor acts for, with the titles of their items; none while identity is away."""
    if account().get("kind") != "person":
        return []
    try:
        found = own_city().my_firms()
    except (Refused, Unreachable):
        return []
    return [f | {"titles": _titles(f["items"])} for f in found]


def firm_of_case(no: str) -> dict[str, Any] | None:
    """The firm whose case it is, when the visitor may act for it and has not said so."""
    if acting():
        return None
    for found in my_firms():
        try:
            own_city(found["firm"]).application(no)
        except Refused:
            continue
        return found
    return None


def filer(agent: str | None) -> str:
    """Who filed for the firm, as the visitor may know them; empty when the applicant did."""
    t = language()
    if not agent:
        return ""
    if agent == account()["account_id"]:
        return t("您")
    try:
        if account()["kind"] == "staff":
            return str(city().names({agent}).get(agent, t("经办人")))
        return str(next((m["name"] for m in city().firm()["members"] if m["agent"] == agent), t("经办人")))
    except (Refused, Unreachable):
        return t("经办人")


def has_ended(error: Exception) -> bool:
    """Whether it says that the visitor doesn't act for the firm any more."""
    if isinstance(error, Refused):
        return error.slug == "not-your-firm"
    return isinstance(error, Problem) and error.type == "not-your-firm"


def ended() -> Response:
    """Say so, once, and go on in the visitor's own name. A right given a moment ago, of which not every
    service has heard yet, is not over: that page asks for a moment's patience."""
    if request.path.startswith("/stream/"):
        return Response(status=403)
    name = acting().get("name", "")
    if any(found["firm"] == acting().get("firm") for found in my_firms()):
        response = page("firm_ended.html", 503, name=name, soon=True)
        response.headers["Retry-After"] = "2"
        return response
    if request.headers.get("Sec-Fetch-Dest", "document") != "empty":
        session().act_for("", "")
    return page("firm_ended.html", 403, name=name, soon=False)


def raise_level(needed: int) -> Response:
    """To where the real-name level is raised, and back: what was filled in stays."""
    note(language()("这一项要 L{n} 实名才能办。您填的内容都在，提高后回来接着办。", n=needed), "wait")
    return go("firms.real_name", need=needed, next=request.script_root + request.path)


def _firm_page(
    errors: list[tuple[str, str]],
    typed: dict[str, str] | None = None,
    chosen: list[str] | None = None,
    made: dict[str, Any] | None = None,
) -> Response:
    found = city().firm()
    codes = {c for m in (*found["members"], *found["invitations"]) for c in m["items"]}
    offered = [*portal().public("packages"), *portal().public("front")["used"]]
    return page(
        "firm.html",
        422 if errors else 200,
        firm=found,
        errors=errors,
        typed={"until": (datetime.now(SHANGHAI).date() + ONE_YEAR).isoformat()} | (typed or {}),
        chosen=chosen or [],
        made=made,
        titles=_titles(sorted(codes)),
        offered={p["code"]: p["title"] for p in offered},
        key=uuid4().hex,
        own=me().account_id,
    )


def _titles(codes: list[str]) -> dict[str, str]:
    """What items are called; the code where the catalogue doesn't say."""
    found = {}
    for code in codes:
        try:
            found[code] = language().of(portal().public("procedure", code)["title"])
        except (Refused, Unreachable):
            found[code] = code
    return found


def _codes(text: str) -> tuple[list[str], list[str]]:
    """Items by code or address, one a line: those the catalogue has, and those it doesn't."""
    known, unknown = [], []
    for line in text.split():
        code = line.rstrip("/").rpartition("/")[2].partition("?")[0]
        try:
            known.append(str(portal().public("procedure", code)["code"]))
        except Refused:
            unknown.append(line)
    return known, unknown


def _end_of(day: str) -> datetime | None:
    """The last moment of a day in Shanghai."""
    try:
        found = date.fromisoformat(unicodedata.normalize("NFKC", day))
        return datetime.combine(found, time(23, 59, 59), SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _over(state: str) -> str:
    t = language()
    return {
        "accepted": t("这个邀请码已经用过了"),
        "declined": t("这个邀请您已经谢绝"),
        "withdrawn": t("企业已撤回这个邀请"),
    }.get(state, t("这个邀请码已过期，请让企业重新邀请"))
