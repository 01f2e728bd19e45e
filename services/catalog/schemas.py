"""What the catalogue's HTTP API says. Texts come in Chinese and English; money is in fen."""

from __future__ import annotations

from typing import get_args

import marshmallow as ma
from marshmallow import fields, validate

from contracts.procedure import BranchKind, Unit


class Text(ma.Schema):
    zh = fields.String(required=True)
    en = fields.String(required=True)


class Limit(ma.Schema):
    value = fields.Float(required=True)
    unit = fields.String(required=True, validate=validate.OneOf(get_args(Unit)))


class Promise(Limit):
    path = fields.List(fields.String(), metadata={"description": "Branches on the longest path."})


class Condition(ma.Schema):
    field = fields.String(required=True)
    equals = fields.Raw(allow_none=True)
    at_least = fields.Float(allow_none=True)


class Branch(ma.Schema):
    key = fields.String(required=True)
    item = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    department = fields.String(required=True)
    department_name = fields.Nested(Text, allow_none=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(BranchKind)))
    required = fields.Boolean(required=True)
    depends_on = fields.List(fields.String())
    when = fields.List(fields.Nested(Condition))
    statutory = fields.Nested(Limit, allow_none=True)
    promised = fields.Nested(Limit, required=True)
    on_timeout = fields.String()
    timeout_source = fields.String(allow_none=True)
    fields_ = fields.List(fields.String(), attribute="fields", data_key="fields")
    materials = fields.List(fields.String())
    issues = fields.String(allow_none=True)
    produces = fields.List(fields.String())
    extension = fields.Nested(Limit, allow_none=True)
    second_signature = fields.Boolean()


class Join(ma.Schema):
    rule = fields.String(required=True)
    over = fields.List(fields.String(), required=True)
    k = fields.Integer(allow_none=True)


class Common(ma.Schema):
    code = fields.String(required=True)
    version = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("item", "package")))
    title = fields.Nested(Text, required=True)
    lead_department = fields.String(required=True)
    lead_department_name = fields.Nested(Text, allow_none=True)
    audience = fields.List(fields.String())
    promise = fields.Nested(Promise, required=True)
    open = fields.Boolean(required=True, metadata={"description": "May be filed under now."})


class Summary(Common):
    summary = fields.Nested(Text, allow_none=True)
    theme = fields.List(fields.String())
    fee_fen = fields.Integer()
    visits = fields.Integer()
    depth = fields.Integer()
    tier = fields.String()
    sample = fields.Boolean()


class Procedure(Common):
    acceptance = fields.String(required=True)
    acceptance_limit = fields.Nested(Limit, required=True)
    branches = fields.List(fields.Nested(Branch), required=True)
    join = fields.Nested(Join, required=True)
    form = fields.Dict(required=True, metadata={"description": "JSON Schema of the merged form."})
    minimum_level = fields.Integer()
    facts = fields.Dict(required=True, metadata={"description": "What the guide shows."})
    newest = fields.Boolean()
    closed_at = fields.AwareDateTime(allow_none=True)
    published_at = fields.AwareDateTime()


class Summaries(ma.Schema):
    items = fields.List(fields.Nested(Summary), required=True)
    next = fields.String(allow_none=True, required=True)


class Page(ma.Schema):
    cursor = fields.String(load_default=None, validate=validate.Length(max=60))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 200))


class Version(ma.Schema):
    version = fields.Integer(load_default=None, validate=validate.Range(min=1, max=2**31 - 1))


class Department(ma.Schema):
    code = fields.String(required=True)
    name = fields.Nested(Text, required=True)
    is_government = fields.Boolean(required=True)
    phone = fields.String(required=True)


class Departments(ma.Schema):
    items = fields.List(fields.Nested(Department), required=True)
    next = fields.String(allow_none=True, dump_default=None)


class CalendarYear(ma.Schema):
    year = fields.Integer(required=True)
    holidays = fields.List(fields.String(), required=True)
    extra_workdays = fields.List(fields.String(), required=True)
    provisional = fields.Boolean(required=True)
    mark = fields.String(metadata={"description": "The ETag an editor sends back in If-Match."})
    edited_by = fields.String(allow_none=True)
    edited_at = fields.AwareDateTime(allow_none=True)


class CalendarDays(ma.Schema):
    """A year's days off from Monday to Friday, and its Saturdays and Sundays worked 调休."""

    holidays = fields.List(fields.Date(), required=True, validate=validate.Length(max=120))
    extra_workdays = fields.List(fields.Date(), required=True, validate=validate.Length(max=60))
    provisional = fields.Boolean(required=True)


class Closed(ma.Schema):
    code = fields.String(required=True)
    version = fields.Integer(required=True)
    closed_at = fields.AwareDateTime(required=True)
