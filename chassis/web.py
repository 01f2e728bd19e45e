"""The web side of a service: one factory, and what its views are written with.

Order of one request: trace and size, the caller's right to the endpoint, the view (`writes` or `reads`
outermost), headers and metrics. Every error is a problem document, whatever raised it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

import structlog
from flask import Flask, Response, g, request
from flask.json.provider import DefaultJSONProvider
from sqlalchemy import FromClause
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from chassis import auth, logs, metrics, ops
from chassis.access import Access, access_of, of_department, of_subtree, own, public, requires
from chassis.auth import Verifier, caller, caller_or_none, own_department
from chassis.config import Config
from chassis.database import Database, is_retryable, is_unreachable, open_database
from chassis.field_errors import flatten
from chassis.live import Feed
from chassis.openapi import Api, Blueprint
from chassis.problems import (
    MAX_BODY,
    Problem,
    ProblemMap,
    http_problem,
    invalid_request,
    not_found,
    problem_for,
    too_large,
    unavailable,
    unexpected,
)
from chassis.serving import NAME, Serving, serving
from chassis.tables import event_log
from chassis.trust import Keyring
from chassis.views import current_database, current_session, current_uow, reads, writes

__all__ = [
    "Blueprint",
    "caller",
    "caller_or_none",
    "create_app",
    "current_database",
    "current_feed",
    "current_session",
    "current_uow",
    "equip",
    "of_department",
    "of_subtree",
    "own",
    "own_department",
    "public",
    "reads",
    "requires",
    "writes",
]

_LOCATIONS = {"json", "query", "querystring", "form", "headers", "cookies", "files", "path", "view_args"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

log = structlog.get_logger("web")


class UnmarkedEndpoint(Exception):
    """A view that says neither who may use it nor that everybody may."""


def current_feed() -> Feed:
    """The live feed of the application at hand."""
    return serving().feed


def create_app(
    config: Config,
    title: str,
    blueprints: Iterable[Blueprint],
    problems: ProblemMap,
    *,
    database: Database | None = None,
    larger: Mapping[str, int] | None = None,
) -> Flask:
    """A WSGI application serving ``blueprints`` under ``/api/<service>``, its OpenAPI document beside them.

    Raises `UnmarkedEndpoint` when a view bears neither ``@requires`` nor ``@public``. ``problems`` maps
    the service's exceptions to problems, ``larger`` endpoints to how many bytes they take, where that is
    more than `MAX_BODY`. Nothing is connected before the first request, so the
    application may be made before a fork.
    """
    app = Flask(f"services.{config.service}.web", static_folder=None)
    prefix = f"/api/{config.service}"
    app.config.update(
        API_TITLE=title,
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=prefix,
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=MAX_BODY,
    )
    app.json = _Json(app)
    made = equip(app, database or open_database(config), problems)
    app.before_request(_admit)
    app.after_request(_protect)
    app.register_error_handler(Exception, _answer)
    api = Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint, url_prefix=prefix + (blueprint.url_prefix or ""))
    made.access.update(_access_of(app))
    made.larger.update(larger or {})
    return app


def equip(
    app: Flask,
    database: Database,
    problems: ProblemMap | None = None,
    *,
    live_source: FromClause = event_log,
) -> Serving:
    """Give any Flask application what every process has: traces, request metrics, ``/healthz``,
    ``/readyz``, ``/metrics``, the token check and the live feed (`chassis.serving.serving`), which follows
    ``live_source`` (`chassis.live.Feed`)."""
    keyring = Keyring(database)
    made = Serving(
        config=database.config,
        database=database,
        verifier=Verifier(keyring),
        feed=Feed(database, keyring, source=live_source),
        problems=problems or {},
    )
    app.extensions[NAME] = made
    app.before_request(_begin)
    app.after_request(_measure)
    app.teardown_request(_end)
    app.register_blueprint(ops.blueprint(database))
    return made


def _access_of(app: Flask) -> dict[tuple[str, str], Access]:
    """What each endpoint asks for, by method; the framework's own (OpenAPI, static files) are open."""
    found: dict[tuple[str, str], Access] = {}
    unmarked = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        view_class = getattr(view, "view_class", None)
        framework = rule.endpoint.rpartition(".")[2] == "static" or rule.endpoint.startswith("api-docs.")
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            handler = _handler(view_class, method) if view_class else view
            access = Access(open=True) if framework else access_of(handler)
            if access is None:
                unmarked.append(f"{method} {rule.rule}")
            else:
                found[rule.endpoint, method] = access
    if unmarked:
        raise UnmarkedEndpoint(f"neither @requires nor @public: {', '.join(unmarked)}")
    return found


def _handler(view_class: type[Any], method: str) -> Callable[..., Any]:
    name = "get" if method == "HEAD" and not hasattr(view_class, "head") else method.lower()
    return getattr(view_class, name)  # type: ignore[no-any-return]


def _begin() -> None:
    g.started = time.perf_counter()
    g.trace_token = logs.trace.set(logs.next_span(request.headers.get("traceparent")))


def _admit() -> None:
    limit = serving().larger.get(request.endpoint or "", MAX_BODY)
    request.max_content_length = limit
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    if "\0" in request.path or b"%00" in request.query_string:
        raise not_found()
    if request.endpoint is None or request.method == "OPTIONS":
        return
    asked = serving().access.get((request.endpoint, request.method))
    if asked is None:
        raise http_problem(405)
    auth.check(asked)
    if request.content_length is None and request.headers.get("Transfer-Encoding"):
        _read_unmeasured_body(limit)


def _read_unmeasured_body(limit: int) -> None:
    """Werkzeug cuts a body of unknown length off at its limit; one byte more shows that it was too long."""
    request.max_content_length = limit + 1
    if len(request.get_data(cache=True)) > limit:
        raise too_large(limit)


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _measure(response: Response) -> Response:
    service = serving().config.service
    route = request.url_rule.rule if request.url_rule is not None else "unmatched"
    method = request.method if request.method in _METHODS else "other"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    metrics.REQUESTS.labels(service, method, route, str(response.status_code)).inc()
    metrics.REQUEST_SECONDS.labels(service, method, route).observe(seconds)
    if method not in ("GET", "HEAD", "OPTIONS") or response.status_code >= 500:
        who = g.get("caller")
        log.info(
            "request",
            service=service,
            method=method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            account=who.account_id if who is not None else None,
            ids={n: v for n, v in (request.view_args or {}).items() if n != SECRET} or None,
        )
    return response


SECRET = "token"
"""What a route calls a part of its address that opens something by itself: it stays out of the log."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _end(_error: BaseException | None) -> None:
    if (token := g.pop("trace_token", None)) is not None:
        logs.trace.reset(token)


def _answer(error: Exception) -> AnyResponse:
    """Any exception as a problem."""
    if isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error.get_response()
    problem = _problem_of(error)
    if problem.status >= 500:
        log.error("request failed", problem=problem.type, exc_info=error)
    return problem.response()


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if (known := problem_for(error, serving().problems)) is not None:
        return known
    if isinstance(error, HTTPException):
        return _from_http(error)
    if is_unreachable(error) or is_retryable(error):
        return unavailable()
    if isinstance(error, DataError):
        log.warning("value refused by the database", exc_info=error)
        return invalid_request([])
    return unexpected()


def _from_http(error: HTTPException) -> Problem:
    messages = getattr(error, "data", {}).get("messages")
    if error.code == 422 and isinstance(messages, dict):
        inner = list(messages.values()) if messages.keys() <= _LOCATIONS else [messages]
        return invalid_request(found for part in inner for found in flatten(part))
    problem = http_problem(error.code or 500)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            problem.headers[name] = value
    return problem


class _Json(DefaultJSONProvider):
    """Times as RFC 3339, text as it is, members in the order given."""

    ensure_ascii = False
    sort_keys = False
    compact = True

    @staticmethod
    def default(value: Any) -> Any:
        if isinstance(value, (datetime, date)):
            return value.isoformat()
        return DefaultJSONProvider.default(value)

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        kwargs.setdefault("default", self.default)
        kwargs.setdefault("ensure_ascii", False)
        return json.dumps(obj, **kwargs)
