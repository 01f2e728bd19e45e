"""What is mine: cases, messages, and how I want to be told."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for

from chassis.web import current_feed
from services.portal import views
from services.portal.clients import Refused, Unreachable
from services.portal.dates import moment
from services.portal.follow import Message, message_of
from services.portal.web import firms, holdings, public
from services.portal.web.portal import (
    account,
    city,
    go,
    go_to,
    language,
    me,
    note,
    page,
    reader,
    requires,
)

pages = Blueprint("space", __name__)

SHOWN = 4
CATEGORIES = ("progress", "todo", "result", "supervision")


@public.pages.get("/space")
@requires("person", "firm")
def space() -> Response:
    since = current_feed().position()
    answer = city().applications(request.args.get("cursor"))
    who = reader()
    drafts = public.my_drafts()
    cases = answer["items"]
    to_do = [c for c in cases if views.asks_for_correction(c)]
    running = [c for c in cases if c not in to_do and c["status"] not in views.ENDED]
    ended = [c for c in cases if c not in to_do and c["status"] in views.ENDED]
    news, unread = _news()
    held, read = holdings.of_mine()
    return page(
        "space.html",
        since=since,
        as_of=moment(who.now),
        drafts=[public.draft_slip(d) for d in drafts],
        groups={
            name: [views.slip(c, who, public.case_link(c)) for c in found]
            for name, found in (("todo", to_do), ("running", running), ("ended", ended))
        },
        news=news,
        unread=unread,
        held=held,
        read=read,
        next=answer.get("next"),
        firms=firms.my_firms() if account()["kind"] == "person" else [],
    )


@pages.get("/space/messages")
@requires()
def messages() -> Response:
    since = current_feed().position()
    answer = city().messages(request.args.get("cursor"))
    who = reader()
    return page(
        "messages.html",
        since=since,
        as_of=moment(who.now),
        messages=[message_of(m, who) for m in answer["items"]],
        unread=answer["unread"],
        next=answer["next"],
    )


@pages.post("/space/messages/read")
@requires()
def read_all() -> Response:
    city().read_messages()
    note(language()("已全部标为已读。"))
    return go("space.messages")


@pages.get("/m/<message_id>")
@requires()
def message(message_id: str) -> Response:
    """What a message's link opens, also from a mail: the message counts as read, then its matter opens."""
    found = city().message(message_id)
    if not found["read"]:
        city().read_messages([message_id])
    return go_to(request.script_root + found["link"])


@pages.route("/space/preferences", methods=["GET", "POST"])
@requires()
def preferences() -> Response:
    t, here = language(), city()
    if request.method == "GET":
        kept = here.preferences()
        return page("preferences.html", email=here.my_email(), errors=[], **kept, **_choices())
    form = request.form
    mail = [c for c in CATEGORIES if c in form.getlist("mail")]
    wanted = "en" if form.get("language") == "en" else "zh"
    email = form.get("email", "").strip()
    try:
        here.set_email(email)
    except Refused as refused:
        if refused.status != 422:
            raise
        errors = [("email", t("邮箱地址不对，请再核对，例如 name@example.com"))]
        return page(
            "preferences.html", 422, email=email, errors=errors, language=wanted, mail=mail, **_choices()
        )
    here.prefer(wanted, mail)
    note(t("已保存。") if email or not mail else t("已保存。没有邮箱，就只在这里收消息。"), "ok")
    return go("space.preferences")


@pages.get("/stream/space")
@requires()
def stream() -> Response:
    who = me()
    return current_feed().response({f"account:{who.account_id}", f"account:{who.principal}"}, who)


def _choices() -> dict[str, Any]:
    is_staff = account().get("kind") == "staff"
    shown = ("todo", "supervision") if is_staff else ("progress", "todo", "result")
    return {"shown": shown, "back": url_for("space.messages" if is_staff else "public.space")}


def _news() -> tuple[list[Message] | None, int]:
    """The newest messages and how many are unread; None while notification is away: cases stand without."""
    try:
        answer = city().messages()
    except Unreachable:
        return None, 0
    who = reader()
    return [message_of(m, who) for m in answer["items"][:SHOWN]], answer["unread"]
