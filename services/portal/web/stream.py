"""Event streams: tell an open page that what it shows has changed. They carry no data."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from chassis.web import current_feed
from services.portal.web.lead import ALL, HEAD
from services.portal.web.portal import city, me, requires, session

pages = Blueprint("stream", __name__, url_prefix="/stream")


@pages.get("/cases/<no>")
def case(no: str) -> Response:
    """For those who may see the case: its owner, staff who take part or oversee, or by query code."""
    who = me() if session().signed_in else None
    if no not in session().tracked:
        if who is None:
            abort(403)
        if who.is_any(*ALL, HEAD):
            city().overview(no)
        else:
            city().application(no)
    return current_feed().response({f"case:{no}"}, who)


@pages.get("/work")
@requires("officer", "acceptance_clerk")
def department() -> Response:
    return current_feed().response({f"department:{me().department}"}, me())
