"""Files: uploaded into a draft's slots, opened by those who may; and a draft taken up on another device."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import FileStorage

from services.portal.answers import Wrong
from services.portal.clients import Refused
from services.portal.paper_client import File
from services.portal.web.apply import materials_page, open_draft
from services.portal.web.portal import city, go, language, note, page, portal, requires

pages = Blueprint("papers", __name__)

MIB = 1024 * 1024
LARGER = {"papers.put": 32 * MIB, "cases.fix": 64 * MIB, "holdings.upload": 32 * MIB}
"""How much these pages take at once; what a single file may have is intake's to say."""
VIEWABLE = ("application/pdf", "image/png", "image/jpeg")
VIEWING = "default-src 'none'; object-src 'self'; frame-ancestors 'none'"
"""A browser shows no PDF in a sandbox; none of these kinds runs anything in the platform's name."""
PASSED_ON = ("Content-Type", "Content-Disposition", "Content-Security-Policy")


@pages.get("/d/<token>")
def resume(token: str) -> Response:
    """What the QR code beside a draft opens, after sign-in by the same account."""
    draft_id = portal().draft_links.open(token)
    if not isinstance(draft_id, str):
        abort(404)
    return go("apply.step", draft_id=draft_id, number=1)


@pages.post("/apply/<draft_id>/materials/<code>")
@requires("person", "firm")
def put(draft_id: str, code: str) -> Response:
    """Upload into a slot, or empty it."""
    draft, procedure = open_draft(draft_id)
    if draft["application_no"]:
        return go("cases.done", no=draft["application_no"])
    holder = f"drafts/{draft_id}"
    act, _, chosen = request.form.get("act", "").partition(":")
    if act == "remove":
        city().take_out(holder, code)
        return _back(draft_id, code)
    if act == "keep":
        city().keep(chosen)
        note(language()("已存到我的资料，下次办事可以直接用。"), "ok")
        return _back(draft_id, code)
    if act == "use":
        city().use_kept(draft_id, code, chosen)
        return _back(draft_id, code)
    errors = upload(holder, code, ("file", "photo"))
    if errors is None:
        errors = [Wrong(f"material-{code}", language()("请选择一个文件"))]
    if errors:
        return materials_page(draft, procedure, errors)
    return _back(draft_id, code)


@pages.get("/files/<material_id>")
@requires()
def file(material_id: str) -> Response:
    """A file, for whoever may read it; intake decides and writes it down. ``?view`` is to look at it."""
    answer = city().material(material_id)
    shown = Response(answer.content, headers={n: v for n, v in answer.headers.items() if n in PASSED_ON})
    if "view" in request.args and shown.mimetype in VIEWABLE:
        kept = shown.headers.get("Content-Disposition", "attachment")
        shown.headers["Content-Disposition"] = kept.replace("attachment", "inline", 1)
        shown.headers["Content-Security-Policy"] = VIEWING
    return shown


def upload(holder: str, code: str, inputs: tuple[str, ...]) -> list[Wrong] | None:
    """Send the file that one of these inputs has; what is wrong with it, None when there is none."""
    sent = next((f for name in inputs if (f := request.files.get(name)) and f.filename), None)
    if sent is None:
        return None
    try:
        city().upload(holder, code, read_file(sent))
    except Refused as refused:
        if refused.status not in (409, 413, 422):
            raise
        return [Wrong(f"material-{code}", language().of({"zh": refused.detail, "en": refused.detail}))]
    return []


def too_large(arguments: dict[str, Any]) -> Response:
    """More than a page takes at once: nothing was read, everything saved is still there."""
    return page("too_large.html", 413, draft_id=arguments.get("draft_id"), no=arguments.get("no"))


def read_file(sent: FileStorage) -> File:
    with sent.stream:
        return File(sent.filename or "", sent.stream.read(), sent.mimetype or "application/octet-stream")


def _back(draft_id: str, code: str) -> Response:
    return go("apply.materials", draft_id=draft_id, _anchor=f"material-{code}")
