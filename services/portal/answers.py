"""What people type, read into the form's own types, and what is wrong with it in their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from stdnum.cn import ric, uscc
from werkzeug.datastructures import MultiDict

from services.portal.forms import CODES, Field
from services.portal.words import Language

_SHAPES = {"id_number": r"\d{17}[\dX]", "credit_code": r"[0-9A-HJ-NPQRTUWXY]{18}"}
_BETWEEN_DIGITS = re.compile(r"[\s\u3000\-]+")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing to put right; ``field`` is a dotted path (``shareholders.0.name``)."""

    field: str
    message: str


def read(fields: Iterable[Field], data: MultiDict[str, str]) -> dict[str, Any]:
    """The typed answers of one page. An unanswered field is None; full-width digits and spaces are fine."""
    return {field.name: _read(field, field.name, data) for field in fields}


def row_count(name: str, data: Iterable[str]) -> int:
    """How many rows of a repeated question were sent."""
    numbers = [int(m[1]) for key in data if (m := re.match(rf"{re.escape(name)}\.(\d{{1,3}})\.", key))]
    return max(numbers, default=-1) + 1


def merge(answers: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``answers`` with the new ones; what was emptied is taken out."""
    both = {**answers, **new}
    return {name: value for name, value in both.items() if value not in (None, "", [])}


def check(fields: Iterable[Field], answers: Mapping[str, Any], t: Language) -> list[Wrong]:
    """Everything wrong on these fields, in the order they are asked; at most one message an input."""
    found: list[Wrong] = []
    for field in fields:
        value = answers.get(field.name)
        if value in (None, "", []):
            if field.required:
                found.append(Wrong(_first_input(field), missing(field, t)))
        elif field.kind == "rows":
            for number, row in enumerate(value):
                which = t("第 {n} 位：", n=number + 1) if len(value) > 1 else ""
                found += [
                    Wrong(f"{field.name}.{number}.{w.field}", which + w.message)
                    for w in check(field.columns, row, t)
                ]
        else:
            found += _check(field, value, t)
    return found


def missing(field: Field, t: Language) -> str:
    """“请填写…” or “请选择…”."""
    chosen = field.kind in ("choice", "choices", "yesno")
    return t("请选择{title}", title=field.title) if chosen else t("请填写{title}", title=field.title)


def said(field: Field, value: Any, t: Language) -> Any:
    """An answer as people read it: text, or for repeated questions a list of (title, text) lists."""
    if value in (None, "", []):
        return t("没有填写")
    if field.kind == "yesno":
        return t("是") if value else t("否")
    if field.kind == "choice":
        return field.title_of(value)
    if field.kind == "choices":
        return t("、").join(field.title_of(v) for v in value)
    if field.kind == "rows":
        return [[(c.title, said(c, row.get(c.name), t)) for c in field.columns] for row in value]
    if field.kind == "number" and isinstance(value, (int, float)):
        return f"{value:,}"
    return field.typed(value)


def _read(field: Field, key: str, data: MultiDict[str, str]) -> Any:
    if field.kind == "rows":
        rows = [
            {c.name: v for c in field.columns if (v := _read(c, f"{key}.{i}.{c.name}", data)) is not None}
            for i in range(row_count(key, data))
        ]
        return [row for row in rows if row]
    if field.kind == "choices":
        return [v for v in data.getlist(key) if v]
    text = data.get(key, "").replace("\r\n", "\n").strip()
    if not text:
        return None
    if field.kind == "yesno":
        return text == "yes"
    if field.kind == "number":
        return _number(text)
    if field.kind == "choice":
        return next((v for v in field.schema.get("enum", ()) if str(v) == text), text)
    if field.kind in CODES or field.kind == "date":
        plain = unicodedata.normalize("NFKC", text)
        return plain if field.kind == "date" else _BETWEEN_DIGITS.sub("", plain).upper()
    return text


def _number(text: str) -> Any:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", plain):
        return text
    return float(plain) if "." in plain else int(plain)


def _check(field: Field, value: Any, t: Language) -> list[Wrong]:
    if field.kind in CODES and (message := _check_code(field, str(value), t)):
        return [Wrong(field.name, message)]
    plain = {k: v for k, v in field.schema.items() if not k.startswith("x-") and k != "format"}
    error = next(iter(jsonschema_rs.Draft202012Validator(plain).iter_errors(value)), None)
    return [Wrong(field.name, _message(error, field, t))] if error else []


def _check_code(field: Field, value: str, t: Language) -> str:
    """Numbers with a check digit: say what is wrong, not just that something is."""
    if field.kind == "mobile":
        ok = bool(re.fullmatch(r"1\d{10}", value))
        return "" if ok else t("手机号是 11 位数字，请数一数")
    if len(value) != 18:
        return t("{title}是 18 位，您填了 {n} 位", title=field.title, n=len(value))
    if not re.fullmatch(_SHAPES[field.kind], value):
        return t("{title}里有不该有的字，请照证件再核对", title=field.title)
    module = ric if field.kind == "id_number" else uscc
    if module.calc_check_digit(value) != value[-1]:
        return t("{title}最后一位对不上，请看看是不是抄错了一位", title=field.title)
    return ""


def _message(error: Any, field: Field, t: Language) -> str:
    words = {
        "minLength": "{title}至少 {limit} 个字",
        "maxLength": "{title}最多 {limit} 个字",
        "minimum": "{title}不能少于 {limit}",
        "maximum": "{title}不能多于 {limit}",
        "exclusiveMinimum": "{title}要大于 {limit}",
        "minItems": "请选择{title}",
        "enum": "请选择{title}",
    }
    kind = "number" if error.kind.name == "type" and field.kind == "number" else error.kind.name
    text = "{title}要填数字" if kind == "number" else words.get(kind, "请检查{title}的写法")
    limit = getattr(error.kind, "limit", None)
    return t(text, title=field.title, limit=f"{limit:,g}" if isinstance(limit, (int, float)) else "")


def _first_input(field: Field) -> str:
    return f"{field.name}.0.{field.columns[0].name}" if field.kind == "rows" else field.name
