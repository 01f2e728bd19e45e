"""Search over HTTP: everybody finds, an editor reads what was not found."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView

from chassis.peers import client_address
from chassis.ratelimit import Limit
from chassis.web import (
    Blueprint,
    current_database,
    current_session,
    current_uow,
    public,
    reads,
    requires,
    writes,
)
from services.catalog import finding, front, misses, search_schemas

blp = Blueprint("search", __name__, description="Finding items and packages.")
MISSES = Limit("search-miss", tries=30)
"""Nobody misses more often by hand; a machine that fills the table waits."""


@blp.route("/search")
class Search(MethodView):
    @reads
    @public
    @blp.arguments(search_schemas.Query, location="query")
    @blp.response(200, search_schemas.Answer)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        return finding.search(current_session(), finding.Wanted(**search_schemas.wanted(asked)))


@blp.route("/front")
class Front(MethodView):
    @reads
    @public
    @blp.response(200, search_schemas.Front)
    def get(self) -> dict[str, Any]:
        return front.front(current_session(), current_database().now().date())


@blp.route("/search/misses")
class Misses(MethodView):
    @reads
    @requires("catalogue_editor")
    @blp.response(200, search_schemas.Misses)
    def get(self) -> dict[str, Any]:
        return {"items": misses.often(current_session())}

    @writes
    @public
    @blp.arguments(search_schemas.Miss)
    @blp.response(204)
    def post(self, missed: dict[str, Any]) -> None:
        address = client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))
        MISSES.take(current_uow(), address)
        misses.note(missed["q"], current_uow())
