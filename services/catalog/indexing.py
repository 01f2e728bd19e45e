"""Keeping the index what the catalogue says, in the transaction that publishes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import and_, column, delete, func, select, table, update

from chassis import copying
from chassis.uow import UnitOfWork
from services.catalog import orm, postings
from services.catalog.domain.documents import Everyday, Indexed, Named, as_data, from_data, indexed
from services.catalog.domain.terms import terms_of
from services.catalog.search_orm import SearchDocument, SearchPosting

_AT_ONCE = 2_000
_DOCUMENTS = table("search_document", *map(column, ("number", "code", "digest", "card", "document")))


def refresh(everyday: Everyday, uow: UnitOfWork, codes: Iterable[str] | None = None) -> int:
    """Index the newest versions of these procedures (default: all). Returns how many differed."""
    uow.session.flush()
    if codes is not None and not (codes := sorted(codes)):
        return 0
    query = (
        select(orm.Procedure.closed_at, orm.ProcedureVersion.definition, orm.ProcedureVersion.facts)
        .join(
            orm.ProcedureVersion,
            and_(
                orm.ProcedureVersion.code == orm.Procedure.code,
                orm.ProcedureVersion.version == orm.Procedure.version,
            ),
        )
        .order_by(orm.Procedure.code)
    )
    if codes is not None:
        query = query.where(orm.Procedure.code.in_(codes))
    titles = scenes(uow)
    return index(
        [
            indexed(definition, facts, closed is not None, everyday, titles)
            for closed, definition, facts in uow.session.execute(query)
        ],
        uow,
    )


def everyday_words(uow: UnitOfWork) -> Everyday:
    """The city's synonyms, as they are loaded."""
    rows = uow.session.execute(select(orm.Synonym.say, orm.Synonym.words, orm.Synonym.items))
    return Everyday(Named(say, tuple(words), tuple(items)) for say, words, items in rows)


def scenes(uow: UnitOfWork) -> dict[str, str]:
    """Titles of the themes that are an occasion in life."""
    query = select(orm.Theme.key, orm.Theme.title_zh).where(orm.Theme.kind == "scene")
    return {key: title for key, title in uow.session.execute(query)}


def index(entries: Iterable[Indexed], uow: UnitOfWork) -> int:
    """Write documents and postings of what differs; all of it is found when the transaction is over."""
    wanted = {e.document.code: e for e in entries}
    known = _known(wanted, uow)
    changed = {c: e for c, e in wanted.items() if c not in known or known[c].digest != e.digest}
    if not changed:
        return 0
    postings.hold_index(uow)
    last = uow.session.scalar(select(func.max(SearchDocument.number))) or 0
    numbers = {code: row.number for code, row in known.items() if code in changed}
    for code in sorted(changed.keys() - numbers.keys()):
        last += 1
        numbers[code] = last
    added: dict[str, list[int]] = defaultdict(list)
    removed: dict[str, list[int]] = defaultdict(list)
    for code, entry in changed.items():
        now = terms_of(entry.document)
        before = terms_of(from_data(code, known[code].document)) if code in known else set()
        for term in now - before:
            added[term].append(numbers[code])
        for term in before - now:
            removed[term].append(numbers[code])
    _write(changed, numbers, known, uow)
    postings.change(added, removed, uow)
    return len(changed)


def rebuild(uow: UnitOfWork) -> int:
    """Forget the index and make it anew from what is published."""
    uow.session.execute(delete(SearchPosting).where(SearchPosting.term != postings.CHANGES))
    uow.session.execute(delete(SearchDocument))
    return refresh(everyday_words(uow), uow)


def _known(codes: Iterable[str], uow: UnitOfWork) -> dict[str, SearchDocument]:
    wanted = sorted(codes)
    found: dict[str, SearchDocument] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        rows = uow.session.scalars(select(SearchDocument).where(SearchDocument.code.in_(part)))
        found |= {row.code: row for row in rows}
    return found


def _write(
    changed: Mapping[str, Indexed], numbers: Mapping[str, int], known: Collection[str], uow: UnitOfWork
) -> None:
    fresh, again = [], []
    for code, entry in sorted(changed.items()):
        row = {"number": numbers[code], "code": code, "digest": entry.digest}
        if code in known:
            again.append(row | {"card": entry.card, "document": as_data(entry.document)})
        else:
            fresh.append(row | {"card": entry.card_text, "document": entry.document_text})
    copying.insert(_DOCUMENTS, fresh, uow.session)
    if again:
        uow.session.execute(update(SearchDocument), again)
