"""The working calendar over HTTP: everybody reads, an editor sets a year."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView

from chassis.problems import Problem, ProblemMap, http_problem, invalid_request, not_found
from chassis.web import (
    Blueprint,
    caller,
    current_session,
    current_uow,
    public,
    reads,
    requires,
    writes,
)
from services.catalog import calendar_edit, calendars, orm, queries, schemas

blp = Blueprint("calendar", __name__, description="The working calendar, 调休 included.")


def _wrong_days(error: calendar_edit.WrongDays) -> Problem:
    return invalid_request(
        [
            {"field": "days", "zh": f"日期不对：{problem}", "en": problem[0].upper() + problem[1:]}
            for problem in error.problems
        ]
    )


PROBLEMS: ProblemMap = {
    calendar_edit.UnknownYear: lambda _: not_found(),
    calendar_edit.ChangedMeanwhile: lambda _: http_problem(412),
    calendar_edit.WrongDays: _wrong_days,
}


def _tagged(row: orm.CalendarYear) -> tuple[dict[str, Any], int, dict[str, str]]:
    mark = calendars.marked(calendar_edit.as_written(row))
    names = ("year", "holidays", "extra_workdays", "provisional", "edited_by", "edited_at")
    body = {name: getattr(row, name) for name in names}
    return body | {"mark": mark}, 200, {"ETag": f'"{mark}"'}


@blp.route("/calendar/<int:year>")
class Calendar(MethodView):
    @reads
    @public
    @blp.response(200, schemas.CalendarYear)
    def get(self, year: int) -> Any:
        """A year's days off and days worked; the ETag is what an editor goes by."""
        found = queries.calendar_year(current_session(), year) if year <= 9999 else None
        if found is None:
            raise not_found()
        return _tagged(found)

    @writes
    @requires("catalogue_editor", "platform_admin")
    @blp.arguments(schemas.CalendarDays)
    @blp.response(200, schemas.CalendarYear)
    def put(self, days: dict[str, Any], year: int) -> Any:
        """Set a year as the notice says; due dates of open branches are counted anew everywhere."""
        seen = list(request.if_match)
        if len(seen) != 1:
            raise http_problem(428)
        if year > 9999:
            raise not_found()
        row = calendar_edit.edit(year, **days, seen=seen[0], editor=caller().account_id, uow=current_uow())
        return _tagged(row)
