"""What is mine: certificates, materials kept for later, and who read my data."""

from __future__ import annotations

from flask import Blueprint, Response, request

from services.portal.answers import Wrong
from services.portal.clients import Refused, Unreachable
from services.portal.holdings import CertificateView, ReadingView, certificate_views, reading_view
from services.portal.web.papers import PASSED_ON, read_file
from services.portal.web.portal import city, go, language, note, page, portal, reader, requires

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


@pages.get("/space/materials")
@requires("person", "firm")
def materials() -> Response:
    return _materials_page([])


@pages.post("/space/materials")
@requires("person", "firm")
def upload() -> Response:
    """Keep a file of the kind chosen."""
    t, code = language(), request.form.get("kind", "")
    sent = request.files.get("file")
    errors = [] if code else [Wrong("kind", t("请选择是哪一种材料"))]
    if sent is None or not sent.filename:
        errors.append(Wrong("file", t("请选择一个文件")))
    elif not errors:
        try:
            city().keep_file(code, read_file(sent))
        except Refused as refused:
            if refused.status not in (404, 409, 413, 422):
                raise
            errors.append(Wrong("file", refused.detail))
    if errors:
        return _materials_page(errors)
    note(t("已存到我的资料，下次办事可以直接用。"), "ok")
    return go("holdings.materials")


@pages.post("/space/materials/<file_id>/drop")
@requires("person", "firm")
def drop(file_id: str) -> Response:
    city().drop_kept(file_id)
    note(language()("已删去。办件里用过的不受影响。"), "ok")
    return go("holdings.materials")


@pages.get("/space/materials/<file_id>")
@requires("person", "firm")
def open_kept(file_id: str) -> Response:
    answer = city().kept_content(file_id)
    return Response(answer.content, headers={n: v for n, v in answer.headers.items() if n in PASSED_ON})


def _materials_page(errors: list[Wrong]) -> Response:
    return page(
        "materials.html",
        422 if errors else 200,
        kept=city().kept(),
        kinds=portal().public("material_kinds"),
        chosen=request.form.get("kind", ""),
        errors=errors,
        wrong={w.field: w.message for w in errors},
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
