"""What people looked for and did not find: words and how often, never who.

A query may hold anything: words with figures (numbers of people, phones, cases) or longer than a catalogue's
words are not kept, and editors see only what was missed on several occasions.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from services.catalog.domain import asking
from services.catalog.search_orm import SearchMiss

LONGEST = 12
KEPT = timedelta(days=90)
OFTEN = 3
SHOWN = 100
_PLAIN = re.compile(r"[^\W\d_]+( [^\W\d_]+)*")


def note(query: str, uow: UnitOfWork) -> None:
    """Count one miss of today."""
    words = asking.question(query).core
    if len(words) > LONGEST or not _PLAIN.fullmatch(words):
        return
    today = uow.now.date()
    uow.session.execute(delete(SearchMiss).where(SearchMiss.day < today - KEPT))
    statement = uow.insert(SearchMiss).values(day=today, words=words, times=1)
    uow.session.execute(
        statement.on_conflict_do_update(index_elements=["day", "words"], set_={"times": SearchMiss.times + 1})
    )


def often(session: Session) -> list[dict[str, Any]]:
    """What was missed most in the time kept."""
    times = func.sum(SearchMiss.times)
    query = (
        select(SearchMiss.words, times)
        .group_by(SearchMiss.words)
        .having(times >= OFTEN)
        .order_by(times.desc(), SearchMiss.words)
        .limit(SHOWN)
    )
    return [{"words": words, "times": int(n)} for words, n in session.execute(query)]
