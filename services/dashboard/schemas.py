"""What the dashboard takes and gives over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

from services.dashboard import queries

CODE = validate.Regexp(r"^[A-Za-z0-9_-]{1,60}$")
NUMBER = validate.Regexp(r"^[A-Za-z0-9-]{1,44}$")


class Count(ma.Schema):
    status = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)


class Item(ma.Schema):
    item = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True)
    stages = ma.fields.List(ma.fields.Nested(Count), required=True)


class Today(ma.Schema):
    """Whole cases are counted when filed and when decided; departments' answers by whether they came
    within what was promised. ``on_time_percent``: of today's answers, silence counting as late."""

    day = ma.fields.String(required=True)
    filed = ma.fields.Integer(required=True)
    decided = ma.fields.Integer(required=True)
    granted = ma.fields.Integer(required=True)
    refused = ma.fields.Integer(required=True)
    on_time = ma.fields.Integer(required=True)
    late = ma.fields.Integer(required=True)
    silent = ma.fields.Integer(required=True)
    on_time_percent = ma.fields.Float(required=True, allow_none=True)
    open = ma.fields.Integer(required=True)
    overdue = ma.fields.Integer(required=True)
    supervised = ma.fields.Integer(required=True)


class Department(ma.Schema):
    department = ma.fields.String(required=True)
    open = ma.fields.Integer(required=True)
    overdue = ma.fields.Integer(required=True)
    on_time = ma.fields.Integer(required=True, metadata={"description": "Answered today in time."})
    late = ma.fields.Integer(required=True)
    silent = ma.fields.Integer(required=True)
    month_on_time_percent = ma.fields.Float(required=True, allow_none=True)


class Hour(ma.Schema):
    hour = ma.fields.Integer(required=True)
    filed = ma.fields.Integer(required=True)
    decided = ma.fields.Integer(required=True)


class Day(ma.Schema):
    day = ma.fields.String(required=True)
    filed = ma.fields.Integer(required=True)
    decided = ma.fields.Integer(required=True)


class Figures(ma.Schema):
    as_of = ma.fields.AwareDateTime(required=True)
    last_event_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    department = ma.fields.String(required=True, allow_none=True)
    today = ma.fields.Nested(Today, required=True)
    stages = ma.fields.List(ma.fields.Nested(Count), required=True)
    departments = ma.fields.List(ma.fields.Nested(Department), required=True)
    items = ma.fields.List(ma.fields.Nested(Item), required=True)
    hours = ma.fields.List(ma.fields.Nested(Hour), required=True)
    days = ma.fields.List(ma.fields.Nested(Day), required=True)


class Paged(ma.Schema):
    department = ma.fields.String(load_default=None, validate=CODE)
    cursor = ma.fields.String(load_default=None, validate=NUMBER)


class CasesQuery(Paged):
    show = ma.fields.String(required=True, validate=validate.OneOf(queries.SHOWN))
    status = ma.fields.String(load_default=None, validate=CODE)
    item = ma.fields.String(load_default=None, validate=CODE)
    day = ma.fields.Date(load_default=None, metadata={"description": "Today when left out."})


class Case(ma.Schema):
    """A whole case, or one department's part of it where ``branch_no`` is given."""

    application_no = ma.fields.String(required=True)
    procedure = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    submitted_at = ma.fields.AwareDateTime(allow_none=True)
    decided_at = ma.fields.AwareDateTime(allow_none=True)
    outcome = ma.fields.String(allow_none=True)
    branch_no = ma.fields.String()
    department = ma.fields.String()
    item = ma.fields.String()
    answer = ma.fields.String(allow_none=True)
    opened_at = ma.fields.AwareDateTime(allow_none=True)
    answered_at = ma.fields.AwareDateTime(allow_none=True)
    promised_due = ma.fields.AwareDateTime(allow_none=True)
    statutory_due = ma.fields.AwareDateTime(allow_none=True)
    overdue = ma.fields.Boolean()
    light = ma.fields.String(allow_none=True)

    @ma.post_dump
    def _only_its_own(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Leave out what a whole case has no answer to."""
        return {name: value for name, value in data.items() if value is not None or name == "outcome"}


class Cases(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Case), required=True)
    next = ma.fields.String(required=True, allow_none=True)


class WatchQuery(ma.Schema):
    department = ma.fields.String(load_default=None, validate=CODE)


class SupervisionQuery(Paged):
    state = ma.fields.String(
        load_default=None, validate=validate.OneOf(("open", "unanswered", "answered", "closed"))
    )


class Supervision(ma.Schema):
    branch_no = ma.fields.String(required=True)
    application_no = ma.fields.String(required=True)
    department = ma.fields.String(required=True)
    responsible = ma.fields.String(required=True, allow_none=True)
    state = ma.fields.String(required=True)
    opened_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    answer_due = ma.fields.AwareDateTime(required=True, allow_none=True)
    answered_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    in_time = ma.fields.Boolean(required=True, allow_none=True)
    closed_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class Supervisions(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(Supervision), required=True)
    next = ma.fields.String(required=True, allow_none=True)
