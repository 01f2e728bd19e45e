"""The working calendar, edited day by day: a tick is a day that is worked."""

from __future__ import annotations

from calendar import Calendar as Weeks
from datetime import date, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, request

from services.portal.clients import Refused
from services.portal.web.portal import city, go, language, note, page, portal, reader, requires
from services.portal.web.public import names_of

pages = Blueprint("calendar", __name__, url_prefix="/edit/calendar")

EDITORS = ("catalogue_editor", "platform_admin")
BEFORE, AFTER = 1, 2
"""Years around this one that may be edited."""


class Day(NamedTuple):
    """A day of a month's sheet; ``differs`` from plain weekdays."""

    date: date
    worked: bool
    differs: bool


@pages.get("")
@requires(*EDITORS)
def years() -> Response:
    return go("calendar.year", year=reader().now.year)


@pages.route("/<int:year>", methods=["GET", "POST"])
@requires(*EDITORS)
def year(year: int) -> Response:
    errors: dict[str, str] = {}
    here, t = city(), language()
    known = here.calendar(year)
    if request.method == "POST":
        days = _days(year)
        try:
            here.set_calendar(year, days, request.form.get("mark", ""))
        except Refused as refused:
            if refused.status not in (412, 422, 428):
                raise
            errors = {"": refused.detail}
            if refused.status == 422:
                known |= days
        else:
            portal().forget("calendar", year)
            note(t("已发布。各部门在办件的期限正在按新日历重算。"))
            return go("calendar.year", year=year)
    this = reader().now.year
    if not this - BEFORE <= year <= this + AFTER:
        abort(404)
    return page(
        "calendar.html",
        422 if errors else 200,
        year=year,
        years=range(this - BEFORE, this + AFTER + 1),
        known=known,
        months=[(month, _month(year, month, known)) for month in range(1, 13)],
        editor=names_of(here, [{"handler": known.get("edited_by")}]).get(known.get("edited_by") or ""),
        errors=errors,
    )


def _days(year: int) -> dict[str, Any]:
    """What the ticks say: days off from Monday to Friday, and Saturdays and Sundays worked."""
    worked = set(request.form.getlist("worked"))
    day, holidays, extra = date(year, 1, 1), [], []
    while day.year == year:
        ticked = day.isoformat() in worked
        if ticked and day.weekday() >= 5:
            extra.append(day.isoformat())
        elif not ticked and day.weekday() < 5:
            holidays.append(day.isoformat())
        day += timedelta(days=1)
    return {
        "holidays": holidays,
        "extra_workdays": extra,
        "provisional": request.form.get("provisional") == "yes",
    }


def _month(year: int, month: int, known: dict[str, Any]) -> list[list[Day | None]]:
    off, on = set(known["holidays"]), set(known["extra_workdays"])

    def day(value: date) -> Day | None:
        if value.month != month:
            return None
        text = value.isoformat()
        worked = text in on or (value.weekday() < 5 and text not in off)
        return Day(value, worked, text in on or text in off)

    return [[day(value) for value in week] for week in Weeks().monthdatescalendar(year, month)]
