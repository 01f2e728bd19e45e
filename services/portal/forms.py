"""A procedure's merged form as pages ask it: steps of a few fields, made from its JSON Schema.

Beside the standard keywords a property carries ``x-title`` and ``x-help`` (texts in two languages),
``x-labels`` (the words for its choices), ``x-input`` (the control that fits) and ``x-when``: asked only
when all conditions of one of these lists hold. ``x-groups`` says what is asked together, in which order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import jsonschema_rs

from services.portal.words import Language

AT_MOST = 7
LONG_TEXT = 100
CODES = ("id_number", "credit_code", "mobile")
GROUPED = {"id_number": (6, 4, 4, 4), "mobile": (3, 4, 4)}


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Field:
    """One question.

    ``kind`` is the control: text, long, number, date, yesno, choice, choices, rows, or one of `CODES`.
    """

    name: str
    kind: str
    title: str
    hint: str
    required: bool
    schema: Mapping[str, Any]
    options: tuple[Option, ...] = ()
    columns: tuple[Field, ...] = ()

    @property
    def input_mode(self) -> str | None:
        """Which keyboard a phone shows."""
        if self.kind == "number":
            return "numeric" if self.schema.get("type") == "integer" else "decimal"
        return {"mobile": "tel"}.get(self.kind)

    @property
    def width(self) -> str:
        """How wide its input is: a size that hints at the answer."""
        if self.kind in ("number", "date", "mobile"):
            return "short"
        longest = self.schema.get("maxLength", 60)
        return "middle" if self.kind in CODES or longest <= 20 else "full"

    def typed(self, value: Any) -> str:
        """An answer as its input shows it: long numbers in the groups people read them in."""
        text = str(value)
        sizes = GROUPED.get(self.kind, ())
        if not sizes or len(text) != sum(sizes) or not text.isalnum():
            return text
        ends = list(accumulate(sizes, initial=0))
        return " ".join(text[a:b] for a, b in pairwise(ends))

    def title_of(self, value: Any) -> str:
        return next((o.title for o in self.options if o.value == str(value)), str(value))


@dataclass(frozen=True, slots=True)
class Step:
    """One page of questions, counted from 1; a part of ``group`` says in its title which questions it has."""

    number: int
    group: str
    title: str
    fields: tuple[Field, ...]


def steps(
    form: Mapping[str, Any], t: Language, answers: Mapping[str, Any], at_most: int = AT_MOST
) -> list[Step]:
    """The form's groups in order.

    A question that hangs on another of its group comes on a page after it, so that no page ever grows
    while it is filled in; a group longer than ``at_most`` takes several pages.
    """
    pages: list[Step] = []
    for group in groups(form):
        parts = _parts(form, group["fields"], answers, at_most)
        for part in parts:
            fields = tuple(field_of(form, name, t, answers) for name in part)
            named = t.of(group["title"])
            title = named if len(parts) == 1 else _part_title(named, fields, t)
            pages.append(Step(len(pages) + 1, named, title, fields))
    return pages


def groups(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``x-groups``, and a last group of whatever no group names."""
    properties = form.get("properties", {})
    found = [
        {**group, "fields": [f for f in group["fields"] if f in properties]}
        for group in form.get("x-groups", [])
    ]
    named = {f for group in found for f in group["fields"]}
    rest = [f for f in properties if f not in named]
    if rest:
        found.append({"title": {"zh": "其他信息", "en": "Other details"}, "fields": rest})
    return [group for group in found if group["fields"]]


def is_asked(form: Mapping[str, Any], name: str, answers: Mapping[str, Any]) -> bool:
    """False when an earlier answer makes this question needless."""
    ways = form["properties"][name].get("x-when")
    return not ways or any(all(_holds(c, answers.get(c["field"])) for c in way) for way in ways)


def field_of(form: Mapping[str, Any], name: str, t: Language, answers: Mapping[str, Any]) -> Field:
    """The question ``name``; it is required if the schema says so for these answers."""
    needed = name in form.get("required", ()) or any(
        name in rule.get("then", {}).get("required", ()) and jsonschema_rs.is_valid(rule["if"], answers)
        for rule in form.get("allOf", ())
    )
    return _field(name, form["properties"][name], needed, t)


def labels(form: Mapping[str, Any], t: Language, answers: Mapping[str, Any]) -> dict[str, Field]:
    """Every field by name, asked or not, in the form's order."""
    return {name: field_of(form, name, t, answers) for group in groups(form) for name in group["fields"]}


def step_of(pages: list[Step], name: str) -> int:
    """The page that asks for ``name`` (``shareholders.0.name`` is asked where ``shareholders`` is)."""
    root = name.split(".")[0]
    return next((p.number for p in pages if any(f.name == root for f in p.fields)), 1)


def _parts(
    form: Mapping[str, Any], names: list[str], answers: Mapping[str, Any], at_most: int
) -> list[list[str]]:
    asked = [name for name in names if is_asked(form, name, answers)]
    hanging = [n for n in asked if _hangs_on(form, n) & set(names)]
    first = [n for n in asked if n not in hanging]
    return _evenly(first, at_most) + _evenly(hanging, at_most)


def _hangs_on(form: Mapping[str, Any], name: str) -> set[str]:
    return {c["field"] for way in form["properties"][name].get("x-when") or () for c in way}


def _field(name: str, schema: Mapping[str, Any], required: bool, t: Language) -> Field:
    columns: tuple[Field, ...] = ()
    if _kind(name, schema) == "rows":
        item = schema["items"]
        columns = tuple(
            _field(key, sub, key in item.get("required", ()), t) for key, sub in item["properties"].items()
        )
    return Field(
        name=name,
        kind=_kind(name, schema),
        title=t.of(schema.get("x-title") or schema.get("title") or name),
        hint=t.of(schema.get("x-help") or schema.get("description")),
        required=required,
        schema=schema,
        options=_options(schema, t),
        columns=columns,
    )


def _kind(name: str, schema: Mapping[str, Any]) -> str:
    kind, wanted = schema.get("type"), schema.get("x-input") or schema.get("format", "").removeprefix("cn-")
    if kind == "array":
        return "rows" if schema.get("items", {}).get("type") == "object" else "choices"
    if kind == "boolean":
        return "yesno"
    if schema.get("enum"):
        return "choice"
    if kind in ("integer", "number"):
        return "number"
    wanted = wanted.replace("-", "_")
    if wanted in CODES or wanted == "date":
        return str(wanted)
    return "long" if wanted == "textarea" or schema.get("maxLength", 0) > LONG_TEXT else "text"


def _options(schema: Mapping[str, Any], t: Language) -> tuple[Option, ...]:
    source = schema.get("items", {}) if schema.get("type") == "array" else schema
    words = schema.get("x-labels") or source.get("x-labels") or {}
    return tuple(Option(str(v), t.of(words.get(str(v)) or str(v))) for v in source.get("enum") or ())


def _holds(condition: Mapping[str, Any], answer: Any) -> bool:
    if condition.get("at_least") is not None:
        return isinstance(answer, (int, float)) and answer >= condition["at_least"]
    return bool(answer == condition.get("equals"))


def _part_title(group: str, fields: tuple[Field, ...], t: Language) -> str:
    first = fields[0].title
    if len(fields) == 1:
        return t("{group}：{first}", group=group, first=first)
    return t("{group}：{first}等 {n} 项", group=group, first=first, n=len(fields))


def _evenly(names: list[str], at_most: int) -> list[list[str]]:
    """Split without leaving a lonely question behind: 8 with at most 7 becomes 4 and 4."""
    if not names:
        return []
    count = -(-len(names) // at_most)
    size = -(-len(names) // count)
    return [names[i : i + size] for i in range(0, len(names), size)]
