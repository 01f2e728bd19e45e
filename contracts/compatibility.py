"""Is a change of an event additive? Compares the schema of today with the one others rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.schema import Schema


def breaking_changes(old: Schema, new: Schema | None) -> list[str]:
    """One sentence for each thing a reader or writer of ``old`` could stumble over in ``new``.

    ``new`` is None for an event that is gone. Allowed are new optional fields and new choices; whatever
    else must change becomes a new event type ending in ``_v2``.
    """
    name = old["title"]
    if new is None:
        return [f"{name} is gone, but others may still send or read it"]
    found = []
    if old["x-subject"] != new["x-subject"]:
        found.append(f"{name}: its subject was {old['x-subject']} and is now {new['x-subject']}")
    found += [f"{name}: {sentence}" for sentence in _Comparison(old, new).objects(old, new, "")]
    return found


class _Comparison:
    def __init__(self, old_root: Schema, new_root: Schema):
        self._old_root, self._new_root = old_root, new_root

    def objects(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old["properties"], new["properties"]
        for name in before:
            if name not in after:
                yield f"field {path}{name} is gone (removed or renamed)"
                continue
            yield from self._values(before[name], after[name], path + name)
            if name in new["required"] and name not in old["required"]:
                yield f"field {path}{name} was optional and is now required"
            if name in old["required"] and name not in new["required"]:
                yield f"field {path}{name} was always there and is now optional"
        for name in after:
            if name not in before and name in new["required"]:
                yield f"field {path}{name} is new and required; give it a default"

    def _values(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = _resolve(old, self._old_root), _resolve(new, self._new_root)
        if _kind(before) != _kind(after):
            yield f"field {path} was {_words(before)} and is now {_words(after)}"
            return
        if lost := [str(c) for c in before.get("enum", ()) if c not in after.get("enum", ())]:
            yield f"field {path} no longer takes {', '.join(lost)}"
        if "properties" in before:
            yield from self.objects(before, after, f"{path}.")
        for part, sign in (("items", "[]"), ("additionalProperties", "{}")):
            if part in before:
                yield from self._values(before[part], after[part], path + sign)


def _resolve(schema: Schema, root: Schema) -> Schema:
    """The schema without references; "or null" is always part of its type."""
    if "anyOf" in schema:
        inner = _resolve(schema["anyOf"][0], root)
        return inner | {"type": [inner["type"], "null"]}
    if "$ref" in schema:
        found: Schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema


def _kind(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    shape = tuple(part for part in ("enum", "properties", "items", "additionalProperties") if part in schema)
    return schema.get("type"), schema.get("format"), shape


def _words(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "anything")
    what = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if "format" in schema:
        what += f" ({schema['format']})"
    if "enum" in schema:
        what += " (one of a list)"
    if "properties" in schema:
        what += " (of named fields)"
    return what
