"""The department kit's classes, written from the snapshots of what departments may hear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contracts.departments import HEARD
from contracts.schema import Schema

HEAD = '''"""What departments may hear, a class an event. Made from the contracts by `make asyncapi`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
'''
PLAIN = ("approval.silence_due", "catalog.procedure_published")
"""Left as plain data: what no department hears, and a whole definition."""
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
TIMES = {"date-time": "datetime", "date": "date"}


def source(snapshots: Mapping[str, Schema]) -> str:
    """The module's text."""
    heard = {t: s for t, s in snapshots.items() if t.split(".")[0] in HEARD and t not in PLAIN}
    parts = {name: part for schema in heard.values() for name, part in schema.get("$defs", {}).items()}
    lines = [HEAD]
    for name, part in sorted(parts.items()):
        lines += _class(name, part)
    names = {t: "".join(w.capitalize() for w in t.split(".")[1].split("_")) for t in heard}
    for event_type, schema in heard.items():
        lines += _class(names[event_type], schema)
    lines += ["", "BY_TYPE: dict[str, type] = {", *(f'    "{t}": {n},' for t, n in names.items()), "}", ""]
    return "\n".join(lines)


def _class(name: str, schema: Schema) -> Iterator[str]:
    yield from ("", "@dataclass(frozen=True, kw_only=True)", f"class {name}:")
    if not schema["properties"]:
        yield "    pass"
    for field, of in schema["properties"].items():
        default = "" if field in schema["required"] else f" = {_default(of)}"
        yield f"    {field}: {_hint(of)}{default}"


def _default(schema: Schema) -> str:
    value = schema.get("default")
    return repr(tuple(value)) if isinstance(value, list) else repr(value)


def _hint(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_hint(s) if s.get("type") != "null" else "None" for s in schema["anyOf"])
    kinds = schema.get("type", "any")
    if isinstance(kinds, list):
        bare = {**schema, "type": kinds[0], "enum": [v for v in schema.get("enum", []) if v is not None]}
        return f"{_hint(bare)} | None"
    if schema.get("enum"):
        return "Literal[" + ", ".join(f'"{v}"' for v in schema["enum"]) + "]"
    if kinds == "array":
        return f"tuple[{_hint(schema['items'])}, ...]"
    if kinds == "object":
        inner = schema.get("additionalProperties")
        return f"dict[str, {_hint(inner) if isinstance(inner, dict) else 'Any'}]"
    return TIMES.get(schema.get("format", "")) or SCALARS.get(kinds, "Any")
