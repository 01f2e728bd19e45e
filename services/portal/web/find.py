"""Finding one's thing: the start page, lists of items, guides, policies, forms to download."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import Response, abort, make_response, request, url_for

from services.portal import views
from services.portal.clients import Refused, Unreachable
from services.portal.finding import ANSWER, FACETS, addresses, answers_in, asked_in
from services.portal.web import packing
from services.portal.web.portal import account, anybody, is_elder, language, page, portal, reader
from services.portal.web.public import case_link, draft_slip, my_drafts, pages, running_cases

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pages.get("/")
def home() -> Response:
    packages = [portal().public("procedure", p["code"]) for p in portal().public("packages")]
    mine, drafts = [], []
    if account().get("kind") in ("person", "firm"):
        mine = running_cases()[:3]
        drafts = my_drafts()[:2]
    who = reader()
    return page(
        "home.html",
        packages=[(p, views.planned(p["branches"])) for p in packages],
        front=portal().public("front"),
        slips=[views.slip(case, who, case_link(case)) for case in mine],
        drafts=[draft_slip(d) for d in drafts],
        parts=portal().place.home,
    )


@pages.get("/styles.css")
def styles() -> Response:
    """What every page needs of style, in one."""
    answer = make_response(packing.styles())
    answer.headers["Content-Type"] = "text/css; charset=utf-8"
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@pages.get("/face.css")
def face() -> Response:
    """The city's own colour, where it has one that can be read."""
    shades = portal().place.face
    if shades is None:
        abort(404)
    named = {
        "river": shades.river,
        "river-deep": shades.deep,
        "river-tint": shades.tint,
        "focus": shades.deep,
    }
    css = ":root { " + " ".join(f"--{name}: {value};" for name, value in named.items()) + " }"
    answer = make_response(css)
    answer.headers["Content-Type"] = "text/css; charset=utf-8"
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@pages.get("/items")
def items() -> Response:
    asked = asked_in(request.args)
    found = portal().city(lang=language().code).search(**asked)
    if asked["q"] and not found["total"] and asked["page"] == 1:
        with suppress(Refused, Unreachable):
            anybody().missed(asked["q"])
    return page(
        "items.html",
        asked=asked,
        found=found,
        to=addresses(url_for("public.items"), asked),
        pages_count=max(1, -(-found["total"] // asked["limit"])),
        facets={} if is_elder() else FACETS,
    )


@pages.get("/items/<code>")
def item(code: str) -> Response:
    return _guide_page(code, "item")


@pages.get("/packages/<code>")
def package(code: str) -> Response:
    return _guide_page(code, "package")


@pages.get("/items/<code>/forms/<any(blank, sample):which>")
def form_file(code: str, which: str) -> Response:
    """The item's form on paper, empty or filled in as a sample."""
    answer = make_response(portal().city().form_file(code, which, language().code))
    answer.headers["Content-Type"] = WORD
    answer.headers["Content-Disposition"] = f'attachment; filename="{code}-{which}.docx"'
    return answer


@pages.get("/policies")
def policies() -> Response:
    return page("policies.html", policies=portal().public("policies"))


@pages.get("/policies/<code>")
def policy(code: str) -> Response:
    return page("policy.html", policy=portal().public("policy", code))


def _guide_page(code: str, kind: str) -> Response:
    found = portal().public("procedure", code)
    if found["kind"] != kind:
        abort(404)
    facts = found.get("facts") or {}
    answers = answers_in(request.args)
    mine = _personal(code, answers)
    shown = mine if mine and mine["answers"] else {}
    branches = found["branches"]
    if shown and shown["complete"]:
        wanted = {i["branch"] for i in shown["items"]}
        branches = [b for b in branches if b["key"] in wanted] or branches
    return page(
        "package.html",
        procedure=found,
        facts={**facts, **{k: shown[k] for k in ("materials", "steps", "promised", "fee_fen", "visits")}}
        if shown
        else facts,
        mine=mine,
        answered=bool(shown),
        prefix=ANSWER,
        carried={f"{ANSWER}{k}": v for k, v in (shown.get("answers") or {}).items()},
        policies=portal().public("policies", code),
        stages=views.planned(branches),
    )


def _personal(code: str, answers: Mapping[str, str]) -> dict[str, Any] | None:
    """The guide for these answers; answers it doesn't know are left aside."""
    if code not in portal().public("guides"):
        return None
    try:
        if not answers:
            guide: dict[str, Any] = portal().public("guide", code)
            return guide
        return portal().city().guide(code, answers)
    except Refused as refused:
        if refused.status == 422:
            return dict(portal().public("guide", code))
        if refused.status == 404:
            return None
        raise
