"""One case: where it is, what to do, putting it right, withdrawing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request, url_for

from chassis.web import current_feed
from services.portal.clients import Refused, Unreachable
from services.portal.papers import SlotView, slot_views
from services.portal.web import firms
from services.portal.web.fix import fix_page
from services.portal.web.portal import account, city, go, language, note, page, portal, requires
from services.portal.web.public import case_values, names_of
from services.portal.web.signing import signatures_of

pages = Blueprint("cases", __name__, url_prefix="/cases")


@pages.get("")
@requires("person", "firm")
def mine() -> Response:
    """All of one's own stand in one place."""
    return go("public.space")


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
    try:
        found = here.application(no)
    except Refused as refused:
        if refused.status == 404 and (firm := firms.firm_of_case(no)):
            return page("firm_case.html", 404, firm=firm, no=no)
        raise
    try:
        opinions = {b["branch_no"]: b for b in here.case(no).get("branches", ())}
    except (Refused, Unreachable):
        opinions = {}
    return page(
        "case.html",
        names=names_of(here, found["branches"]),
        since=since,
        opinions=opinions,
        query_code=_query_code(no) if account()["kind"] != "staff" else "",
        slots=_slots(no),
        signatures=signatures_of(no),
        filer=firms.filer(found.get("filed_by")),
        licence_title=_licence_titles(found),
        **case_values(found),
    )


@pages.route("/<no>/fix", methods=["GET", "POST"])
@requires("person", "firm")
def fix(no: str) -> Response:
    return fix_page(no)


@pages.route("/<no>/withdraw", methods=["GET", "POST"])
@requires("person", "firm")
def withdraw(no: str) -> Response:
    if request.method == "GET":
        return page("withdraw.html", **case_values(city().application(no)))
    city().withdraw(no)
    note(language()("已申请撤回，各部门会停办。"))
    return go("cases.case", no=no)


def _licence_titles(case: dict[str, Any]) -> Callable[[dict[str, Any]], str]:
    """What each licence of this case is called: by the item that gives it."""
    facts = portal().public("procedure", case["procedure"], case.get("version")).get("facts", {})
    titles = {i["code"]: i["result"] for i in facts.get("items", ())}
    own = (facts.get("result") or {}).get("title") or case["title"]
    return lambda licence: language().of(titles.get(licence["item"], own))


def _query_code(no: str) -> str:
    """The applicant's own; nobody else is told."""
    try:
        return str(city().receipt(no)["query_code"])
    except (Refused, Unreachable):
        return ""


def _slots(no: str) -> list[SlotView]:
    """The case's materials, as far as the visitor may see them."""
    try:
        return slot_views(city().materials(no), language())
    except (Refused, Unreachable):
        return []
