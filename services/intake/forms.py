"""Is a filled form right? Everything that is not, at once, in sentences people can act on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from stdnum.cn import ric, uscc

FieldError = dict[str, str]


class InvalidForm(Exception):
    """A form that can't be taken. ``errors`` name every wrong field: ``{"field", "zh", "en"}``."""

    def __init__(self, errors: list[FieldError]):
        super().__init__(", ".join(e["field"] for e in errors))
        self.errors = errors


def _is_id_number(number: str) -> bool:
    """The last character fits (GB 11643)."""
    return len(number) == 18 and number[:-1].isdecimal() and ric.calc_check_digit(number) == number[-1]


def _is_credit_code(number: str) -> bool:
    """The last character fits (GB 32100)."""
    try:
        return len(number) == 18 and uscc.calc_check_digit(number[:-1]) == number[-1]
    except ValueError:
        return False


FORMATS = {"cn-id-number": _is_id_number, "cn-credit-code": _is_credit_code}


class FormCheck:
    """One procedure's form, its JSON Schema compiled once."""

    def __init__(self, schema: Mapping[str, Any]):
        self._schema = {"additionalProperties": False, **schema}
        self._properties = self._schema.get("properties") or {}
        pages = [name for group in self._schema.get("x-groups") or () for name in group["fields"]]
        self._order = {name: place for place, name in enumerate(dict.fromkeys([*pages, *self._properties]))}
        self._validator = jsonschema_rs.Draft202012Validator(
            self._schema, validate_formats=True, formats=FORMATS
        )

    def errors(self, form: Mapping[str, Any], prefix: str = "form") -> list[FieldError]:
        """All that is wrong, one sentence a field, in the order the form asks."""
        if self._validator.is_valid(form):
            return []
        found: dict[tuple[str | int, ...], FieldError] = {}
        for path, sentence in self._complaints(form):
            field = ".".join((prefix, *map(str, path)))
            found.setdefault(path, {"field": field, "zh": sentence[0], "en": sentence[1]})
        return [found[path] for path in sorted(found, key=self._place)]

    def names(self) -> Collection[str]:
        """The fields the form has."""
        return self._properties.keys()

    def _complaints(self, form: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Sentence]]:
        for error in self._validator.iter_errors(form):
            path: tuple[str | int, ...] = tuple(error.instance_path)
            kind: Any = error.kind
            if kind.name == "required":
                path = (*path, kind.property)
                yield path, _missing(self._asked(path))
            elif kind.name in ("additionalProperties", "unevaluatedProperties"):
                for name in kind.unexpected:
                    yield (*path, name), _unexpected(name)
            else:
                yield path, _wrong(self._asked(path), kind, error.instance)

    def _asked(self, path: Iterable[str | int]) -> Asked:
        """What stands at this path: its title with the titles around it, and its schema."""
        zh, node = "", self._schema
        en: list[str] = []
        for step in path:
            if isinstance(step, int):
                node = node.get("items") or {}
                zh, en = f"{zh}第{step + 1}项", [*en, f"item {step + 1}"]
            else:
                node = (node.get("properties") or {}).get(step) or {}
                title = node.get("x-title") or {}
                zh += title.get("zh") or node.get("title") or step
                en.append(title.get("en") or node.get("title") or step)
        return Asked(zh or "表单", ", ".join(en) or "The form", node)

    def _place(self, path: tuple[str | int, ...]) -> tuple[int, list[tuple[int, str]]]:
        rest = [(step, "") if isinstance(step, int) else (0, step) for step in path]
        return self._order.get(str(path[0]) if path else "", len(self._order)), rest


Sentence = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the form: its title in Chinese and English and its JSON Schema."""

    zh: str
    en: str
    schema: Mapping[str, Any]

    @property
    def is_chosen(self) -> bool:
        kinds = ("boolean", "array")
        return "enum" in self.schema or (self.schema.get("type") in kinds and self._items_type != "object")

    @property
    def _items_type(self) -> Any:
        return (self.schema.get("items") or {}).get("type")


def _missing(asked: Asked) -> Sentence:
    if asked.is_chosen:
        return f"请选择{asked.zh}", f"Please choose: {asked.en}"
    return f"请填写{asked.zh}", f"Please fill in: {asked.en}"


def _unexpected(name: str) -> Sentence:
    return f"表中没有“{name[:40]}”这一项", f"The form has no field “{name[:40]}”"


_TYPES: Mapping[str, Sentence] = {
    "number": ("要填数字", "must be a number"),
    "integer": ("要填整数", "must be a whole number"),
    "string": ("要填文字", "must be text"),
    "boolean": ("要选是或否", "must be yes or no"),
    "array": ("要填成列表", "must be a list"),
    "object": ("要按各栏填写", "must have its fields"),
}
_FORMATS: Mapping[str, Sentence] = {
    "cn-id-number": (
        "最后一位对不上,请看看是不是抄错了一位",
        "has a last character that doesn't fit the others; please compare",
    ),
    "cn-credit-code": (
        "最后一位对不上,请看看是不是抄错了一位",
        "has a last character that doesn't fit the others; please compare",
    ),
    "date": ("要填日期,例如 2026-03-12", "must be a date such as 2026-03-12"),
}
_INPUTS: Mapping[str, Sentence] = {
    "mobile": ("是 11 位数字,请数一数", "has 11 digits; please count"),
    "id_number": ("是 18 位,请照证件再核对", "has 18 characters; please compare with the card"),
    "credit_code": ("是 18 位,请照执照再核对", "has 18 characters; please compare with the licence"),
    "date": _FORMATS["date"],
}
_LIMITS: Mapping[str, Sentence] = {
    "minLength": ("至少 {} 个字", "needs at least {} characters"),
    "maxLength": ("最多 {} 个字", "may have at most {} characters"),
    "minimum": ("不能小于 {}", "can't be less than {}"),
    "maximum": ("不能大于 {}", "can't be more than {}"),
    "exclusiveMinimum": ("要大于 {}", "must be more than {}"),
    "exclusiveMaximum": ("要小于 {}", "must be less than {}"),
    "minItems": ("至少要有 {} 项", "needs at least {} entries"),
    "maxItems": ("最多 {} 项", "may have at most {} entries"),
    "multipleOf": ("要是 {} 的倍数", "must be a multiple of {}"),
    "uniqueItems": ("不能重复", "can't name the same twice"),
    "enum": ("请从给出的选项中选择", "must be one of the choices"),
    "const": ("请从给出的选项中选择", "must be one of the choices"),
}


def _wrong(asked: Asked, kind: Any, value: Any) -> Sentence:
    name = kind.name
    if value in ("", []) and name in ("minLength", "minItems", "pattern", "enum", "format"):
        return _missing(asked)
    if name == "type":
        wanted = kind.types[0] if len(kind.types) == 1 else ""
        zh, en = _TYPES.get(wanted, ("填写不正确", "is not right"))
    elif name == "format":
        zh, en = _FORMATS.get(kind.format, ("的格式不对", "doesn't have the right form"))
    elif name == "pattern":
        zh, en = _INPUTS.get(asked.schema.get("x-input", ""), ("的格式不对", "doesn't have the right form"))
    else:
        zh, en = _LIMITS.get(name, ("填写不正确", "is not right"))
        limit = getattr(kind, "limit", getattr(kind, "multiple_of", None))
        plain = f"{limit:g}" if isinstance(limit, float) else str(limit)
        zh, en = zh.format(plain), en.format(plain)
    return f"{asked.zh}{zh}", f"{asked.en} {en}"
