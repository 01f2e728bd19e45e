"""What a start page shows of the catalogue: what is used most, what happens in a life, what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from contracts import intake
from contracts.cloudevents import Envelope
from services.catalog import finding, orm
from services.catalog.search_orm import ProcedureUsage, SearchDocument

MOST_USED = 8
MOST_EVENTS = 12
MOST_NEWS = 2


def count(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Count what was filed, by month and procedure."""
    filed = Counter(
        (e.event.submitted_at.strftime("%Y-%m"), e.event.procedure)
        for e in events
        if isinstance(e.event, intake.ApplicationSubmitted)
    )
    if not filed:
        return
    statement = uow.insert(ProcedureUsage)
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["month", "code"],
            set_={"times": ProcedureUsage.times + statement.excluded.times},
        ),
        [{"month": month, "code": code, "times": n} for (month, code), n in sorted(filed.items())],
    )


def front(session: Session, today: date) -> dict[str, Any]:
    """At most 8 items, 12 events, 2 pieces of news. While little has been filed, what stands first in the
    catalogue fills up what is used most."""
    start = finding.search(session, finding.Wanted(kind="item", limit=MOST_USED))
    used = _cards(session, _used(session, today))
    codes = {card["code"] for card in used}
    used += [card for card in start["items"] if card["code"] not in codes and card["open"]]
    query = select(orm.Policy).order_by(orm.Policy.published_on.desc(), orm.Policy.code).limit(MOST_NEWS)
    return {
        "used": used[:MOST_USED],
        "events": start["facets"]["scenario"][:MOST_EVENTS],
        "news": [
            {"code": row.code, "title": row.article["title"], "published_on": row.published_on.isoformat()}
            for row in session.scalars(query)
        ],
    }


def _used(session: Session, today: date) -> list[str]:
    """Codes of this month and the last, the most filed first."""
    last = date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)
    times = func.sum(ProcedureUsage.times)
    query = (
        select(ProcedureUsage.code)
        .join(orm.Procedure, orm.Procedure.code == ProcedureUsage.code)
        .where(
            ProcedureUsage.month.in_([f"{d:%Y-%m}" for d in (last, today)]),
            orm.Procedure.kind == "item",
            orm.Procedure.closed_at.is_(None),
        )
        .group_by(ProcedureUsage.code)
        .order_by(times.desc(), ProcedureUsage.code)
        .limit(MOST_USED)
    )
    return list(session.scalars(query))


def _cards(session: Session, codes: list[str]) -> list[dict[str, Any]]:
    numbers = dict(
        session.execute(
            select(SearchDocument.code, SearchDocument.number).where(SearchDocument.code.in_(codes))
        ).all()
    )
    return finding.cards(session, [numbers[code] for code in codes if code in numbers])
