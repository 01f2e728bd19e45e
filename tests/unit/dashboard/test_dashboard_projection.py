"""Facts and figures: any order, any repetition, and the same again when they are rebuilt."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from chassis import projection as rebuilding
from chassis import tables
from chassis.database import Database
from chassis.fakes.database import deliver, events_of, memory_database
from contracts.cloudevents import Envelope, dump
from contracts.dashboard import FiguresChanged
from services.dashboard import handlers, projection, queries
from services.dashboard.domain import Application, Branch, Supervision
from services.dashboard.orm import Generation, generations
from services.dashboard.orm import projection as projection_table
from tests.migrated import migrated
from tests.unit.dashboard.history import START, history, story

NOW = datetime(2026, 3, 6, 4, 0, tzinfo=UTC)


def follow(database: Database, events: list[Envelope], batch: int = 7) -> None:
    assert deliver(database, handlers.follow, events, subscription="dashboard.cases", batch=batch) == []


def shown(database: Database) -> Generation:
    with database.read() as session:
        return generations[session.scalars(select(projection_table.c.live)).one()]


def content(database: Database, generation: Generation) -> dict[str, list[Any]]:
    """All facts and all figures that aren't nought."""
    with database.read() as session:
        return {
            table.name[:-2]: [
                tuple(row)
                for row in session.execute(select(table).order_by(*table.primary_key))
                if table is not generation.tally or row.count
            ]
            for table in generation.tables
        }


def counted_anew(database: Database) -> dict[Any, int]:
    """The figures as the sum over the facts."""
    generation, found = shown(database), Counter[Any]()
    with database.read() as session:
        for kind, table in (
            (Application, generation.application),
            (Branch, generation.branch),
            (Supervision, generation.supervision),
        ):
            for row in session.execute(select(*(table.c[f.name] for f in fields(kind)))):
                found.update(kind(**row._mapping).figures())
    return dict(found)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_any_repetition_end_in_the_same_figures(
    database: Database, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    told = history(dice)
    follow(database, told, batch=100)
    mixed = migrated("dashboard", tmp_path / "mixed")
    everything = told + dice.sample(told, 40)
    dice.shuffle(everything)
    with mixed.transaction() as uow:  # without an inbox: each copy is really applied
        for start in range(0, len(everything), 9):
            handlers.apply(everything[start : start + 9], generations[1], uow)
    assert content(mixed, generations[1]) == content(database, generations[1])
    tally = {tuple(row[:6]): row[6] for row in content(database, generations[1])["tally"]}
    assert tally == counted_anew(database)
    mixed.close()


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[dict[str, Database]]:
    made = {name: memory_database(name, tmp_path) for name in ("approval", "intake")}
    yield made
    for database in made.values():
        database.close()


def log(sources: dict[str, Database], events: list[Envelope]) -> None:
    """What relays do once an event is confirmed."""
    for event in events:
        row = _row(event) | {"logged_at": event.time}
        with sources[event.source].transaction() as uow:
            uow.session.execute(insert(tables.event_log).values(**row))


def _row(event: Envelope) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "case_id": event.case,
        "department": None,
        "time": event.time,
        "body": dump(event),
    }


@pytest.mark.parametrize("seed", range(6))
def test_a_rebuild_while_events_keep_arriving_equals_what_was_live(
    database: Database, sources: dict[str, Database], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 20)
    dice = random.Random(100 + seed)
    told = history(dice, applications=20)
    cut = len(told) // 2
    past, coming = told[:cut], told[cut:]
    dice.shuffle(coming)
    log(sources, past)
    follow(database, past)
    for _ in rebuilding.rebuild(database, sources.values(), projection):
        arriving = [coming.pop() for _ in range(min(len(coming), dice.randint(0, 12)))]
        logged_first = dice.random() < 0.5  # the relay publishes before it logs: either may be seen first
        if logged_first:
            log(sources, arriving)
        follow(database, arriving)
        if not logged_first:
            log(sources, arriving)
    follow(database, coming)
    assert shown(database) is generations[2]
    assert content(database, generations[2]) == content_of(told, database)


def content_of(told: list[Envelope], database: Database) -> dict[str, list[Any]]:
    """What counting everything once from the start gives."""
    with database.transaction() as uow:
        for table in generations[1].tables:
            uow.session.execute(delete(table))
        handlers.apply(told, generations[1], uow)
    return content(database, generations[1])


def test_what_was_damaged_is_right_after_a_rebuild(database: Database, sources: dict[str, Database]) -> None:
    told = history(random.Random(7))
    log(sources, told)
    follow(database, told)
    before = content(database, generations[1])
    with database.transaction() as uow:
        uow.session.execute(delete(generations[1].tally))
        uow.session.execute(delete(generations[1].branch))
    assert sum(rebuilding.rebuild(database, sources.values(), projection)) == len(
        [e for e in told if type(e.event) in handlers.EVENTS]
    )
    assert content(database, shown(database)) == before
    assert sum(rebuilding.rebuild(database, sources.values(), projection)) > 0
    assert shown(database) is generations[1]
    assert content(database, generations[1]) == before


def test_a_rebuild_waits_for_what_is_published_and_not_yet_logged(
    database: Database, sources: dict[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = story("SJ20260302000001X", random.Random(3))
    outbox = tables.outbox
    for event in told:
        with sources[event.source].transaction() as uow:
            uow.session.execute(insert(outbox).values(**_row(event), due_at=event.time))
    follow(database, told)
    before = content(database, generations[1])
    waits: list[float] = []

    def relay_meanwhile(seconds: float) -> None:
        waits.append(seconds)
        for source in sources.values():
            mine = [e for e in told if e.source == source.service]
            with source.transaction() as uow:
                if uow.session.execute(delete(outbox)).rowcount:  # type: ignore[attr-defined]
                    rows = [_row(e) | {"logged_at": e.time} for e in mine]
                    uow.session.execute(insert(tables.event_log), rows)

    monkeypatch.setattr("chassis.projection.time.sleep", relay_meanwhile)
    list(rebuilding.rebuild(database, sources.values(), projection))
    assert waits
    assert content(database, shown(database)) == before


def test_a_relay_that_stands_still_fails_the_rebuild_and_nothing_changes(
    database: Database, sources: dict[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = story("SJ20260302000001X", random.Random(3))[0]
    with sources["intake"].transaction() as uow:
        uow.session.execute(insert(tables.outbox).values(**_row(event), due_at=event.time))
    monkeypatch.setattr(rebuilding, "RELAY_MAY_TAKE_S", 0.0)
    with pytest.raises(RuntimeError, match="intake has events its relay does not publish"):
        list(rebuilding.rebuild(database, sources.values(), projection))
    with database.read() as session:
        assert tuple(session.execute(select(projection_table)).one()[:3]) == (1, 1, None)


def test_pages_are_told_at_once_and_then_once_the_moment_is_over(database: Database) -> None:
    told = history(random.Random(1), applications=3)
    follow(database, told[:1])
    assert len(events_of(database, FiguresChanged)) == 1
    follow(database, told[1:], batch=1)
    with database.read() as session:
        due = session.scalars(select(tables.time_row.c.kind)).all()
    said = len(events_of(database, FiguresChanged))
    assert due == [handlers.ANNOUNCE]
    assert said < len(told)
    with database.transaction() as uow:
        handlers.announce_late(uow)
    assert len(events_of(database, FiguresChanged)) == said + 1


def test_the_figures_of_one_day_are_those_of_its_stories(database: Database) -> None:
    dice = random.Random(11)
    told = history(dice, applications=60)
    follow(database, told, batch=100)
    with database.read() as session:
        found = queries.figures(session, NOW)
        of_fire = queries.figures(session, NOW, "XF")
    filed = [e.event.submitted_at for e in told if hasattr(e.event, "submitted_at")]
    local = [f + timedelta(hours=8) for f in filed]
    per_day = Counter(f.date().isoformat() for f in local)
    assert {d["day"]: d["filed"] for d in found["days"] if d["filed"]} == dict(per_day)
    today = NOW + timedelta(hours=8)
    assert found["today"]["filed"] == per_day.get(today.date().isoformat(), 0)
    assert sum(s["count"] for s in found["stages"]) == 60
    assert sum(h["filed"] for h in found["hours"]) == found["today"]["filed"]
    assert found["last_event_at"] == max(e.time for e in told)
    assert [d["department"] for d in of_fire["departments"]] == ["XF"]
    assert of_fire["departments"] == [d for d in found["departments"] if d["department"] == "XF"]
    assert START < NOW


@pytest.mark.parametrize("show", ["open", "overdue", "on_time", "late", "silent"])
def test_a_figure_and_the_list_behind_it_agree(database: Database, show: str) -> None:
    told = history(random.Random(5), applications=40)
    follow(database, told, batch=100)
    for day in range(2, 7):
        now = datetime(2026, 3, day, 4, 0, tzinfo=UTC)
        with database.read() as session:
            figures = queries.figures(session, now)["today"]
            listed = everything(session, now, show)
        assert len(listed) == figures[show]
        assert len({c["branch_no"] for c in listed}) == len(listed)


def everything(session: Any, now: datetime, show: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = queries.cases(session, now, show, cursor=cursor)
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = page["next"]
