"""What intake makes of events: batches, orders, duplicates, events that come too early."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, select
from sqlalchemy.orm.exc import StaleDataError

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import envelope, scratch_config
from chassis.subscription import subscriptions_of
from contracts import intake
from contracts.catalog import DepartmentPublished, ProcedureClosed
from contracts.procedure import Text
from services.intake import handlers, orm, replica
from services.intake.domain import Application
from services.intake.serials import next_application_no
from services.intake.worker import IntakeWorker
from tests.migrated import migrated
from tests.unit.intake.helpers import Approval, long_story, procedure, submitted
from tests.unit.intake.office import Office, published, year


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = migrated("intake", tmp_path)
    yield Office(database)
    database.close()


def told_to(number: str) -> Approval:
    told = Approval(["food", "fire", "seal"], number)
    told.open_case()
    told.answer("food", licence_code="C1")
    told.answer("fire")
    told.decide()
    told.issue("food")
    told.answer("seal")
    told.close()
    return told


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_stored_applications_end_the_same_in_any_order_and_any_batches(office: Office, batch: int) -> None:
    mixer = random.Random(batch)
    numbers = [office.file() for _ in range(6)]
    everything = [e for n in numbers for e in told_to(n).story]
    mixer.shuffle(everything)
    copies = [*everything, *mixer.sample(everything, 20)]
    assert office.say(copies, batch=batch) == []
    for number in numbers:
        in_order, _ = submitted()
        in_order.follow(story := told_to(number).story)
        application = office.row(number)
        assert application.status == "closed"
        assert application.case.timeline.keys() == {e.sequence for e in story}
        assert application.case.branches == in_order.case.branches
        last = [
            e
            for e in office.said(intake.ApplicationStatusChanged)
            if e.subject == number and isinstance(e, intake.ApplicationStatusChanged)
        ][-1]
        assert (last.status, last.outcome, last.answered, last.branches) == ("closed", "granted", 3, 3)


def test_all_that_may_happen_survives_storing(office: Office) -> None:
    number = office.file()
    moved = Approval(["food", "fire", "seal", "sign"], number)
    for told in long_story():
        moved.say(type(told.event).from_data(told.event.to_data() | {"application_no": number}))
    office.say(moved.story, batch=3)
    kept = office.row(number).case
    plain = type(kept)()
    for told in moved.story:
        plain = plain.heard(told)
    assert kept == plain


def test_news_of_an_unknown_application_wait_and_the_others_go_on(office: Office) -> None:
    number = office.file()
    early = told_to("SJ20260302000001X").story
    left = office.say([*told_to(number).story, *early])
    assert {e.id for e in left} == {e.id for e in early}
    assert office.row(number).status == "closed"


def test_a_batch_takes_as_many_statements_as_one_case(office: Office) -> None:
    numbers = [office.file() for _ in range(12)]
    statements: list[str] = []

    def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement.split()[0])

    def measure(stories: list[Any]) -> int:
        statements.clear()
        office.say(stories)
        return len(statements)

    event.listen(office.database.writer, "before_cursor_execute", count)
    one = measure(told_to(numbers[0]).story)
    many = measure([e for n in numbers[1:] for e in told_to(n).story])
    assert many == one


def test_a_step_on_an_old_state_is_not_written(office: Office) -> None:
    number = office.file()
    with office.database.transaction() as uow:
        found = uow.lock(Application, [number])[number]
        uow.session.execute(orm.application.update().values(revision=orm.application.c.revision + 1))
        found.follow(told_to(number).story)
        with pytest.raises(StaleDataError):
            orm.save_followed([found], uow.session)
    assert office.row(number).status == "accepted"


def test_the_catalogue_is_kept_in_any_order(office: Office) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    events = [
        published(procedure(code="x", version=1)),
        ProcedureClosed(code="x", version=1, closed_at=moment),
        published(procedure(code="x", version=2)),
        DepartmentPublished(code="XX", name=Text(zh="旧", en="old")),
        DepartmentPublished(code="XX", name=Text(zh="新", en="new")),
        year(2026, [date(2026, 10, 1)], provisional=True),
        year(2026, [date(2026, 10, 1), date(2026, 10, 2)]),
    ]
    envelopes = [envelope(e, sequence=n, time=moment) for n, e in enumerate(events, 1)]
    mixer = random.Random(3)
    for _ in range(10):
        mixer.shuffle(envelopes)
        with office.database.transaction() as uow:
            for table in (orm.procedure_state, orm.procedure_version, orm.department, orm.calendar_year):
                uow.session.execute(table.delete())
            for told in [*envelopes, *envelopes[:3]]:
                handlers.keep_catalog([told], uow)
        with office.database.read() as session:
            assert replica.open_procedure("x", session).procedure.version == 2
            assert replica.known_procedure("x", 1, session).procedure.version == 1
            assert replica.department_names(session)["XX"].zh == "新"
            days = replica.calendar(session)
            assert not days.is_workday(date(2026, 10, 2)) and not days.is_provisional(date(2026, 10, 2))


def test_a_filing_that_fails_gives_its_block_of_numbers_to_nobody(office: Office) -> None:
    class Undone(Exception):
        pass

    def take() -> list[str]:
        with office.database.transaction() as uow:
            return [next_application_no("CG", uow) for _ in range(50)]

    try:
        with office.database.transaction() as uow:
            next_application_no("CG", uow)
            raise Undone
    except Undone:
        pass
    with office.database.read() as session:
        assert session.execute(select(orm.serial_number)).all() == []
    numbers = [*take(), *take(), *take(), *take()]
    assert len(set(numbers)) == 200


def test_migrations_make_what_the_mapping_says(tmp_path: Path) -> None:
    database = Database(scratch_config("intake", tmp_path))
    assert_migrated(database)
    database.close()


def assert_migrated(database: Database) -> None:
    migrate.upgrade(database)
    ours = set(orm.metadata.tables)
    options = {"compare_type": True, "include_name": lambda name, kind, _: kind != "table" or name in ours}
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, orm.metadata) == []
        assert ours <= set(inspect(connection).get_table_names())


def test_the_worker_listens_to_catalogue_cases_and_trust() -> None:
    heard = {spec.queue: set(spec.event_types) for spec in subscriptions_of(IntakeWorker)}
    assert heard.keys() == {
        "intake.accounts",
        "intake.catalog",
        "intake.cases",
        "intake.certificates",
        "intake.trust",
    }
    assert len(heard["intake.cases"]) == 16
    assert "approval.reply_rejected" not in heard["intake.cases"]
