"""One case: where it is, what to do, putting it right, withdrawing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, request, url_for

from chassis.web import current_database, current_feed
from services.portal import handlers
from services.portal.answers import Wrong, check, read
from services.portal.clients import Refused, Unreachable
from services.portal.forms import Field, labels
from services.portal.web.portal import account, city, go, language, note, page, portal, requires
from services.portal.web.public import case_values, names_of

pages = Blueprint("cases", __name__, url_prefix="/cases")


@pages.get("/<no>/done")
@requires("person", "firm")
def done(no: str) -> Response:
    case = city().application(no)
    query_code = case.get("query_code") or _query_code(no)
    link = ""
    if query_code:
        link = url_for("public.by_link", token=portal().links.seal([no, query_code]), _external=True)
    return page("done.html", query_code=query_code, link=link, **case_values(case))


@pages.get("/<no>")
@requires()
def case(no: str) -> Response:
    here, since = city(), current_feed().position()
    found = here.application(no)
    try:
        opinions = {b["branch_no"]: b for b in here.case(no).get("branches", ())}
    except (Refused, Unreachable):
        opinions = {}
    return page(
        "case.html",
        names=names_of(here, found["branches"]),
        since=since,
        opinions=opinions,
        query_code=_query_code(no),
        licence_title=_licence_titles(found),
        **case_values(found),
    )


@pages.route("/<no>/fix", methods=["GET", "POST"])
@requires("person", "firm")
def fix(no: str) -> Response:
    here = city()
    found = here.application(no)
    form = here.application_form(no)
    procedure = portal().public("procedure", found["procedure"], found.get("version"))
    answers = dict(form["form"])
    known = labels(procedure["form"], language(), answers)
    requests = _returned(found) or here.corrections(no)
    departments = {b["branch_no"]: b["department_name"] for b in found["branches"]}
    for asked in requests:
        asked["department_name"] = departments.get(asked["branch_no"])
        asked["fields"] = [(known[r["field"]], r["reason"]) for r in asked["requests"] if r["field"] in known]
        asked["others"] = [r for r in asked["requests"] if r["field"] not in known]
    errors: list[Wrong] = []
    if request.method == "POST":
        fields = [f for asked in requests for f, _ in asked["fields"]]
        changes = read(fields, request.form)
        answers |= changes
        errors = check(fields, answers, language())
        if not errors:
            errors = _send(no, found, requests, answers, changes)
        if not errors:
            note(language()("已收到您的补正，办理接着走。"))
            return go("cases.case", no=no)
    return page(
        "fix.html",
        422 if errors else 200,
        requests=requests,
        values=answers,
        errors=errors,
        wrong={w.field: w.message for w in errors},
        key=request.form.get("key") or uuid4().hex,
        **case_values(found),
    )


@pages.route("/<no>/withdraw", methods=["GET", "POST"])
@requires("person", "firm")
def withdraw(no: str) -> Response:
    if request.method == "GET":
        return page("withdraw.html", **case_values(city().application(no)))
    city().withdraw(no)
    note(language()("已申请撤回，各部门会停办。"))
    return go("cases.case", no=no)


def _returned(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Sent back before acceptance: one request of the whole, without a branch."""
    if case["status"] != "returned":
        return []
    reasons = (case.get("returned") or {}).get("reasons", ())
    return [
        {
            "branch_no": None,
            "requests": [dict(r) for r in reasons],
            "due": (case.get("next") or {}).get("due"),
        }
    ]


def _send(
    no: str,
    case: dict[str, Any],
    requests: list[dict[str, Any]],
    answers: dict[str, Any],
    changes: dict[str, Any],
) -> list[Wrong]:
    here, key = city(), request.form.get("key") or uuid4().hex
    try:
        if case["status"] == "returned":
            here.resubmit(no, {k: v for k, v in answers.items() if v is not None}, key)
            return []
        for asked in requests:
            fields: list[Field] = [f for f, _ in asked["fields"]]
            mine = {f.name: changes[f.name] for f in fields if changes.get(f.name) is not None}
            remark = request.form.get(f"note-{asked['branch_no']}", "").strip()
            here.correct(no, asked["branch_no"], mine, remark, f"{key}-{asked['branch_no']}")
    except Refused as refused:
        if refused.status != 422:
            raise
        code = language().code
        return [
            Wrong(e["field"].split(".", 1)[-1], e.get(code) or e["zh"])
            for e in refused.problem.get("errors", ())
        ] or [Wrong("", refused.detail)]
    return []


def _licence_titles(case: dict[str, Any]) -> Callable[[dict[str, Any]], str]:
    """What each licence of this case is called: by the item that gives it."""
    facts = portal().public("procedure", case["procedure"], case.get("version")).get("facts", {})
    titles = {i["code"]: i["result"] for i in facts.get("items", ())}
    own = (facts.get("result") or {}).get("title") or case["title"]
    return lambda licence: language().of(titles.get(licence["item"], own))


def _query_code(no: str) -> str:
    with current_database().read() as reading:
        receipt = handlers.receipt_of(no, account()["account_id"], reading)
    return (receipt or {}).get("query_code", "")
