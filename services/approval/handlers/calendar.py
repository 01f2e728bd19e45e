"""The working calendar was changed: dates of all that is at work are counted anew, some cases at a time."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from chassis.uow import UnitOfWork
from contracts.approval import DueDatesMoved
from contracts.catalog import CalendarPublished
from contracts.cloudevents import Envelope
from services.approval import replica
from services.approval.handlers.supervision import end_moot
from services.approval.handlers.work import RECOUNT, Work
from services.approval.orm import branch

CASES = 100
FROM_THE_FIRST = "-"
AT_WORK = ("open", "claimed", "suspended")


def follow_catalogue(envelopes: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Keep what the catalogue says; a calendar sets the recount going."""
    heard = list(envelopes)
    replica.keep(heard, uow)
    if any(isinstance(e.event, CalendarPublished) for e in heard):
        uow.schedule(RECOUNT, FROM_THE_FIRST, uow.now)


def recount(after: Iterable[str], uow: UnitOfWork) -> None:
    """Count the next `CASES` cases behind each number anew; what is left comes next."""
    for start in after:
        table = branch.c
        query = (
            select(table.application_no)
            .where(table.status.in_(AT_WORK), table.application_no > start.removeprefix(FROM_THE_FIRST))
            .distinct()
            .order_by(table.application_no)
            .limit(CASES)
        )
        numbers = list(uow.session.scalars(query))
        _recount(numbers, uow)
        if len(numbers) == CASES:
            uow.schedule(RECOUNT, FROM_THE_FIRST + numbers[-1], uow.now)


def _recount(numbers: list[str], uow: UnitOfWork) -> None:
    work = Work(numbers, uow)
    for case in work.cases.values():
        late = {b.branch_no for b in case.branches if b.overdue}
        events = case.recount(work.calendar, uow.now)
        work.say(case, events)
        for event in events:
            assert isinstance(event, DueDatesMoved)
            if event.branch.branch_no in late and not event.branch.overdue:
                end_moot(event.branch.branch_no, uow)
    work.finish()
