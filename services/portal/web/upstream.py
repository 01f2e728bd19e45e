"""Signing in through another provider: there, back, and on with what was wanted."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, abort, request

from services.portal.clients import Refused, Unreachable
from services.portal.web.entry import begin_step, device
from services.portal.web.portal import (
    anybody,
    city,
    go,
    go_to,
    language,
    next_or,
    note,
    page,
    requires,
    session,
)
from services.portal.web.sign_in import recognised

pages = Blueprint("upstream", __name__)
LONGEST = 2000


@pages.get("/sign-in/with/<slug>")
def begin(slug: str) -> Response:
    """To the provider, which comes back to `come_back`. ``next`` is what goes on then."""
    wanted, browser = next_or(""), secrets.token_urlsafe(24)
    fresh = "asked" in parse_qs(urlsplit(wanted).query)
    try:
        begun = anybody().begin_upstream(_plain(slug), browser, fresh)
    except (Refused, Unreachable) as error:
        return _over(error, wanted)
    session().begin_upstream(begun["state"], {"upstream": slug, "browser": browser, "next": wanted})
    return go_to(begun["location"])


@pages.get("/sign-in/from/<slug>")
def come_back(slug: str) -> Response:
    """The provider's answer. What this browser doesn't know goes to identity all the same, which writes it
    down."""
    flow: dict[str, Any] = session().end_flow(request.args.get("state", "")) or {}
    wanted = flow.get("next", "")
    answer = {name: request.args.get(name, "")[:LONGEST] for name in ("state", "code", "iss", "error")}
    try:
        known = anybody().upstream_answer(
            _plain(slug), answer | {"browser": flow.get("browser", "")}, device()
        )
    except (Refused, Unreachable) as error:
        return _over(error, wanted)
    session().link = {}
    return recognised(known, wanted)


@pages.route("/sign-in/link", methods=["GET", "POST"])
def link() -> Response:
    """Somebody has an account here that never showed its number: they sign in to it, or say that it isn't
    theirs and get one of their own."""
    mine = session().link
    if not mine:
        return go("public.sign_in")
    if request.method == "GET":
        return page("upstream_link.html", detail=mine["detail"], claimed=mine["claimed"], next=mine["next"])
    session().link = {}
    try:
        return recognised(anybody().open_by_ticket(mine["ticket"], device()), mine["next"])
    except (Refused, Unreachable) as error:
        return _over(error, mine["next"])


@pages.post("/me/security/links/<link_id>/end")
@requires("person")
def unlink(link_id: str) -> Response:
    try:
        city().unlink(_plain(link_id))
    except Refused as refused:
        if refused.status != 404:
            note(refused.detail, "wait")
            return go("security.mine")
    note(language()("已取消关联，以后从那边登录不了这个账号。"))
    return go("security.mine")


def _over(error: Refused | Unreachable, wanted: str) -> Response:
    """The next step, or back to the sign-in page, which says why."""
    if isinstance(error, Unreachable):
        note(language()("那边的登录系统暂时没有回应。请过几分钟再试，或用账号和密码登录。"), "wait")
        return go("public.sign_in_account", next=wanted)
    if (step := begin_step(error, wanted)) is not None:
        return step
    if error.slug == "sign-in-to-link":
        session().is_new = False
        known = error.problem
        session().link = {
            "ticket": known["ticket"],
            "claimed": "1" if known["claimed"] else "",
            "detail": error.detail,
            "next": wanted,
        }
        return go("upstream.link")
    if error.status == 404:
        abort(404)
    note(error.detail, "wait")
    return go("public.sign_in_account", next=wanted)


def _plain(name: str) -> str:
    """A part of an address."""
    if not name.isascii() or not name.replace("-", "").isalnum():
        abort(404)
    return name
