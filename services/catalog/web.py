"""The catalogue over HTTP: everybody reads, an editor closes."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.views import MethodView

from chassis.config import Config
from chassis.problems import Problem, ProblemMap
from chassis.web import (
    Blueprint,
    current_session,
    current_uow,
    public,
    reads,
    requires,
    writes,
)
from chassis.web import (
    create_app as service_app,
)
from services.catalog import (
    calendar_web,
    domain,
    exchange_web,
    guide_web,
    handlers,
    paper_web,
    queries,
    schemas,
    search_web,
)
from services.catalog.settings import Settings

blp = Blueprint("catalog", __name__, description="Items, packages, departments and the working calendar.")

PROBLEMS: ProblemMap = {
    **calendar_web.PROBLEMS,
    domain.UnknownProcedure: lambda e: Problem(
        404,
        "not-found",
        zh="没有这个事项或套餐，请核对后再试。",
        en="There is no such item or package.",
        code=e.code,
        version=e.version,
    ),
    domain.IllegalMove: lambda e: Problem(
        409,
        "illegal-move",
        zh="它已经停止受理，不能再次停止。",
        en="It is closed already.",
        state=e.state,
        move=e.move,
    ),
    **guide_web.PROBLEMS,
    **exchange_web.PROBLEMS,
}


@blp.route("/items")
class Items(MethodView):
    @reads
    @public
    @blp.arguments(schemas.Page, location="query")
    @blp.response(200, schemas.Summaries)
    def get(self, page: dict[str, Any]) -> dict[str, Any]:
        return queries.procedures(current_session(), "item", page["cursor"], page["limit"])


@blp.route("/packages")
class Packages(MethodView):
    @reads
    @public
    @blp.arguments(schemas.Page, location="query")
    @blp.response(200, schemas.Summaries)
    def get(self, page: dict[str, Any]) -> dict[str, Any]:
        return queries.procedures(current_session(), "package", page["cursor"], page["limit"])


@blp.route("/items/<code>")
class Item(MethodView):
    @reads
    @public
    @blp.arguments(schemas.Version, location="query")
    @blp.response(200, schemas.Procedure)
    def get(self, asked: dict[str, Any], code: str) -> dict[str, Any]:
        return queries.procedure(current_session(), code, asked["version"], "item")


@blp.route("/packages/<code>")
class Package(MethodView):
    @reads
    @public
    @blp.arguments(schemas.Version, location="query")
    @blp.response(200, schemas.Procedure)
    def get(self, asked: dict[str, Any], code: str) -> dict[str, Any]:
        return queries.procedure(current_session(), code, asked["version"], "package")


@blp.route("/procedures/<code>")
class Procedure(MethodView):
    @reads
    @public
    @blp.arguments(schemas.Version, location="query")
    @blp.response(200, schemas.Procedure)
    def get(self, asked: dict[str, Any], code: str) -> dict[str, Any]:
        return queries.procedure(current_session(), code, asked["version"])


@blp.route("/procedures/<code>/close")
class Close(MethodView):
    @writes
    @requires("catalogue_editor")
    @blp.response(200, schemas.Closed)
    def post(self, code: str) -> Any:
        return handlers.close(code, current_uow())


@blp.route("/departments")
class Departments(MethodView):
    @reads
    @public
    @blp.response(200, schemas.Departments)
    def get(self) -> dict[str, Any]:
        return {"items": queries.departments(current_session())}


def create_app(config: Config, *, settings: Settings | None = None, **options: Any) -> Flask:
    """The catalogue's WSGI application."""
    settings = settings or Settings.from_env()
    blueprints = [blp, calendar_web.blp, guide_web.blp, search_web.blp, paper_web.blp, exchange_web.blp]
    return service_app(
        config,
        title="One Window catalogue",
        blueprints=blueprints,
        problems=PROBLEMS,
        larger={exchange_web.IMPORT: settings.max_import},
        **options,
    )
