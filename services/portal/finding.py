"""What an address of the list of items asks for, and the addresses that ask for a little more or less."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

FACETS = {"audience": "对象", "theme": "主题", "department": "部门", "scenario": "场景"}
ANSWER = "a-"
"""Before the key of a guide's question in an address."""
QUERY = 60
"""Characters of a query that are passed on."""
PAGE = 20
MOST_ANSWERS = 12
MOST_PAGES = 500


def clean(text: str) -> str:
    """What was typed, without what no keyboard types."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in text).split())


def asked_in(arguments: MultiDict[str, str]) -> dict[str, Any]:
    """What the search is asked; nonsense in an address counts as nothing."""
    written = clean(arguments.get("q", ""))
    number = arguments.get("page", "1")
    return {
        "q": written[:QUERY],
        **{name: [clean(v)[:40] for v in arguments.getlist(name) if v][:20] for name in FACETS},
        "page": min(int(number), MOST_PAGES) if number.isascii() and number.isdigit() and int(number) else 1,
        "limit": PAGE,
    }


def answers_in(arguments: MultiDict[str, str]) -> dict[str, str]:
    """Answers to a guide's questions, by key."""
    return {
        key.removeprefix(ANSWER): value
        for key, value in list(arguments.items())[:MOST_ANSWERS]
        if key.startswith(ANSWER) and value and value.isprintable() and not set(value + key) & set(",:")
    }


def addresses(base: str, asked: Mapping[str, Any]) -> Callable[..., str]:
    """``to(page=2)``, ``to(theme="housing")``: the same question on another page; with a choice on or off."""

    def to(**changes: Any) -> str:
        pairs = [("q", asked["q"])] if asked["q"] and "q" not in changes else []
        for name in FACETS:
            values = list(asked[name])
            if name in changes:
                value = changes[name]
                values = [] if value is None else [v for v in values if v != value] or []
                if value is not None and value not in asked[name]:
                    values.append(value)
            pairs += [(name, value) for value in values]
        if changes.get("page", 1) > 1:
            pairs.append(("page", str(changes["page"])))
        return f"{base}?{urlencode(pairs)}" if pairs else base

    return to
