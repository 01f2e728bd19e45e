"""From what is published to what is found: documents for the index, cards for lists of results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from services.catalog.domain.terms import Document

RESULT_PLACE = 2
"""A thing is called by what one gets of it, too, yet less so than by its everyday words."""


class Named(NamedTuple):
    """An everyday word: the words of the catalogue it stands for, and the codes it means, likeliest first."""

    say: str
    words: tuple[str, ...]
    items: tuple[str, ...]


class Indexed(NamedTuple):
    """A document, the card that lists show of it, both written as JSON, and a digest of both."""

    document: Document
    card: dict[str, Any]
    document_text: str
    card_text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"[{self.document_text}, {self.card_text}]".encode()).hexdigest()


class Everyday:
    """Everyday words by what they stand for."""

    def __init__(self, synonyms: Iterable[Named]):
        self._of_code: dict[str, dict[str, int]] = {}
        self._of_word: dict[str, list[str]] = {}
        for named in synonyms:
            for place, code in enumerate(named.items):
                self._of_code.setdefault(code, {})[named.say] = place
            for word in named.words:
                self._of_word.setdefault(word, []).append(named.say)

    def words_for(self, code: str, title: str) -> dict[str, int]:
        """What people call a thing, each with its place among the things called so."""
        found = dict(self._of_code.get(code, {}))
        for word, said in self._of_word.items():
            if word in title:
                for say in said:
                    found.setdefault(say, 3)
        return found


def indexed(
    definition: Mapping[str, Any],
    facts: Mapping[str, Any],
    closed: bool,
    everyday: Everyday,
    scenes: Mapping[str, str],
) -> Indexed:
    """How a published procedure is found and listed. ``scenes`` are the titles of those keys of
    ``theme`` that are an occasion in life."""
    title = definition["title"]
    keys = facts["theme"]
    results = [i["result"]["zh"] for i in facts.get("items") or ()]
    words = everyday.words_for(definition["code"], title["zh"])
    if facts.get("result"):
        words.setdefault(facts["result"]["title"]["zh"], RESULT_PLACE)
    document = Document(
        code=definition["code"],
        kind=definition["kind"],
        title=title,
        words=words,
        more=tuple(
            dict.fromkeys(
                [
                    *results,
                    *(i["title"]["zh"] for i in facts.get("items") or ()),
                    *(scenes[k] for k in keys if k in scenes),
                ]
            )
        ),
        facets={
            "audience": tuple(definition["audience"]),
            "theme": tuple(k for k in keys if k not in scenes),
            "department": tuple(dict.fromkeys(b["department"] for b in definition["branches"])),
            "scenario": tuple(k for k in keys if k in scenes),
            "state": ("closed",) if closed else ("open",),
            "tier": (facts["tier"],),
            "sample": ("yes",) if facts["sample"] else (),
        },
    )
    card = {
        "line": facts.get("summary") or (facts.get("result") or {}).get("title"),
        "lead_department": definition["lead_department"],
        "audience": definition["audience"],
        "version": definition["version"],
        "promise": {**facts["promised"], "path": facts["promise_path"]},
        "fee_fen": facts["fee_fen"],
        "visits": facts["visits"],
        "depth": facts["depth"],
        "tier": facts["tier"],
        "sample": facts["sample"],
        "open": not closed,
    }
    return Indexed(document, card, _written(as_data(document)), _written(card))


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def as_data(document: Document) -> dict[str, Any]:
    return {
        "kind": document.kind,
        "title": dict(document.title),
        "words": dict(document.words),
        "more": list(document.more),
        "facets": {name: list(values) for name, values in document.facets.items()},
    }


def from_data(code: str, data: Mapping[str, Any]) -> Document:
    return Document(
        code=code,
        kind=data["kind"],
        title=data["title"],
        words=data["words"],
        more=tuple(data["more"]),
        facets={name: tuple(values) for name, values in data["facets"].items()},
    )
