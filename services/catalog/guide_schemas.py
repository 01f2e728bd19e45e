"""What the guide's HTTP API says."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from services.catalog.schemas import Limit, Text


class Place(ma.Schema):
    code = fields.String(
        required=True, metadata={"description": "6 digits: the city, 9: a town, 12: a village."}
    )
    name = fields.Nested(Text, required=True)
    kind = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    windows = fields.Integer(required=True)


class Theme(ma.Schema):
    key = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("theme", "scene")))
    title = fields.Nested(Text, required=True)


class Who(Text):
    department = fields.String(allow_none=True)


class MaterialUse(ma.Schema):
    code = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    issuer = fields.Nested(Who, allow_none=True)
    held = fields.Boolean()
    how = fields.String(metadata={"description": "reuse, check, template or upload."})
    note = fields.Nested(Text, allow_none=True)
    exception = fields.Dict(allow_none=True)
    items = fields.List(fields.String())
    produced_by = fields.String(allow_none=True)


class UsedBy(ma.Schema):
    items = fields.List(fields.String())
    packages = fields.List(fields.String())


class Material(ma.Schema):
    code = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    issuer = fields.Nested(Who, allow_none=True)
    held = fields.Boolean(required=True)
    network_check = fields.Boolean(required=True)
    template = fields.Boolean(required=True)
    licence_type = fields.String(allow_none=True)
    gives = fields.List(fields.String(), metadata={"description": "Data elements it answers."})
    used_by = fields.Nested(UsedBy)
    feeds = fields.Dict(
        allow_none=True, metadata={"description": "Where and when it is used; held ones only."}
    )


class About(ma.Schema):
    code = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.Nested(Text, required=True)


class PolicySummary(ma.Schema):
    code = fields.String(required=True)
    number = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    summary = fields.Nested(Text, required=True)
    department = fields.String(required=True)
    department_name = fields.Nested(Text, allow_none=True)
    published_on = fields.String(required=True)
    audience = fields.List(fields.String())
    items = fields.List(fields.String())


class Policy(PolicySummary):
    paragraphs = fields.List(fields.Nested(Text), required=True)
    about = fields.List(fields.Nested(About))


class Synonym(ma.Schema):
    say = fields.String(required=True)
    words = fields.List(fields.String(), required=True)
    items = fields.List(fields.String(), required=True)


class Choice(ma.Schema):
    value = fields.String(required=True)
    label = fields.Nested(Text, required=True)


class Question(ma.Schema):
    key = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    help = fields.Nested(Text, allow_none=True)
    choices = fields.List(fields.Nested(Choice), required=True)
    answer = fields.String(allow_none=True)


class Other(About):
    kind = fields.String()
    because = fields.Nested(Text, required=True)


class GuideItem(ma.Schema):
    branch = fields.String(required=True)
    code = fields.String(required=True)
    title = fields.Nested(Text, required=True)
    department = fields.String(required=True)
    result = fields.Nested(Text, allow_none=True)


class Step(ma.Schema):
    title = fields.Nested(Text, required=True)
    who = fields.Nested(Who, allow_none=True)
    online = fields.Boolean(required=True)


class Guide(About):
    """One person's own guide; ``complete`` is false while questions are open."""

    version = fields.Integer(required=True)
    open = fields.Boolean(required=True)
    questions = fields.List(fields.Nested(Question), required=True)
    answers = fields.Dict(keys=fields.String(), values=fields.String())
    complete = fields.Boolean(required=True)
    next = fields.String(allow_none=True, metadata={"description": "The question to ask next."})
    eligible = fields.Boolean(required=True)
    reasons = fields.List(fields.Nested(Text))
    instead = fields.List(fields.Nested(Other))
    needs_first = fields.List(fields.Nested(Other))
    items = fields.List(fields.Nested(GuideItem))
    materials = fields.List(fields.Nested(MaterialUse))
    steps = fields.List(fields.Nested(Step))
    promised = fields.Nested(Limit)
    promise_path = fields.List(fields.String())
    fee_fen = fields.Integer()
    fee_basis = fields.Nested(Text, allow_none=True)
    visits = fields.Integer()
    notes = fields.List(fields.Nested(Text))
    form = fields.Dict(metadata={"description": "Answers that the form takes over."})


class Themes(ma.Schema):
    items = fields.List(fields.Nested(Theme), required=True)


class Places(ma.Schema):
    items = fields.List(fields.Nested(Place), required=True)


class Materials(ma.Schema):
    items = fields.List(fields.Nested(Material), required=True)


class Policies(ma.Schema):
    items = fields.List(fields.Nested(PolicySummary), required=True)


class Synonyms(ma.Schema):
    items = fields.List(fields.Nested(Synonym), required=True)


class Guides(ma.Schema):
    items = fields.List(fields.Nested(About), required=True)


class OfItem(ma.Schema):
    item = fields.String(load_default=None, validate=validate.Length(max=60))


class Answers(ma.Schema):
    answers = fields.String(
        load_default="",
        validate=[
            validate.Length(max=1000),
            validate.Regexp(r"^([a-z][a-z0-9_]*:[a-z0-9_]+(,[a-z][a-z0-9_]*:[a-z0-9_]+)*)?$"),
        ],
        metadata={"description": "question:choice, separated by commas: `area:large,sign:yes`."},
    )
