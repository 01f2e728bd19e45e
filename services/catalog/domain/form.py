"""The merged form: the union of what all branches need, each data element once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from contracts.procedure import BranchSpec, Condition
from services.catalog.domain.model import City, Element

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def merged_form(
    branches: Sequence[BranchSpec],
    optional: Collection[str],
    regroup: Mapping[str, str],
    city: City,
) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of all fields the branches read and of the questions they hang on.

    A field that only conditional branches need is required when one of their conditions is met, by an
    ``if``/``then``; its ``x-when`` lists the alternatives, each a list of conditions that must all hold.
    ``optional`` fields are never required. Elements the dictionary doesn't know are left out.
    """
    needed_by = _needed_by(branches)
    questions = {c.field for branch in branches for c in branch.when}
    always = questions | {f for f, users in needed_by.items() if any(not b.when for b in users)}
    asked = [e for e in city.elements.values() if e.key in needed_by or e.key in questions]
    properties = {}
    for element in asked:
        users = needed_by.get(element.key, [])
        schema = property_schema(element) | {"x-needed-by": [b.key for b in users]}
        if element.key not in always:
            schema["x-when"] = [[_plain(c) for c in b.when] for b in users]
        properties[element.key] = schema
    keys = [e.key for e in asked]
    form: dict[str, Any] = {
        "$schema": DIALECT,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": [k for k in keys if k in always and k not in optional],
        "x-groups": grouped(asked, regroup, city),
    }
    if rules := _conditional(branches, keys, always, optional):
        form["allOf"] = rules
    return form


def property_schema(element: Element) -> dict[str, Any]:
    """An element's JSON Schema with its texts (``x-title``, ``x-help``, ``x-labels`` in zh and en).

    ``x-prefill`` names the known data that fills it in."""
    schema: dict[str, Any] = {"title": element.title.zh} | dict(element.schema)
    if element.labels:
        choices = list(element.labels)
        if schema.get("type") == "array":
            schema["items"] = {"type": "string", "enum": choices}
        else:
            schema["enum"] = choices
        schema["x-labels"] = {k: {"zh": t.zh, "en": t.en} for k, t in element.labels.items()}
    schema["x-title"] = {"zh": element.title.zh, "en": element.title.en}
    if element.help:
        schema["x-help"] = {"zh": element.help.zh, "en": element.help.en}
    if element.prefill:
        schema["x-prefill"] = element.prefill
    return schema | {"x-input": element.input, "x-personal": element.personal}


def grouped(asked: Iterable[Element], regroup: Mapping[str, str], city: City) -> list[dict[str, Any]]:
    """The pages of a form in the dictionary's order: key, title and fields; empty ones are left out."""
    pages: dict[str, list[str]] = {key: [] for key in city.groups}
    for element in asked:
        pages.setdefault(regroup.get(element.key, element.group), []).append(element.key)
    return [
        {"key": key, "title": {"zh": group.title.zh, "en": group.title.en}, "fields": pages[key]}
        for key, group in city.groups.items()
        if pages[key]
    ]


def _needed_by(branches: Sequence[BranchSpec]) -> dict[str, list[BranchSpec]]:
    needed: dict[str, list[BranchSpec]] = {}
    for branch in branches:
        for name in branch.fields:
            needed.setdefault(name, []).append(branch)
    return needed


def _conditional(
    branches: Sequence[BranchSpec], keys: Sequence[str], always: Collection[str], optional: Collection[str]
) -> list[dict[str, Any]]:
    rules = []
    for branch in branches:
        more = [k for k in keys if k in branch.fields and k not in always and k not in optional]
        if branch.when and more:
            rules.append({"if": condition_schema(branch.when), "then": {"required": more}})
    return rules


def condition_schema(conditions: Sequence[Condition]) -> dict[str, Any]:
    """The JSON Schema that forms meeting every condition match."""
    tests = [{"properties": {c.field: _test(c)}, "required": [c.field]} for c in conditions]
    return tests[0] if len(tests) == 1 else {"allOf": tests}


def _test(condition: Condition) -> dict[str, Any]:
    if condition.at_least is not None:
        return {"minimum": condition.at_least}
    return {"const": condition.equals}


def _plain(condition: Condition) -> dict[str, Any]:
    if condition.at_least is not None:
        return {"field": condition.field, "at_least": condition.at_least}
    return {"field": condition.field, "equals": condition.equals}
