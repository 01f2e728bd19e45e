"""Two languages from one set of templates: the Chinese text is the key, the catalogue has the English."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup, escape

_FULL = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！"}
_AFTER = re.compile(r"([\u4e00-\u9fff”」》）)])([,;:?!])\s*")
_PAIR = re.compile(r"\(([^()]*[\u4e00-\u9fff%²³][^()]*)\)")
CATALOGUES = "english*.yaml"


@cache
def english() -> dict[str, str]:
    """The catalogue; an English value may differ for one: ``{"one": …, "other": …}`` by ``n``."""
    found: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob(CATALOGUES)):
        found |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def typeset(text: str) -> str:
    """Chinese punctuation in Chinese text: marks next to 汉字 become full-width ones."""
    text = _AFTER.sub(lambda m: m[1] + _FULL[m[2]], text)
    return _PAIR.sub(r"（\1）", text)


class Language:
    """One visitor's language."""

    def __init__(self, code: str):
        self.code = code
        self.tag = "zh-Hans-CN" if code == "zh" else "en"

    def __call__(self, text: str, /, **values: Any) -> str:
        """``text`` in this language; ``{name}`` becomes ``values["name"]``. Markup stays markup."""
        found: Any = text if self.code == "zh" else english().get(text, text)
        if isinstance(found, dict):
            found = found["one" if values.get("n") == 1 else "other"]
        if not values:
            return str(found)
        if any(isinstance(v, Markup) for v in values.values()):
            return Markup(escape(found)).format(**values)
        return str(found).format(**values)

    def of(self, text: Any) -> str:
        """A two-language text (``{"zh": …, "en": …}``, or a plain one) in this language."""
        if isinstance(text, dict):
            found = str(text.get(self.code) or text.get("zh") or "")
            return typeset(found) if self.code == "zh" else found
        return "" if text is None else str(text)
