"""Today against the promise, what is supervised, and what left the house."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, abort, request, url_for

from chassis.web import current_feed
from services.portal.clients import Refused, Unreachable
from services.portal.dates import moment
from services.portal.follow import age, bars, case_slip, list_title, stage_word, supervision_mark
from services.portal.web.portal import (
    account,
    city,
    go,
    language,
    me,
    note,
    page,
    portal,
    reader,
    requires,
)
from services.portal.web.public import case_values

pages = Blueprint("lead", __name__)

ALL = ("leader", "supervisor")
HEAD = "approver"
DAYS_SHOWN = 14
ASKED = ("status", "department", "item", "day", "cursor")
STATES = ("waiting", "trying", "sent", "failed", "no_address")


@pages.get("/lead")
@requires(*ALL, HEAD)
def figures() -> Response:
    since = current_feed().position()
    found, who = city().figures(), reader()
    return page(
        "lead.html",
        since=since,
        as_of=moment(who.now),
        f=found,
        age=age(found["last_event_at"], who),
        hours=bars(found["hours"], lambda r: f"{r['hour']}:00"),
        days=bars(found["days"][-DAYS_SHOWN:], lambda r: _date(r["day"])),
        stages=[s | {"word": stage_word(s["status"], who.t)} for s in found["stages"]],
        stage_word=stage_word,
        departments=_department_names(),
        titles=_titles({i["item"] for i in found["items"]}),
        all=me().is_any(*ALL),
    )


@pages.get("/lead/cases")
@requires(*ALL, HEAD)
def cases() -> Response:
    """The cases behind one number."""
    t, who = language(), reader()
    asked: dict[str, Any] = {"show": request.args.get("show", "open")}
    asked |= {name: request.args[name] for name in ASKED if request.args.get(name)}
    try:
        answer = city().counted_cases(**asked)
    except Refused as refused:
        if refused.status == 422:
            abort(404)
        raise
    departments = _department_names()
    rows = answer["items"]
    titles = _titles({r["procedure"] for r in rows} | {asked.get("item", "")})
    department = t.of(departments.get(asked.get("department", "")))
    return page(
        "lead_cases.html",
        title=list_title(asked, department, t.of(titles.get(asked.get("item", ""), "")), t),
        slips=[
            case_slip(
                r,
                who,
                t.of(titles.get(r["procedure"], r["procedure"])),
                t.of(departments.get(r.get("department", ""))),
                url_for("lead.case", no=r["application_no"]),
            )
            for r in rows
        ],
        more=asked | {"cursor": answer["next"]} if answer["next"] else None,
    )


@pages.get("/lead/cases/<no>")
@requires(*ALL, HEAD)
def case(no: str) -> Response:
    """One of them, to look at: how it stands, never who filed it or with what."""
    since = current_feed().position()
    found = city().overview(no)
    names = _names({b["handler"] for b in found["branches"] if b["handler"]})
    return page("lead_case.html", since=since, names=names, **case_values(found))


@pages.get("/watch")
@requires(*ALL, HEAD)
def watch() -> Response:
    since = current_feed().position()
    here, t, who = city(), language(), reader()
    late, records = here.watched(), here.supervision_records()
    departments = _department_names()
    titles = _titles({r["procedure"] for r in late})
    slips = {
        light: [
            case_slip(
                r,
                who,
                t.of(titles.get(r["procedure"], r["procedure"])),
                t.of(departments.get(r["department"])),
                url_for("lead.case", no=r["application_no"]),
            )
            for r in late
            if r["light"] == light
        ]
        for light in ("black", "red")
    }
    return page(
        "watch.html",
        since=since,
        as_of=moment(who.now),
        slips=slips,
        records=[r | {"mark": supervision_mark(r, t, who.now)} for r in records],
        answers=_answers(),
        names=_names({r["responsible"] for r in records if r["responsible"]}),
        departments=departments,
        may_close="supervisor" in account()["roles"],
        key=uuid4().hex,
    )


@pages.post("/watch/<branch_no>/close")
@requires("supervisor")
def close(branch_no: str) -> Response:
    try:
        city().close_supervision(branch_no, request.form.get("key") or uuid4().hex)
    except Refused as refused:
        if refused.status != 409:
            raise
        note(refused.detail, "wait")
    else:
        note(language()("已结案。"))
    return go("lead.watch")


@pages.get("/outbox")
@requires("platform_admin")
def outbox() -> Response:
    state = request.args.get("state")
    if state is not None and state not in STATES:
        abort(404)
    answer, t = city().outbox(state, request.args.get("cursor")), language()
    words = {
        "waiting": t("等着发"),
        "trying": t("正在发"),
        "sent": t("已发出"),
        "failed": t("没发出去"),
        "no_address": t("没有邮箱"),
    }
    return page(
        "outbox.html",
        letters=answer["items"],
        words=words,
        counts=answer["counts"],
        state=state,
        next=answer["next"],
        moment=moment,
    )


@pages.get("/stream/figures")
@requires(*ALL, HEAD)
def stream() -> Response:
    return current_feed().response({"figures"}, me())


def _date(day: str) -> str:
    """A day of a chart, without its weekday."""
    found = date.fromisoformat(day)
    return language()("{month}月{day}日", month=found.month, day=found.day)


def _answers() -> dict[str, dict[str, Any]]:
    """Written answers by branch; none while approval is away or for who may not read them."""
    try:
        return city().supervision_answers()
    except (Refused, Unreachable):
        return {}


def _names(accounts: set[str]) -> dict[str, str]:
    try:
        return city().names(accounts)
    except (Refused, Unreachable):
        return {}


def _department_names() -> dict[str, Any]:
    return {d["code"]: d["name"] for d in portal().public("departments")}


def _titles(codes: set[str]) -> dict[str, Any]:
    """Names of procedures; one the catalogue doesn't tell keeps its code."""
    found = {}
    for code in codes - {""}:
        try:
            found[code] = portal().public("procedure", code)["title"]
        except (Refused, Unreachable):
            continue
    return found
