"""What somebody searches for, and how well a document answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.catalog.domain.terms import (
    ANYWHERE,
    TITLE,
    Document,
    characters,
    initials,
    is_han,
    letters,
    normal,
    runs,
    singles,
    spellings,
    spoken,
    stem,
    syllables,
)

LONGEST = 40
"""Characters of a query that are looked at; nobody asks for more than this by hand."""
ENOUGH = 5
"""With fewer complete answers, those that answer most of the question are shown after them."""
EQUAL = 140.0
"""What is called exactly so comes before everything that only has the words in its title."""

Bits = int
Lookup = Callable[[str], Bits]

_SMALL_TALK = re.compile(
    "请问|您好|你好|怎么样|怎么办理?|怎样办理?|如何办理?|怎么|怎样|如何|我要|我想|想要|想|应该|可以|能不能|"
    "需要什么材料|需要哪些材料|要什么材料|什么材料|所需材料|需要什么|要带什么|带什么|什么时候|"
    "去哪里?|在哪里?|哪里|多少钱|多久|几天|流程|手续|步骤|指南|网上|在线|办理|申请|申办|^去|^办|^要|的|了|吗|呢|吧|啊|一个|一下|[?？]"
)

_PARENTHESIS = re.compile(r"[（(].*?[）)]")


@dataclass(frozen=True)
class Question:
    """A query made ready: the text in its normal form, with and without small talk (怎么办, 需要什么材料)."""

    text: str
    core: str
    cut: bool

    @property
    def readings(self) -> list[str]:
        return [self.text] if self.core == self.text else [self.text, self.core]


def question(query: str) -> Question:
    whole = normal(query[: LONGEST * 20])
    text = whole[:LONGEST].strip()
    core = " ".join(_SMALL_TALK.sub(" ", text).split()) or text
    return Question(text=text, core=core, cut=len(whole) > LONGEST or len(query) > LONGEST * 20)


def all_of(text: str, lookup: Lookup, where: str) -> Bits:
    """Documents that say every piece of the text."""
    found = -1
    for run in runs(text):
        found &= _whole_run(run, lookup, where)
        if not found:
            return 0
    return found if found != -1 else 0


def most_of(text: str, lookup: Lookup) -> list[Bits]:
    """Documents that say at least half of the text, by how much of it, the most first.

    Every pair of characters and every Latin piece is a vote; one in the title counts twice.
    """
    votes: list[Bits] = []
    for run in runs(text):
        if is_han(run):
            for term in characters(run):
                votes += [lookup(TITLE + term), lookup(ANYWHERE + term)]
        else:
            votes += [_latin(run, lookup, TITLE), _latin(run, lookup, ANYWHERE)]
    at_least = counted(votes)
    wanted = max(1, len(votes) // 4)
    found, seen = [], 0
    for bits in reversed(at_least[wanted:]):
        found.append(bits & ~seen)
        seen |= bits
    return found


def letters_of(text: str, lookup: Lookup) -> Bits:
    """Documents whose title has every character of the text, apart: 社保卡 in 社会保障卡."""
    terms = [term for run in runs(text) if is_han(run) for term in singles(run)]
    return _each(terms, lookup, TITLE) if len(terms) > 1 else 0


def some_of(text: str, lookup: Lookup) -> list[Bits]:
    """Documents that say some character of the text, the most of them first: the nearest there is."""
    at_least = counted([lookup(TITLE + t) for run in runs(text) if is_han(run) for t in singles(run)])
    found, seen = [], 0
    for bits in reversed(at_least[2:]):
        found.append(bits & ~seen)
        seen |= bits
    return found


def counted(votes: Sequence[Bits]) -> list[Bits]:
    """For each number n: who has at least n votes."""
    at_least: list[Bits] = [-1, *([0] * len(votes))]
    for done, bits in enumerate(votes, 1):
        for n in range(done, 0, -1):
            at_least[n] |= at_least[n - 1] & bits
    at_least[0] = 0
    return at_least


def _whole_run(run: str, lookup: Lookup, where: str) -> Bits:
    if not is_han(run):
        return _latin(run, lookup, where)
    return _each(characters(run), lookup, where)


def _latin(run: str, lookup: Lookup, where: str) -> Bits:
    """A word, or pinyin, or initials: whatever of them the catalogue knows."""
    found = lookup(f"{where}w{run}") | lookup(f"{where}w{stem(run)}")
    for sounds in spellings(run):
        found |= _each(list(spoken(sounds))[-max(1, len(sounds) - 1) :], lookup, where)
    if len(run) > 1 and run.isalpha():
        found |= _each(initials(run), lookup, where)
    return found


def _each(terms: Iterable[str], lookup: Lookup, where: str) -> Bits:
    found = -1
    for term in terms:
        found &= lookup(where + term)
        if not found:
            return 0
    return 0 if found == -1 else found


def score(asked: Question, document: Document) -> float:
    """How well a document answers, from 0; only documents of one search are compared."""
    best = max(_score_reading(text, document) for text in asked.readings)
    best += 4.0 if document.kind == "package" else 0.0
    best -= 25.0 if "yes" in document.facets.get("sample", ()) else 0.0
    return best if _is_open(document) else best - 200.0


def _is_open(document: Document) -> bool:
    return "closed" not in document.facets.get("state", ())


def _score_reading(text: str, document: Document) -> float:
    compact = text.replace(" ", "")
    if compact.isascii():
        return _score_latin(compact, document)
    title = normal(document.title["zh"])
    plain = _PARENTHESIS.sub("", title)
    named = max(
        (_score_name(compact, normal(w)) - 4 * place for w, place in document.words.items()), default=0.0
    )
    pairs = {p for run in runs(text) if is_han(run) for p in characters(run)}
    ones = {c for c in compact if is_han(c)}
    written = "\n".join((title, *map(normal, document.words)))
    covered = sum(p[1:] in title for p in pairs) / len(pairs) if pairs else 0.0
    known = sum(p[1:] in written for p in pairs) / len(pairs) if pairs else 0.0
    spoken_of = sum(c in title for c in ones) / len(ones) if ones else 0.0
    called = max(_score_name(compact, title) + 5, _score_name(compact, plain) + 4, named)
    return called + 20 * covered + 10 * known + 15 * spoken_of


def _score_name(asked: str, name: str) -> float:
    """Equal, begins with it, contains it, is part of what is asked; a shorter name is closer."""
    if asked == name:
        return EQUAL
    extra = min(abs(len(name) - len(asked)), 20)
    if name.startswith(asked):
        return 80.0 - extra
    if asked in name:
        return 65.0 - extra
    if len(name) >= 2 and name in asked:
        return 60.0 - extra
    return 0.0


def _score_latin(asked: str, document: Document) -> float:
    best = 0.0
    for weight, text in [(5.0, document.title["zh"]), *((-4.0 * n, w) for w, n in document.words.items())]:
        for run in runs(normal(text)):
            if is_han(run):
                for name in (letters(run), "".join(syllables(run))):
                    best = max(best, _with(weight, _score_name(asked, name) if asked in name else 0.0))
            elif run in (asked, stem(asked)):
                best = max(best, 70.0 + weight)
    for run in runs(normal(document.title.get("en", ""))):
        if run == asked or stem(run) == stem(asked):
            best = max(best, 90.0 - len(document.title["en"]) / 4)
    return best


def _with(weight: float, score: float) -> float:
    return score + weight if score else 0.0
