"""The Flask application: pages, problems as pages, and the rules every answer keeps."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno
import structlog
from flask import Flask, Response, g, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from chassis.config import Config
from chassis.database import Database, is_retryable, is_unreachable, open_database
from chassis.web import current_database, equip
from services.portal import dates, river, views
from services.portal.answers import Wrong
from services.portal.clients import Refused, Unreachable
from services.portal.handlers import keep_answers
from services.portal.orm import changed_pages
from services.portal.papers import size_of
from services.portal.session import COOKIE
from services.portal.web import (
    admin,
    apply,
    calendar,
    cases,
    dept,
    desk,
    find,
    firms,
    head,
    holdings,
    lead,
    own_data,
    papers,
    real_name,
    security,
    sign_in,
    signing,
    space,
    steps,
    stream,
    upstream,
    window,
    work,
)
from services.portal.web.packing import pack, styles_version
from services.portal.web.portal import (
    EXPIRED,
    NAME,
    Portal,
    SignInNeeded,
    account,
    acting,
    go,
    is_elder,
    language,
    note,
    page,
    portal,
    reader,
    session,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STATIC = Path(__file__).parents[1] / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
STAFF = (desk.pages, head.pages, calendar.pages)
FORMS = {"apply.begin", "apply.step", "apply.check_answers", "apply.submit", "cases.fix"}
"""Where somebody whose session ended in the middle comes back to."""
MAX_BODY = 1024 * 1024
RETRY_S = 10
JUST_NOW_S = 3

log = structlog.get_logger("portal")


def create_app(config: Config, database: Database | None = None) -> Flask:
    """The portal as a WSGI application. ``/en/…`` is the same site in English."""
    app = Flask(__name__, static_folder="../static", template_folder="../templates")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_MEMORY_SIZE=MAX_BODY)
    equip(app, database or open_database(config), live_source=changed_pages)
    app.extensions[NAME] = Portal(config)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(river=river, clock=dates.clock, moment=dates.moment, qr=_qr)
    app.before_request(_only_our_forms)
    app.after_request(_finish)
    app.context_processor(_context)
    app.register_error_handler(Exception, _answer)
    blueprints = (
        find.pages,
        sign_in.pages,
        apply.pages,
        papers.pages,
        cases.pages,
        work.pages,
        stream.pages,
        space.pages,
        lead.pages,
        own_data.pages,
        steps.pages,
        upstream.pages,
        security.pages,
        admin.pages,
        dept.pages,
        real_name.pages,
        holdings.pages,
        window.pages,
        signing.pages,
        *STAFF,
    )
    for blueprint in dict.fromkeys(blueprints):
        app.register_blueprint(blueprint)
    app.wsgi_app = English(app.wsgi_app)  # type: ignore[method-assign]
    return app


class English:
    """Serves ``/en/…`` by the same application, and lets it make links that stay there."""

    def __init__(self, application: WSGIApplication):
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/en" or path.startswith("/en/"):
            environ["PATH_INFO"] = path[3:] or "/"
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/en"
            environ["onewindow.english"] = True
        return self._application(environ, start_response)


class StaleForm(Exception):
    """A form that does not belong to this session."""


def _only_our_forms() -> None:
    if request.method != "POST":
        return
    if request.endpoint in papers.LARGER:
        request.max_content_length = papers.LARGER[request.endpoint]
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise StaleForm
    if request.endpoint != "public.view" and not session().knows(request.form.get("csrf", "")):
        raise StaleForm


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if "visitor" in g and portal().sessions.snapshot(g.visitor) != g.visitor_before:
        response.set_cookie(
            COOKIE,
            portal().sessions.write(g.visitor),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return pack(response)


def _answer(error: Exception) -> Response | AnyResponse:
    """Any exception as a page that says what to do."""
    if isinstance(error, SignInNeeded):
        return _sign_in()
    if isinstance(error, Refused) and error.status == 401:
        if request.method == "GET" and time.time() - session().began < JUST_NOW_S:
            # to sign in again would only lead back here
            log.warning("a new token is refused", endpoint=request.endpoint, error=repr(error))
            return _trouble(503, retry_after=RETRY_S)
        return _sign_in()
    if isinstance(error, StaleForm):
        return _trouble(403, kind="stale-form")
    if firms.has_ended(error):
        return firms.ended()
    if isinstance(error, Refused) and error.slug == "level-needed":
        return firms.raise_level(error.problem["needed"])
    if isinstance(error, RequestEntityTooLarge) and request.endpoint in papers.LARGER:
        return papers.too_large(request.view_args or {})
    if isinstance(error, Refused):
        return _trouble(error.status, detail=error.detail, retry_after=error.retry_after)
    if isinstance(error, HTTPException):
        code = error.code or 500
        return error.get_response() if code < 400 else _trouble(code)
    if isinstance(error, Unreachable) or is_unreachable(error) or is_retryable(error):
        log.warning("page without its service", endpoint=request.endpoint, error=repr(error))
        return _trouble(503, retry_after=RETRY_S)
    log.error("page failed", endpoint=request.endpoint, exc_info=error)
    return _trouble(500)


def _trouble(code: int, *, kind: str = "", detail: str = "", retry_after: int = 0) -> Response:
    if request.path.startswith("/stream/"):
        return Response(status=code)
    response = page(
        "error.html",
        code,
        code=code,
        kind=kind,
        detail=detail,
        minutes=max(1, -(-retry_after // 60)),
        retry=request.full_path.rstrip("?") if request.method == "GET" else "",
    )
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _sign_in() -> Response:
    if request.path.startswith("/stream/"):
        return Response(status=401)
    if session().signed_in:
        if request.method == "POST" and request.endpoint == "apply.step":
            _keep_typed()
        session().lapse()
        note(language()(EXPIRED), "wait")
    on_form = request.endpoint in FORMS
    if request.endpoint == "papers.put":
        draft_id = (request.view_args or {})["draft_id"]
        return go("public.sign_in", next=url_for("apply.materials", draft_id=draft_id))
    wanted = request.full_path.rstrip("?") if request.method == "GET" or on_form else "/"
    return go("public.sign_in", next=request.script_root + wanted)


def _keep_typed() -> None:
    """The session is over, what was typed is not lost: the same account finds it again."""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf"]
    with current_database().transaction() as uow:
        keep_answers(account()["account_id"], request.path, typed, uow)


def _context() -> dict[str, Any]:
    """Names every template knows."""
    t = language()
    root = request.script_root.removesuffix("/en")
    path = "/" + (request.full_path.rstrip("?") if request.method == "GET" else request.path).lstrip("/")
    return {
        "root": root,
        "t": t,
        "lang": t.code,
        "place": portal().place,
        "account": account(),
        "acting": acting(),
        "signed_in": session().signed_in,
        "is_staff": account().get("kind") == "staff",
        "roles": account().get("roles", ()),
        "elder": is_elder(),
        "chinese": root + path,
        "english": root + "/en" + path,
        "here": request.script_root + path,
        "this_page": request.script_root + request.path,
        "asset": lambda name: f"{root}/static/{name}?v={_fingerprint(name)}",
        "styles_version": styles_version(),
        "linked": _linked,
        "size_of": size_of,
        "result_names": views.RESULT_NAMES,
        "csrf_field": _csrf_field,
        "day": lambda value: reader().day(value),
        "days": lambda limit: dates.limit(limit, t),
    }


@cache
def _fingerprint(name: str) -> str:
    """Changes with the file, so that browsers may keep it."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def _linked(errors: Iterable[Any]) -> list[tuple[str, str]]:
    """Errors as (link to the field, message)."""
    pairs = [(e.field, e.message) if isinstance(e, Wrong) else e for e in errors]
    return [(f"#{field}" if field else "", message) for field, message in pairs]


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(session().form_token())


def _qr(text: str) -> Markup:
    """A QR code as inline SVG, without styles of its own."""
    code = segno.make(text, error="m", micro=False)
    return Markup(code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None, dark="#1B2528"))
