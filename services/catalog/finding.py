"""Finding items and packages: words, four facets with counts that combine, a page of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.catalog import orm, queries
from services.catalog.domain import asking
from services.catalog.domain.documents import from_data
from services.catalog.domain.terms import ANYWHERE, TITLE, characters, is_han, runs, singles
from services.catalog.postings import Postings, numbers_of
from services.catalog.search_orm import SearchDocument

FACETS = ("audience", "theme", "department", "scenario")
AUDIENCES = {"person": {"zh": "个人", "en": "People"}, "firm": {"zh": "企业", "en": "Firms"}}
LOOKED_AT = 120
"""So many of the best are compared in detail; the rest follow in the order of the catalogue."""
MOST_NEAREST = 5


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked: words, chosen values by facet, kind of procedure, which page."""

    query: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kind: str | None = None
    page: int = 1
    limit: int = 20


def search(session: Session, wanted: Wanted) -> dict[str, Any]:
    """A page of what answers best, how many there are, and how many each choice of a facet would leave."""
    postings = Postings(session)
    titles = _facet_titles(session)
    everything = {name: [f"f{name}={value}" for value in values] for name, values in titles.items()}
    asked = asking.question(wanted.query) if wanted.query.strip() else None
    postings.load(
        [t for terms in everything.values() for t in terms]
        + ["fkind=item", "fkind=package", "fstate=open", "ftier=a", "ftier=b", "fsample=yes"]
        + (_terms(asked) if asked else [])
    )
    ranks, near = _ranked(asked, postings)
    kind = postings(f"fkind={wanted.kind}") if wanted.kind else -1
    matching = _any(ranks) & kind
    chosen = {
        name: _any(postings(f"f{name}={value}") for value in values)
        for name, values in wanted.chosen.items()
        if values
    }
    within = _all(chosen.values())
    answer = {
        "query": asked.text if asked else "",
        "cut": bool(asked and asked.cut),
        "near": near,
        "total": (matching & within).bit_count(),
        "facets": {
            name: _counts(
                name,
                matching & _all(bits for other, bits in chosen.items() if other != name),
                titles[name],
                wanted.chosen.get(name, ()),
                postings,
            )
            for name in FACETS
        },
    }
    codes = _page(session, asked, [r & kind & within for r in _by_weight(ranks, postings)], wanted)
    answer["items"] = codes
    answer["nearest"] = _nearest(session, asked, postings) if asked and not matching else []
    return answer


def _terms(asked: asking.Question) -> list[str]:
    """The Chinese terms of a question, to be read by one query."""
    han = [run for run in runs(asked.text) if is_han(run)]
    return [place + term for run in han for term in characters(run) for place in (TITLE, ANYWHERE)] + [
        TITLE + term for run in han for term in singles(run)
    ]


def _ranked(asked: asking.Question | None, postings: Postings) -> tuple[list[int], bool]:
    """Matching documents by class, the best first, and whether none of them says all that was asked."""
    if asked is None:
        return [postings("fkind=package"), postings("fkind=item")], False
    ranks: list[int] = []
    for text in asked.readings:
        ranks = [asking.all_of(text, postings, place) for place in (TITLE, ANYWHERE)]
        if any(ranks):
            break
    near = not any(ranks)
    if _any(ranks).bit_count() < asking.ENOUGH:
        ranks += [asking.letters_of(asked.core, postings), *asking.most_of(asked.core, postings)]
    return _disjoint(ranks), near


def _by_weight(ranks: Sequence[int], postings: Postings) -> list[int]:
    """Inside a class: first what can be filed here, then guides to other places, samples, what is closed."""
    still = postings("fstate=open")
    real = still & ~postings("fsample=yes")
    here = (postings("ftier=a") | postings("ftier=b")) & real
    parts = (here, real & ~here, still & ~real, ~still)
    return [bits & part for bits in ranks for part in parts]


def _page(
    session: Session, asked: asking.Question | None, ranks: Sequence[int], wanted: Wanted
) -> list[dict[str, Any]]:
    first = (wanted.page - 1) * wanted.limit
    last = first + wanted.limit
    if asked is None or first >= LOOKED_AT:
        return cards(session, _take(ranks, last)[first:])
    rows = _rows(session, _take(ranks, LOOKED_AT))
    order = sorted(
        rows, key=lambda row: (-asking.score(asked, from_data(row.code, row.document)), row.number)
    )
    best = [row.number for row in order]
    if last > LOOKED_AT:
        best += _take(ranks, last)[LOOKED_AT:]
    return cards(session, best[first:last])


def _take(ranks: Sequence[int], most: int) -> list[int]:
    found: list[int] = []
    for bits in ranks:
        if len(found) >= most:
            break
        found += numbers_of(bits, most - len(found))
    return found


def _rows(session: Session, numbers: Sequence[int]) -> Sequence[Any]:
    columns = (SearchDocument.number, SearchDocument.code, SearchDocument.document)
    return session.execute(select(*columns).where(SearchDocument.number.in_(numbers))).all()


def cards(session: Session, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """What a list shows of these documents, in their order."""
    rows = {
        row.number: row
        for row in session.execute(
            select(
                SearchDocument.number, SearchDocument.code, SearchDocument.card, SearchDocument.document
            ).where(SearchDocument.number.in_(numbers))
        )
    }
    names = queries.department_names(session)
    return [
        {
            "code": row.code,
            "kind": row.document["kind"],
            "title": row.document["title"],
            **row.card,
            "lead_department_name": names.get(row.card["lead_department"]),
        }
        for number in numbers
        if (row := rows.get(number))
    ]


def _facet_titles(session: Session) -> dict[str, dict[str, dict[str, str]]]:
    titles: dict[str, dict[str, dict[str, str]]] = {name: {} for name in FACETS}
    titles["audience"] = AUDIENCES
    titles["department"] = dict(sorted(queries.department_names(session).items()))
    for theme in session.scalars(select(orm.Theme).order_by(orm.Theme.position)):
        facet = "scenario" if theme.kind == "scene" else "theme"
        titles[facet][theme.key] = {"zh": theme.title_zh, "en": theme.title_en}
    return titles


def _counts(
    name: str,
    matching: int,
    titles: Mapping[str, Mapping[str, str]],
    chosen: Sequence[str],
    postings: Postings,
) -> list[dict[str, Any]]:
    counted = [
        {
            "value": value,
            "title": title,
            "count": (matching & postings(f"f{name}={value}")).bit_count(),
            "chosen": value in chosen,
        }
        for value, title in titles.items()
    ]
    return [c for c in counted if c["count"] or c["chosen"]]


def _nearest(session: Session, asked: asking.Question, postings: Postings) -> list[dict[str, Any]]:
    """What has most characters in common with what was asked, when nothing answers it."""
    ranks = _by_weight(asking.some_of(asked.core, postings), postings)
    return [
        {"code": row["code"], "kind": row["kind"], "title": row["title"]}
        for row in cards(session, _take(ranks, MOST_NEAREST))
    ]


def _disjoint(ranks: Sequence[int]) -> list[int]:
    found, seen = [], 0
    for bits in ranks:
        found.append(bits & ~seen)
        seen |= bits
    return found


def _any(sets: Any) -> int:
    found = 0
    for bits in sets:
        found |= bits
    return found


def _all(sets: Any) -> int:
    found = -1
    for bits in sets:
        found &= bits
    return found
