"""flask-smorest as we use it: strict parsing, problems as errors, access in the document."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any, NoReturn

import flask_smorest  # type: ignore[import-untyped]
import marshmallow as ma
from flask import Flask, Request, Response, abort
from webargs import missing
from webargs.flaskparser import FlaskParser, is_json_request

from chassis.auth import access_of
from chassis.problems import MEDIA_TYPE

_ESCAPE = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]")


class FieldErrorSchema(ma.Schema):
    field = ma.fields.String(required=True, metadata={"description": "Dotted path, such as form.area."})
    zh = ma.fields.String(required=True)
    en = ma.fields.String(required=True)


class ProblemSchema(ma.Schema):
    """RFC 9457 problem details. Programs decide by ``type``; further members depend on it."""

    type = ma.fields.String(required=True, metadata={"description": "A stable word, such as illegal-move."})
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    errors = ma.fields.List(ma.fields.Nested(FieldErrorSchema))
    trace = ma.fields.String(metadata={"description": "Trace id, to quote when asking for help."})


class StrictParser(FlaskParser):
    """Unknown names are errors in the query too; JSON is what RFC 8259 says, in text a database can keep."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {
        "query": ma.RAISE,
        "querystring": ma.RAISE,
    }

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not body:
            return missing
        if not is_json_request(req):
            abort(415)
        try:
            value = json.loads(body.decode(), parse_constant=_refuse, parse_float=_finite)
        except (ValueError, RecursionError):
            abort(400)
        if _ESCAPE.search(body) and not all(_storable(text) for text in _texts(value)):
            abort(400)
        return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


class Blueprint(flask_smorest.Blueprint):
    """A group of endpoints, mounted under the service's prefix.

    ``@blp.route`` on MethodViews; ``@blp.arguments`` parses strictly; ``@blp.response`` serialises.
    """

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, **options: Any):
        super().__init__(name, import_name, **options)
        self._prepare_doc_cbks.append(_describe_access)

    def register_views_in_doc(self, api: Api, *of: Any, **options: Any) -> None:
        api.undescribed.append(partial(super().register_views_in_doc, api, *of, **options))

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        for method, info in self._docs[endpoint].items():
            if method != "parameters":
                info["access"] = access_of(getattr(obj, method, obj))


def _describe_access(doc: dict[str, Any], info: dict[str, Any], **_: Any) -> dict[str, Any]:
    access = info.get("access")
    if access is not None and not access.open:
        doc["security"] = [{"token": []}]
        if access.names:
            doc["x-allowed-for"] = sorted(access.names)
    return doc


class Api(flask_smorest.Api):
    """The OpenAPI document of one service, made when it is first asked for; every error is a problem."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask):
        self.undescribed: list[Callable[[], None]] = []
        self._describing = Lock()
        super().__init__(app)

    def _openapi_json(self) -> Response:
        with self._describing:
            while self.undescribed:
                self.undescribed.pop(0)()
        response: Response = super()._openapi_json()
        return response

    def _register_error_handlers(self) -> None:
        """Errors are answered by the web application."""

    def _register_responses(self) -> None:
        content = {MEDIA_TYPE: {"schema": ProblemSchema}}
        for status in HTTPStatus:
            self.spec.components.response(
                status.name, {"description": status.phrase, "content": content}, lazy=True
            )
        default = {"description": "A problem.", "content": content}
        self.spec.components.response("DEFAULT_ERROR", default, lazy=True)
        self.spec.components.security_scheme(
            "token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        )
