"""The JSON Schema (draft 2020-12) of each event, read off its type hints.

What `contracts.base` reads is what the schema says. Unknown fields are always allowed.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from contracts.base import Event

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Any: {},
}


def event_schema(cls: type[Event]) -> Schema:
    """An event's ``data`` as a schema that stands alone. ``x-subject`` names the aggregate id's field."""
    definitions: dict[str, Schema] = {}
    body = object_schema(cls, "#/$defs/", definitions)
    schema = {
        "$schema": DRAFT,
        "$id": f"/contracts/{cls.type}.json",
        "title": cls.type,
        "x-subject": cls.subject_field,
        **body,
    }
    return schema | ({"$defs": dict(sorted(definitions.items()))} if definitions else {})


def object_schema(cls: Any, prefix: str, definitions: dict[str, Schema]) -> Schema:
    """The schema of a dataclass. Dataclasses inside it go into ``definitions``, referred to by ``prefix``.

    Raises `TypeError` for a type no contract may use, and for two dataclasses of one name.
    """
    hints = get_type_hints(cls)
    properties: dict[str, Schema] = {}
    required = []
    for field in dataclasses.fields(cls):
        properties[field.name] = _schema(hints[field.name], prefix, definitions)
        if field.default is not dataclasses.MISSING:
            properties[field.name] |= {"default": _json(field.default)}
        elif field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    return {"type": "object", "properties": properties, "required": required}


def _schema(hint: Any, prefix: str, definitions: dict[str, Schema]) -> Schema:
    if hint in _SCALARS:
        return dict(_SCALARS[hint])
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"type": "string", "enum": list(args)}
    if origin in (Union, types.UnionType):
        return _or_null(_schema(next(a for a in args if a is not type(None)), prefix, definitions))
    if origin is tuple:
        return {"type": "array", "items": _schema(args[0], prefix, definitions)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _schema(args[1], prefix, definitions)}
    if dataclasses.is_dataclass(hint):
        return _reference(hint, prefix, definitions)
    raise TypeError(f"no contract may use the type {hint!r}")


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    nullable = schema | {"type": [schema["type"], "null"]}
    return nullable | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def _reference(cls: Any, prefix: str, definitions: dict[str, Schema]) -> Schema:
    known = definitions.get(cls.__name__)
    definitions[cls.__name__] = {}
    found = object_schema(cls, prefix, definitions)
    if known is not None and known != found:
        raise TypeError(f"two dataclasses of contracts are named {cls.__name__}")
    definitions[cls.__name__] = found
    return {"$ref": prefix + cls.__name__}


def _json(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default
