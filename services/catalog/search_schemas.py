"""What search says over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from services.catalog.schemas import Summary, Text

MOST_PAGES = 500
LONGEST_QUERY = 100_000
"""Longer ones are refused; of the others the first characters count (`cut` says so)."""

_VALUES = validate.Length(max=20)
_VALUE = validate.Length(max=40)


def _chosen() -> fields.List:
    return fields.List(fields.String(validate=_VALUE), load_default=list, validate=_VALUES)


class Query(ma.Schema):
    q = fields.String(load_default="", validate=validate.Length(max=LONGEST_QUERY))
    audience = _chosen()
    theme = _chosen()
    department = _chosen()
    scenario = _chosen()
    kind = fields.String(load_default=None, validate=validate.OneOf(("item", "package")))
    page = fields.Integer(load_default=1, validate=validate.Range(1, MOST_PAGES))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 50))


class FacetChoice(ma.Schema):
    value = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    count = fields.Integer(required=True)
    chosen = fields.Boolean(required=True)


class Facets(ma.Schema):
    audience = fields.List(fields.Nested(FacetChoice), required=True)
    theme = fields.List(fields.Nested(FacetChoice), required=True)
    department = fields.List(fields.Nested(FacetChoice), required=True)
    scenario = fields.List(fields.Nested(FacetChoice), required=True)


class Found(Summary):
    line = fields.Nested(Text, allow_none=True, metadata={"description": "What one gets, in a line."})

    class Meta:
        exclude = ("summary", "theme")


class Nearest(ma.Schema):
    code = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.Nested(Text, required=True)


class Answer(ma.Schema):
    query = fields.String(required=True, metadata={"description": "What was looked for, in its normal form."})
    cut = fields.Boolean(required=True, metadata={"description": "Only the beginning was looked for."})
    near = fields.Boolean(required=True, metadata={"description": "Nothing says all of it; these say most."})
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(Found), required=True)
    facets = fields.Nested(Facets, required=True)
    nearest = fields.List(fields.Nested(Nearest), required=True)


class News(ma.Schema):
    code = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    published_on = fields.String(required=True)


class Front(ma.Schema):
    used = fields.List(fields.Nested(Found), required=True, metadata={"description": "Most used lately."})
    events = fields.List(fields.Nested(FacetChoice), required=True, metadata={"description": "Life events."})
    news = fields.List(fields.Nested(News), required=True, metadata={"description": "Newest policies."})


class Miss(ma.Schema):
    q = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_QUERY))


class MissedWords(ma.Schema):
    words = fields.String(required=True)
    times = fields.Integer(required=True)


class Misses(ma.Schema):
    items = fields.List(fields.Nested(MissedWords), required=True)
    next = fields.String(allow_none=True, dump_default=None)


def wanted(asked: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `services.catalog.finding.Wanted`."""
    facets = ("audience", "theme", "department", "scenario")
    return {
        "query": asked["q"],
        "chosen": {name: asked[name] for name in facets},
        "kind": asked["kind"],
        "page": asked["page"],
        "limit": asked["limit"],
    }
