"""HTTP: ``/api/dashboard``. For leaders and supervision; a head sees their own department."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response
from flask.views import MethodView

from chassis.config import Config
from chassis.shared import Shared
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_feed,
    current_session,
    of_department,
    reads,
    requires,
)
from chassis.web import create_app as service_app
from services.dashboard import queries, schemas
from services.dashboard.handlers import BOARD
from services.dashboard.problems import PROBLEMS, AnotherDepartment

blp = Blueprint("dashboard", __name__, description="Figures that follow every event, and their cases.")

ALL = ("leader", "supervisor")
(HEAD,) = of_department("approver")

_figures: Shared[queries.View] = Shared()


def create_app(config: Config, **options: Any) -> Flask:
    """The dashboard's WSGI application."""
    return service_app(config, title="One Window dashboard", blueprints=[blp], problems=PROBLEMS, **options)


def _department(asked: str | None = None) -> str | None:
    """Whose figures the caller gets: what they ask for, a head always their own department's."""
    who = caller()
    if who.is_any(*ALL):
        return asked
    if asked not in (None, who.department):
        raise AnotherDepartment
    return who.department


@blp.route("/figures")
class Figures(MethodView):
    @requires(*ALL, HEAD)
    @blp.arguments(schemas.WatchQuery, location="query")
    @blp.response(200, schemas.Figures)
    def get(self, asked: dict[str, Any]) -> queries.View:
        """What is under way and how the promise was kept. However many ask at once, it is counted at most
        twice at a time."""
        database, department = current_database(), _department(asked["department"])

        def count() -> queries.View:
            with database.read() as session:
                return queries.figures(session, database.now(session), department)

        return _figures.get((id(database), department), count)


@blp.route("/cases")
class Cases(MethodView):
    @reads
    @requires(*ALL, HEAD)
    @blp.arguments(schemas.CasesQuery, location="query")
    @blp.response(200, schemas.Cases)
    def get(self, asked: dict[str, Any]) -> queries.View:
        """The cases behind a figure. A head gets their department's parts of cases, no whole ones."""
        department = _department(asked.pop("department"))
        if not caller().is_any(*ALL) and asked["show"] not in queries.OF_BRANCHES:
            raise AnotherDepartment
        return queries.cases(current_session(), current_database().now(), department=department, **asked)


@blp.route("/watch")
class Watch(MethodView):
    @reads
    @requires(*ALL, HEAD)
    @blp.arguments(schemas.WatchQuery, location="query")
    @blp.response(200, schemas.Cases)
    def get(self, asked: dict[str, Any]) -> queries.View:
        """Red and black: parts of cases past what was promised or past the limit by law."""
        return queries.watched(current_session(), current_database().now(), _department(asked["department"]))


@blp.route("/supervisions")
class Supervisions(MethodView):
    @reads
    @requires(*ALL, HEAD)
    @blp.arguments(schemas.SupervisionQuery, location="query")
    @blp.response(200, schemas.Supervisions)
    def get(self, asked: dict[str, Any]) -> queries.View:
        """督办 records by their state; all that are not closed when none is named."""
        department = _department(asked.pop("department"))
        return queries.supervisions(current_session(), department=department, **asked)


@blp.route("/stream")
class Stream(MethodView):
    @requires(*ALL, HEAD)
    @blp.response(200, content_type="text/event-stream")
    def get(self) -> Response:
        """Server-sent events: ``changed`` when figures have changed."""
        return current_feed().response({BOARD}, caller())
