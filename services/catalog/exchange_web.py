"""Items in and out over HTTP, for editors of the catalogue."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, make_response, request
from flask.views import MethodView
from marshmallow import fields, validate

from chassis.offload import offload
from chassis.problems import Problem
from chassis.web import Blueprint, current_database, current_session, reads, requires
from services.catalog import exchange, sheets

blp = Blueprint("exchange", __name__, description="Items in and out: JSON, CSV, XLSX.")
IMPORT = "exchange.Import"
MOST_TOLD = 1_000


def _bad_rows(error: exchange.BadRows) -> Problem:
    told = error.problems[:MOST_TOLD]
    return Problem(
        422,
        "bad-rows",
        zh=f"有 {len(error.problems)} 处不对，一项都没有导入。请改好后整份再导入。",
        en=f"{len(error.problems)} problems: nothing was imported. Put them right and import it again.",
        errors=[{"field": f"{p.row}.{p.column}", "zh": p.zh, "en": p.en} for p in told],
        rows=[{"row": p.row, "column": p.column, "zh": p.zh, "en": p.en} for p in told],
        problems=len(error.problems),
    )


PROBLEMS: dict[type[Any], Any] = {
    exchange.BadRows: _bad_rows,
    exchange.NoCity: lambda _: Problem(
        409,
        "no-city",
        zh="请先装载城市的目录，再导入事项。",
        en="Load the city's catalogue before importing items.",
    ),
    sheets.Unreadable: lambda e: Problem(422, "unreadable-file", zh=e.zh, en=e.en),
}


class Asked(ma.Schema):
    format = fields.String(load_default="json", validate=validate.OneOf(tuple(sheets.TYPES)))


class Done(ma.Schema):
    rows = fields.Integer(required=True)
    changed = fields.Integer(required=True)


@blp.route("/export")
class Export(MethodView):
    @reads
    @requires("catalogue_editor")
    @blp.arguments(Asked, location="query")
    @blp.response(200, content_type="application/octet-stream")
    def get(self, asked: dict[str, Any]) -> Response:
        """Every item as it was written."""
        kind = asked["format"]
        response = make_response(sheets.write(kind, exchange.contents(current_session())))
        response.headers["Content-Type"] = sheets.TYPES[kind]
        response.headers["Content-Disposition"] = f'attachment; filename="items.{kind}"'
        return response


@blp.route("/import")
class Import(MethodView):
    @requires("catalogue_editor")
    @blp.arguments(Asked, location="query")
    @blp.response(200, Done)
    def post(self, asked: dict[str, Any]) -> exchange.Done:
        """Publish the items of the file in the body: all of them, or none and every bad row."""
        rows = offload(sheets.read, asked["format"], request.get_data(cache=True))
        return exchange.bring(rows, current_database())
