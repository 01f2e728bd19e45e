"""Events for those who were away or take part by HTTP alone."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView

from chassis.access import of_department
from chassis.web import Blueprint, current_session, own_department, reads, requires
from services.approval import queries, schemas

events = Blueprint("events", __name__, description="What has happened to a department's branches.")


@events.route("/events")
class Events(MethodView):
    @reads
    @requires(*of_department("department_it", "department_system"), scope="branches")
    @events.arguments(schemas.EventsQuerySchema, location="query")
    @events.response(200, schemas.EventsSchema)
    def get(self, asked: dict[str, Any]) -> Any:
        """Events of the caller's department from any point on, oldest first, as they stand on the broker. Ask
        again with ``after`` set to ``next``; the same event may also have come by another way."""
        return queries.events_of(own_department(), asked["after"], asked["limit"], current_session())
