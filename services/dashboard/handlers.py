"""What the dashboard does with events: facts first, figures from what each fact adds to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, case, delete, select, update

from chassis import metrics
from chassis.bulk import among
from chassis.uow import UnitOfWork
from contracts import Event, approval, intake
from contracts.cloudevents import Envelope
from contracts.dashboard import FiguresChanged
from services.dashboard.domain import Application, Branch, Figure, Supervision
from services.dashboard.orm import Generation, announcement, generations, heard, projection

BOARD = "city"
ANNOUNCE = "dashboard.announce"
ANNOUNCE_EVERY = timedelta(milliseconds=250)

EVENTS: tuple[type[Event], ...] = (
    intake.ApplicationSubmitted,
    intake.ApplicationStatusChanged,
    approval.CaseOpened,
    approval.BranchOpened,
    approval.BranchClaimed,
    approval.BranchReleased,
    approval.BranchSuspended,
    approval.BranchResumed,
    approval.BranchAnswered,
    approval.BranchSilent,
    approval.BranchOverdue,
    approval.BranchDropped,
    approval.ExtensionRequested,
    approval.ExtensionDecided,
    approval.SignatureRequested,
    approval.SignatureDecided,
    approval.DueDatesMoved,
    approval.SupervisionOpened,
    approval.SupervisionUnanswered,
    approval.SupervisionAnswered,
    approval.SupervisionClosed,
    approval.CaseDecided,
)
"""All that the figures are made of."""


class Heard(NamedTuple):
    """What one event says about one fact."""

    key: str
    application_no: str
    news: Any
    sequence: int


Facts = dict[type, list[Heard]]


def follow(events: list[Envelope], uow: UnitOfWork) -> None:
    """Count these events, in the generation in the making too, and tell open pages."""
    row = _lock_projection(uow)
    for number in filter(None, (row.live, row.building)):
        apply(events, generations[number], uow)
    _note_age(events, uow)
    _announce(uow)


def announce_late(uow: UnitOfWork) -> None:
    """Tell open pages what changed since they were last told."""
    _say(uow)


def begin_rebuild(uow: UnitOfWork) -> None:
    """Empty the generation that isn't shown; from now on `follow` counts in both."""
    row = _lock_projection(uow)
    building = 3 - row.live
    for table in generations[building].tables:
        uow.session.execute(delete(table))
    uow.session.execute(update(projection).values(building=building))


def replay(events: list[Envelope], uow: UnitOfWork) -> None:
    """Count events of the past in the generation in the making."""
    row = _lock_projection(uow)
    if row.building is None:
        raise RuntimeError("the rebuild was given up or another has ended: start again")
    apply(events, generations[row.building], uow)


def switch(uow: UnitOfWork) -> None:
    """Show the generation that was in the making."""
    row = _lock_projection(uow)
    if row.building is None:
        raise RuntimeError("nothing is being rebuilt")
    uow.session.execute(update(projection).values(live=row.building, building=None, built_at=uow.now))
    _say(uow)


def give_up_rebuild(uow: UnitOfWork) -> None:
    """Stop counting in the generation in the making; what is shown stays."""
    _lock_projection(uow)
    uow.session.execute(update(projection).values(building=None))


def apply(events: Iterable[Envelope], generation: Generation, uow: UnitOfWork) -> None:
    """Bring facts and figures of one generation up to these events."""
    facts: Facts = defaultdict(list)
    for envelope in events:
        for kind, told in _told(envelope):
            facts[kind].append(told)
    change: Counter[Figure] = Counter()
    for kind, table in (
        (Application, generation.application),
        (Branch, generation.branch),
        (Supervision, generation.supervision),
    ):
        if facts[kind]:
            _fold(kind, table, facts[kind], change, uow)
    _add(change, generation.tally, uow)


def _told(envelope: Envelope) -> Iterator[tuple[type, Heard]]:
    event, number = envelope.event, envelope.sequence
    match event:
        case intake.ApplicationSubmitted() | intake.ApplicationStatusChanged() | approval.CaseDecided():
            yield Application, Heard(event.application_no, event.application_no, event, number)
        case approval.CaseOpened():
            for state in event.branches:
                yield Branch, Heard(state.branch_no, event.application_no, state, number)
        case approval.SupervisionEvent():
            yield Supervision, Heard(event.branch_no, event.application_no, event, number)
        case approval.BranchEvent():
            yield Branch, Heard(event.branch.branch_no, event.application_no, event.branch, number)


def _fold(kind: Any, table: Table, told: list[Heard], change: Counter[Figure], uow: UnitOfWork) -> None:
    """Merge what was told into the facts and note how the figures change by it. Whoever does this holds
    the projection's row (`_lock_projection`), so that nobody else changes these facts meanwhile."""
    key = next(iter(table.primary_key))
    names = [f.name for f in fields(kind)]
    known = among(uow.session, key, {t.key for t in told})
    rows = uow.session.execute(select(*(table.c[n] for n in names)).where(known))
    before = {row._mapping[key.name]: kind(**row._mapping) for row in rows}
    after = dict(before)
    for t in told:
        fact = after.get(t.key) or kind(**{key.name: t.key, "application_no": t.application_no})
        after[t.key] = fact.hear(t.news, t.sequence)
    changed = [k for k in sorted(after) if after[k] != before.get(k)]
    if not changed:
        return
    for k in changed:
        change.update(after[k].figures())
        if k in before:
            change.subtract(before[k].figures())
    uow.insert_rows(table, [vars(after[k]) for k in changed], _replacing_known)


def _add(change: Counter[Figure], tally: Table, uow: UnitOfWork) -> None:
    rows = [figure._asdict() | {"count": n} for figure, n in sorted(change.items()) if n]
    if not rows:
        return
    uow.insert_rows(tally, rows, _adding)


def _replacing_known(statement: Any) -> Any:
    key = next(iter(statement.table.primary_key))
    new = {c.name: statement.excluded[c.name] for c in statement.table.c if c is not key}
    return statement.on_conflict_do_update(index_elements=[key], set_=new)


def _adding(statement: Any) -> Any:
    table = statement.table
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={"count": table.c.count + statement.excluded.count}
    )


def _note_age(events: list[Envelope], uow: UnitOfWork) -> None:
    newest: dict[str, Any] = {}
    for envelope in events:
        newest[envelope.source] = max(newest.get(envelope.source, envelope.time), envelope.time)
    rows = [{"source": s, "event_at": at, "handled_at": uow.now} for s, at in sorted(newest.items())]
    uow.insert_rows(heard, rows, _keeping_the_newest)
    lag = uow.now - max(newest.values())
    metrics.PROJECTION_LAG.labels(uow.service).set(max(0.0, lag.total_seconds()))


def _keeping_the_newest(statement: Any) -> Any:
    new, known = statement.excluded, heard.c.event_at
    newest = case((new.event_at > known, new.event_at), else_=known)
    return statement.on_conflict_do_update(
        index_elements=["source"], set_={"event_at": newest, "handled_at": new.handled_at}
    )


def _announce(uow: UnitOfWork) -> None:
    """At once when nothing was said for a moment, else when that moment is over."""
    fresh = update(announcement).where(
        announcement.c.board == BOARD, announcement.c.said_at <= uow.now - ANNOUNCE_EVERY
    )
    if uow.session.execute(fresh.values(said_at=uow.now)).rowcount:  # type: ignore[attr-defined]
        uow.emit(FiguresChanged(board=BOARD))
    else:
        uow.schedule(ANNOUNCE, BOARD, uow.now + ANNOUNCE_EVERY)


def _say(uow: UnitOfWork) -> None:
    uow.session.execute(update(announcement).where(announcement.c.board == BOARD).values(said_at=uow.now))
    uow.emit(FiguresChanged(board=BOARD))


def _lock_projection(uow: UnitOfWork) -> Any:
    return uow.session.execute(select(projection).with_for_update()).one()
