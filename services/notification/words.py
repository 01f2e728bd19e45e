"""Messages in words: one file of ``texts/`` a kind, both languages in it, facts filled in when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from chassis.workdays import SHANGHAI

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
NOT_SAID = "******"
"""Stands for a code, which is read from identity only when it is sent."""
TEXTS = Path(__file__).with_name("texts")
Titles = Mapping[tuple[str, str], Mapping[str, str]]
"""By (procedure or department, code): the name in both languages."""


@dataclass(frozen=True, slots=True)
class Words:
    """One message in one language; ``link`` is a path on the portal."""

    title: str
    text: str
    link: str


@cache
def texts() -> dict[str, dict[str, Any]]:
    """All texts by name."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in TEXTS.glob("*.yaml")}


def words(
    name: str, facts: Mapping[str, Any], case: str | None, procedure: str, titles: Titles, language: Language
) -> Words:
    """The message ``name`` with these facts. A title nobody has told yet is its code."""

    def named(kind: str, code: str) -> str:
        known = titles.get((kind, code))
        return known[language] if known else code

    values: dict[str, Any] = {
        "code": "******",
        **facts,
        "no": case or "",
        "item": named("procedure", procedure),
    }
    if department := facts.get("department"):
        values["department"] = named("department", department)
    if due := facts.get("due"):
        values["due"] = day(datetime.fromisoformat(due), language)
    found = texts()[name]
    return Words(
        title=found[language]["title"].format_map(values),
        text=found[language]["text"].format_map(values),
        link=found["link"].format_map(values),
    )


def day(moment: datetime, language: Language) -> str:
    """“3月12日(周四)” or “Thu 12 March”, in Shanghai."""
    here = moment.astimezone(SHANGHAI)
    if language == "zh":
        return f"{here.month}月{here.day}日(周{'一二三四五六日'[here.weekday()]})"
    return f"{here:%a} {here.day} {here:%B}"
