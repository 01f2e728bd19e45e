"""The files beside the catalogue: places, policies, everyday words, situations, filled sample forms.

All of them may be missing; what is there is read as strictly as the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import marshmallow as ma
from marshmallow import fields, validate

from services.catalog.domain import Guidance, Problem, guide_model
from services.catalog.domain.model import Audience
from services.catalog.file_schemas import (
    LimitFile,
    Many,
    MaterialUseFile,
    Shape,
    StepFile,
    text,
    texts,
    word,
)
from services.catalog.reading import Reading

_KEY = validate.Regexp(r"^[a-z][a-z0-9_]*$")
_CODE = validate.Regexp(r"^[a-z][a-z0-9-]*$")
_VALUE = validate.Regexp(r"^[a-z0-9][a-z0-9_]*$")


class OneOrMany(fields.Field[Any]):
    """A word or a list of words, kept as a tuple."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(v, str) for v in values):
            raise ma.ValidationError("Must be a text or a list of texts.")
        return tuple(values)


def answers_named(**kwargs: Any) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=OneOrMany(), **kwargs)


def form_values() -> fields.Dict:
    return fields.Dict(keys=fields.String(), load_default=dict)


class PlaceFile(Shape):
    builds = guide_model.Place
    code = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$"))
    name = text()
    kind = word(*get_args(guide_model.PlaceKind))
    parent = fields.String(load_default=None)
    windows = fields.Integer(strict=True, load_default=0, validate=validate.Range(min=0))


class ThemeFile(Shape):
    builds = guide_model.Theme
    key = fields.String(required=True, validate=_KEY)
    kind = word(*get_args(guide_model.ThemeKind))
    title = text()


class PolicyFile(Shape):
    builds = guide_model.Policy
    file = fields.String(required=True)
    code = fields.String(required=True, validate=_CODE)
    number = fields.String(required=True, validate=validate.Length(min=1))
    title = text()
    summary = text()
    department = fields.String(required=True)
    published_on = fields.Date(required=True)
    audience = Many(word(*get_args(Audience)), at_least=1)
    paragraphs = texts(at_least=1)
    items = Many(fields.String(), at_least=1)


class SynonymFile(Shape):
    builds = guide_model.Synonym
    say = fields.String(required=True, validate=validate.Length(min=1, max=40))
    words = Many(fields.String(validate=validate.Length(min=1)))
    items = Many(fields.String())


class ChoiceFile(Shape):
    builds = guide_model.Choice
    value = fields.String(required=True, validate=_VALUE)
    label = text()
    fills = form_values()
    assumes = form_values()


class AskFile(Shape):
    builds = guide_model.Ask
    key = fields.String(required=True, validate=_KEY)
    title = text()
    help = text(load_default=None)
    choices = Many(fields.Nested(ChoiceFile), at_least=2)
    when = answers_named(load_default=dict)


class InsteadFile(Shape):
    builds = guide_model.Instead
    item = fields.String(required=True)
    because = text()


class EffectFile(Shape):
    builds = guide_model.Effect
    when = answers_named(required=True)
    not_eligible = text(load_default=None)
    instead = fields.Nested(InsteadFile, load_default=None)
    first = fields.Nested(InsteadFile, load_default=None)
    adds_materials = Many(fields.Nested(MaterialUseFile))
    drops_materials = Many(fields.String())
    adds_steps = Many(fields.Nested(StepFile))
    fee_fen = fields.Integer(strict=True, load_default=None, validate=validate.Range(min=0))
    fee_basis = text(load_default=None)
    visits = fields.Integer(strict=True, load_default=None, validate=validate.Range(min=0))
    promised = fields.Nested(LimitFile, load_default=None)
    note = text(load_default=None)


class ExpectedFile(Shape):
    builds = guide_model.Expected
    eligible = fields.Boolean(load_default=True, truthy={True}, falsy={False})
    items = Many(fields.String(), load_default=None)
    materials = Many(fields.String(), load_default=None)
    steps = fields.Integer(strict=True, load_default=None)
    fee_fen = fields.Integer(strict=True, load_default=None)
    visits = fields.Integer(strict=True, load_default=None)
    promised = fields.Nested(LimitFile, load_default=None)
    instead = fields.String(load_default=None)
    first = fields.String(load_default=None)


class SampleFile(Shape):
    builds = guide_model.Sample
    name = text()
    answers = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    expect = fields.Nested(ExpectedFile, required=True)


class SituationFile(Shape):
    builds = guide_model.Situation
    file = fields.String(required=True)
    code = fields.String(required=True, validate=_CODE)
    questions = Many(fields.Nested(AskFile), at_least=1)
    effects = Many(fields.Nested(EffectFile))
    samples = Many(fields.Nested(SampleFile))


def read_guidance(folder: Path) -> tuple[Guidance, list[Problem]]:
    """What a folder says beside the catalogue, and every field of the wrong shape (left out of it)."""
    reading = Reading(folder)
    themes = _list(reading, "themes.yaml", ThemeFile())
    places = _list(reading, "places.yaml", PlaceFile())
    synonyms = _list(reading, "synonyms.yaml", SynonymFile())
    policies = reading.files("policies", PolicyFile(), {})
    situations = reading.files("situations", SituationFile(), {})
    guidance = Guidance(
        themes=reading.by("key", themes, "themes.yaml"),
        places=reading.by("code", places, "places.yaml"),
        synonyms=reading.by("say", synonyms, "synonyms.yaml"),
        policies=reading.by("code", policies, ""),
        situations=reading.by("code", situations, ""),
        forms=_forms(reading),
    )
    return guidance, reading.problems


def situation_of(stored: Mapping[str, Any]) -> guide_model.Situation:
    """A situation from its stored file."""
    loaded: guide_model.Situation = SituationFile().load(stored)
    return loaded


def _list(reading: Reading, name: str, schema: ma.Schema) -> Any:
    if (reading.folder / name).exists():
        yield from reading.load_list(schema, name, reading.raw(name))


def _forms(reading: Reading) -> dict[str, Mapping[str, Any]]:
    forms: dict[str, Mapping[str, Any]] = {}
    for name in reading.names("forms", ".json"):
        content = reading.json(name)
        if isinstance(content, dict):
            forms[Path(name).stem] = content
        elif content is not None:
            reading.problem(name, "", "must be a mapping")
    return forms
