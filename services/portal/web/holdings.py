"""Certificates of mine and who read my data."""

from __future__ import annotations

from flask import Blueprint, Response, request

from services.portal.clients import Unreachable
from services.portal.holdings import CertificateView, ReadingView, certificate_views, reading_view
from services.portal.web.portal import city, page, reader, requires

pages = Blueprint("holdings", __name__)

SHOWN = 4


@pages.get("/space/certificates")
@requires("person", "firm")
def certificates() -> Response:
    return page("certificates.html", certificates=certificate_views(city().certificates(), reader()))


@pages.get("/space/readings")
@requires("person", "firm")
def readings() -> Response:
    answer = city().readings(request.args.get("cursor"))
    who = reader()
    return page(
        "readings.html", readings=[reading_view(r, who) for r in answer["items"]], next=answer["next"]
    )


def of_mine() -> tuple[list[CertificateView] | None, list[ReadingView] | None]:
    """The first certificates and the last readings for the space; None while identity is away."""
    here, who = city(), reader()
    try:
        held = certificate_views(here.certificates()[:SHOWN], who)
        read = [reading_view(r, who) for r in here.readings()["items"][:SHOWN]]
    except Unreachable:
        return None, None
    return held, read
