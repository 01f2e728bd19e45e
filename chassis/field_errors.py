"""What is wrong with which field, said in Chinese and English.

Turns what marshmallow found into a flat list, one entry a complaint: nested fields are joined by dots,
places in a list are numbers from 0 (``changes.materials.0.name``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), zh)
    for pattern, zh in (
        (r"Missing data for required field\.", "请填写此项。"),
        (r"Field may not be null\.", "此项不能为空。"),
        (r"Unknown field\.", "没有这一项,请删除。"),
        (r"Not a valid string\.|Not a valid utf-8 string\.", "请填写文字。"),
        (r"Not a valid integer\.", "请填写整数。"),
        (r"Not a valid number\.", "请填写数字。"),
        (r"Number too large\.", "数字太大。"),
        (r"Special numeric values .* are not permitted\.", "请填写普通的数字。"),
        (r"Not a valid boolean\.", "请填写是或否。"),
        (r"Not a valid date\.", "请填写日期,例如 2026-03-12。"),
        (r"Not a valid (?:aware |naive )?datetime\.", "请填写日期和时间,例如 2026-03-12T09:00:00+08:00。"),
        (r"Not a valid time\.", "请填写时间,例如 09:30。"),
        (r"Not a valid list\.|Not a valid tuple\.", "这里应是一个列表。"),
        (r"Not a valid mapping type\.|Invalid (?:input )?type\.", "内容的结构不对。"),
        (r"Not a valid UUID\.", "编号的格式不对。"),
        (r"Not a valid URL\.", "网址的格式不对。"),
        (r"Not a valid email address\.", "邮箱地址的格式不对。"),
        (r"Not a valid IP(?:v4|v6)? (?:address|interface)\.", "网络地址的格式不对。"),
        (r"Must be one of: (.*)\.", r"只能是以下之一:\1。"),
        (r"Must be equal to (.*)\.", r"必须等于 \1。"),
        (r"Must be greater than or equal to (.*) and less than or equal to (.*)\.", r"应在 \1 到 \2 之间。"),
        (r"Must be greater than or equal to (.*)\.", r"不能小于 \1。"),
        (r"Must be greater than (.*)\.", r"必须大于 \1。"),
        (r"Must be less than or equal to (.*)\.", r"不能大于 \1。"),
        (r"Must be less than (.*)\.", r"必须小于 \1。"),
        (r"Shorter than minimum length 1\.", "此项不能为空。"),
        (r"Shorter than minimum length (\d+)\.", r"至少要 \1 个(字)。"),
        (r"Longer than maximum length (\d+)\.", r"最多 \1 个(字)。"),
        (r"Length must be between (\d+) and (\d+)\.", r"长度应在 \1 到 \2 之间。"),
        (r"Length must be (\d+)\.", r"长度必须是 \1。"),
        (r"String does not match expected pattern\.", "格式不对。"),
    )
)
_OTHERWISE = "此项填写不正确。"


def field_error(field: str, message: str) -> dict[str, str]:
    """One complaint about one field; ``message`` is the English text or Chinese of our own."""
    if _CHINESE.search(message):
        return {"field": field, "zh": message, "en": message}
    for pattern, zh in _WORDS:
        if found := pattern.fullmatch(message):
            return {"field": field, "zh": found.expand(zh), "en": message}
    return {"field": field, "zh": _OTHERWISE, "en": message}


def flatten(messages: Any, path: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
    """Every complaint in what marshmallow raised. ``{"zh": …, "en": …}`` is a message in both languages."""
    if isinstance(messages, Mapping):
        if messages.keys() == {"zh", "en"} and all(isinstance(m, str) for m in messages.values()):
            yield {"field": ".".join(path), **messages}
            return
        for name, inner in messages.items():
            step = () if name == "_schema" else (str(name),)
            yield from flatten(inner, path + step)
    elif isinstance(messages, Sequence) and not isinstance(messages, str):
        for message in messages:
            yield from flatten(message, path)
    else:
        yield field_error(".".join(path), str(messages))
