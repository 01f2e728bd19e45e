"""What a text is found by: Chinese in single characters and pairs, pinyin, initials, Latin words.

A term is a short string with its kind in front: ``c`` characters and pairs of characters, ``p`` syllables and
pairs of syllables, ``i`` pairs of initials, ``w`` words, ``f`` a facet's value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from services.catalog.domain.syllables import SYLLABLES

TITLE, ANYWHERE = "t", "a"
"""Where a term stands: in the title, or anywhere (title included)."""

_HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[a-z0-9]+")
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


@dataclass(frozen=True, kw_only=True)
class Document:
    """What is found of an item or a package.

    ``words`` are what people call it, each with its place among the things called so (0 is the likeliest);
    ``more`` is what else it says.
    """

    code: str
    kind: str
    title: Mapping[str, str]
    words: Mapping[str, int] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def normal(text: str) -> str:
    """One form of writing for full and half width, upper and lower case; control characters are blanks."""
    text = _CONTROL.sub(" ", unicodedata.normalize("NFKC", _CONTROL.sub(" ", text)))
    return " ".join(text.casefold().split())


def runs(text: str) -> list[str]:
    """Unbroken Chinese and unbroken Latin pieces of a normal text."""
    return _RUN.findall(text)


def is_han(run: str) -> bool:
    return not run.isascii()


def characters(run: str) -> Iterator[str]:
    """The pairs a Chinese piece consists of; a single character is itself."""
    if len(run) == 1:
        yield f"c{run}"
    yield from (f"c{a}{b}" for a, b in pairwise(run))


def singles(run: str) -> Iterator[str]:
    return (f"c{character}" for character in run)


@lru_cache(maxsize=20_000)
def syllables(run: str) -> tuple[str, ...]:
    """Toneless pinyin of a Chinese piece; characters it has none for are left out."""
    from pypinyin import Style, lazy_pinyin

    return tuple(s.replace("ü", "v") for s in lazy_pinyin(run, style=Style.NORMAL, errors="ignore") if s)


def letters(run: str) -> str:
    """The initials of a Chinese piece: 公司注销 is gszx."""
    return "".join(s[0] for s in syllables(run))


def spoken(sounds: Collection[str]) -> Iterator[str]:
    """Terms of a row of syllables."""
    yield from (f"p{s}" for s in sounds)
    yield from (f"p{a} {b}" for a, b in pairwise(sounds))


def initials(written: str) -> Iterator[str]:
    """Terms of a row of initials."""
    return (f"i{a}{b}" for a, b in pairwise(written))


def stem(word: str) -> str:
    """Singular and plural of an English word are one."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=2_000)
def spellings(written: str, most: int = 4) -> tuple[tuple[str, ...], ...]:
    """How letters may be read as pinyin, the fewest syllables first; none when they can't be."""
    ways: list[list[tuple[str, ...]]] = [[()], *([] for _ in written)]
    for end in range(1, len(written) + 1):
        for start in range(max(0, end - 6), end):
            if written[start:end] in SYLLABLES:
                ways[end] += [(*way, written[start:end]) for way in ways[start]]
        ways[end] = sorted(ways[end], key=len)[:most]
    return tuple(ways[-1])


def terms_of(document: Document) -> set[str]:
    """Every term a document is found by, with the place it stands in before it."""
    found = {f"f{name}={value}" for name, values in document.facets.items() for value in values}
    found.add(f"fkind={document.kind}")
    for text in document.title.values():
        for run in runs(normal(text)):
            found.update(_placed(run, TITLE, True), _placed(run, ANYWHERE, True))
    for texts, spoken_too in ((document.words, True), (document.more, False)):
        for text in texts:
            found.update(_said(text, spoken_too))
    return found


@lru_cache(maxsize=5_000)
def _said(text: str, spoken_too: bool) -> tuple[str, ...]:
    return tuple(t for run in runs(normal(text)) for t in _placed(run, ANYWHERE, spoken_too))


@lru_cache(maxsize=50_000)
def _placed(run: str, place: str, spoken_too: bool) -> tuple[str, ...]:
    if not is_han(run):
        return (f"{place}w{run[:40]}", f"{place}w{stem(run[:40])}")
    found = [*singles(run), *characters(run)]
    if spoken_too:
        found += [*spoken(syllables(run)), *initials(letters(run))]
    return tuple(place + term for term in found)
