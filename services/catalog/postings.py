"""Where terms occur: one number a term, one bit a document, the same on both databases.

A search is arithmetic on whole numbers: AND for “both”, OR for “either”, `int.bit_count` for “how many”. A
process keeps what it has read until the index changes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from services.catalog.search_orm import SearchPosting

CHANGES = "="
MOST_KEPT = 2_000
"""Terms a process keeps; at 100,000 documents one takes at most 12.5 kB."""
_AT_ONCE = 5_000


class Postings:
    """The postings as one reader sees them."""

    def __init__(self, session: Session):
        self._session = session
        self._bits = _kept_by(session)

    def load(self, terms: Iterable[str]) -> None:
        """Read what isn't known yet, by one query."""
        missing = [t for t in dict.fromkeys(terms) if t not in self._bits]
        if not missing:
            return
        if len(self._bits) > MOST_KEPT:
            self._bits.clear()
        found = dict(
            self._session.execute(
                select(SearchPosting.term, SearchPosting.bits).where(SearchPosting.term.in_(missing))
            ).all()
        )
        for term in missing:
            self._bits[term] = unpack(found[term]) if term in found else 0

    def __call__(self, term: str) -> int:
        if term not in self._bits:
            self.load([term])
        return self._bits.get(term, 0)


class _Kept:
    def __init__(self, changes: int) -> None:
        self.changes = changes
        self.bits: dict[str, int] = {}


_kept: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()


def _kept_by(session: Session) -> dict[str, int]:
    packed = session.scalar(select(SearchPosting.bits).where(SearchPosting.term == CHANGES))
    changes = unpack(packed) if packed else 0
    bind = session.get_bind()
    kept = _kept.get(bind)
    if kept is None or kept.changes != changes:
        kept = _kept[bind] = _Kept(changes)
    return kept.bits


def hold_index(uow: UnitOfWork) -> None:
    """Have the index for this transaction alone and count a change of it."""
    uow.session.execute(uow.insert(SearchPosting).values(term=CHANGES, bits=pack(0)).on_conflict_do_nothing())
    row = uow.lock(SearchPosting, [CHANGES])[CHANGES]
    row.bits = pack(unpack(row.bits) + 1)
    uow.session.flush()


def change(added: Mapping[str, Iterable[int]], removed: Mapping[str, Iterable[int]], uow: UnitOfWork) -> None:
    """Set and clear documents' bits in these terms' postings; the index must be held."""
    terms = sorted(added.keys() | removed.keys())
    for start in range(0, len(terms), _AT_ONCE):
        part = terms[start : start + _AT_ONCE]
        known = dict(
            uow.session.execute(
                select(SearchPosting.term, SearchPosting.bits).where(SearchPosting.term.in_(part))
            ).all()
        )
        rows = [
            {
                "term": term,
                "bits": pack(
                    (unpack(known[term]) if term in known else 0) & ~bits_of(removed.get(term, ()))
                    | bits_of(added.get(term, ()))
                ),
            }
            for term in part
        ]
        statement = uow.insert(SearchPosting)
        uow.session.execute(
            statement.on_conflict_do_update(index_elements=["term"], set_={"bits": statement.excluded.bits}),
            rows,
        )


def bits_of(numbers: Iterable[int]) -> int:
    """A whole number with these bits set."""
    wanted = list(numbers)
    if not wanted:
        return 0
    marked = bytearray(max(wanted) // 8 + 1)
    for number in wanted:
        marked[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(marked, "little")


def numbers_of(bits: int, most: int) -> list[int]:
    """The lowest ``most`` set bits."""
    found: list[int] = []
    for place, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        if byte:
            found += [place * 8 + n for n in range(8) if byte >> n & 1]
            if len(found) >= most:
                break
    return found[:most]


def pack(bits: int) -> bytes:
    return zlib.compress(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), 1)


def unpack(packed: bytes) -> int:
    return int.from_bytes(zlib.decompress(packed), "little")
