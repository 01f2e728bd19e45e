"""What approval makes of events and of time: batches, early ones, late ones, silence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, select, update
from sqlalchemy.orm.exc import StaleDataError

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import envelope, events_of, scratch_config
from chassis.subscription import subscriptions_of
from chassis.uow import NotYet
from contracts.approval import BranchOpened, CaseDecided, ReplyRejected
from contracts.catalog import CalendarPublished, DepartmentPublished
from contracts.procedure import Text
from services.approval import handlers, orm, replica
from services.approval.handlers import EARLY
from services.approval.handlers.work import Work
from services.approval.worker import ApprovalWorker
from tests.unit.approval.bureau import Bureau, answer, ask, catalogue, no, published
from tests.unit.approval.helpers import (
    NUMBER,
    OFFICER,
    accepted,
    founding,
    parallel,
    restaurant,
    statuses,
)

LONG_AGO = timedelta(days=30)
CODE = {"credit_code": "91320100MA00000001"}


def assert_migrated(database: Database) -> None:
    """The migrations make exactly the tables, columns, indexes and keys of the mapping."""
    migrate.upgrade(database)

    def ours(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
        return kind != "table" or name in orm.metadata.tables

    with database.writer.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": ours, "compare_server_default": True}
        )
        assert compare_metadata(context, orm.metadata) == []
        found = inspect(connection)
        for name, table in orm.metadata.tables.items():
            made = {c["name"]: c for c in found.get_columns(name)}
            assert list(made) == [c.name for c in table.columns]
            for column in table.columns:
                assert made[column.name]["nullable"] == column.nullable, (name, column.name)
                assert ("computed" in made[column.name]) == (column.computed is not None)
            keys = found.get_pk_constraint(name)["constrained_columns"]
            assert keys == [c.name for c in table.primary_key.columns]
            foreign = {tuple(k["constrained_columns"]) for k in found.get_foreign_keys(name)}
            assert foreign == {tuple(k.column_keys) for k in table.foreign_key_constraints}
            indexes = {i["name"]: i["column_names"] for i in found.get_indexes(name)}
            assert indexes == {str(i.name): [c.name for c in i.columns] for i in table.indexes}


def test_migrations_make_what_the_mapping_says(tmp_path: Path) -> None:
    database = Database(scratch_config("approval", tmp_path))
    assert_migrated(database)
    database.close()


def test_the_worker_listens_under_fixed_names() -> None:
    assert {s.queue for s in subscriptions_of(ApprovalWorker)} == {
        "approval.catalog",
        "approval.intake",
        "approval.replies",
        "approval.certificates",
        "approval.staff",
        "approval.trust",
    }


def test_one_accepted_application_opens_every_department_in_one_transaction(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    envelopes = [e for e in events_of(bureau.database) if e.subject == NUMBER]
    assert [e.sequence for e in envelopes] == [1, 2, 3, 4, 5, 6]
    assert len({e.time for e in envelopes}) == 1
    assert [e.department for e in envelopes] == [None, "SJ", "XF", "ZJ", "CG", "WJ"]
    assert {e.case for e in envelopes} == {NUMBER}


def test_the_licence_opens_three_departments_in_the_same_transaction(bureau: Bureau) -> None:
    bureau.accept(founding())
    bureau.reply(answer(no(1), "SJ", **CODE))
    envelopes = [e for e in events_of(bureau.database) if e.subject == NUMBER][2:]
    assert [type(e.event).__name__ for e in envelopes] == [
        "BranchAnswered",
        "LicenceIssued",
        "CaseDecided",
        "BranchOpened",
        "BranchOpened",
        "BranchOpened",
    ]
    assert len({e.time for e in envelopes}) == 1


def test_an_application_accepted_twice_is_one_case(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    bureau.accept(restaurant())
    told = [
        bureau.told(accepted(restaurant(), number=no(2))),
        bureau.told(accepted(restaurant(), number=no(2))),
    ]
    bureau.say(told, handlers.follow_intake)
    assert bureau.count(orm.case) == 2
    assert bureau.names_said().count("CaseOpened") == 1


def test_a_case_waits_for_the_version_it_was_filed_under(bureau: Bureau) -> None:
    newer = founding(version=2)
    told = [bureau.told(accepted(newer))]
    assert bureau.say(told, handlers.follow_intake) == told
    assert bureau.count(orm.case) == 0
    bureau.hear_catalogue(published(newer))
    assert bureau.say(told, handlers.follow_intake) == []
    assert bureau.case().version == 2


def test_a_case_ends_by_the_version_it_was_filed_under(bureau: Bureau) -> None:
    bureau.accept(founding())
    shorter = founding(version=2)
    bureau.hear_catalogue(published(shorter.__class__(**vars(shorter) | {"branches": shorter.branches[:1]})))
    bureau.reply(answer(no(1), "SJ", **CODE))
    assert statuses(bureau.case()) == {"licence": "answered", "seal": "open", "tax": "open", "social": "open"}


def test_events_of_an_unknown_case_come_too_early(bureau: Bureau) -> None:
    told = [bureau.told(bureau.withdrawn()), bureau.told(bureau.corrected(no(1)))]
    assert bureau.say(told, handlers.follow_intake) == told
    with pytest.raises(NotYet), bureau.database.transaction() as uow:
        handlers.follow_intake(told[:1], uow)


def test_a_correction_that_precedes_its_request_comes_too_early(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    told = [bureau.told(bureau.corrected(no(1)))]
    assert bureau.say(told, handlers.follow_intake) == told


def test_an_early_event_holds_up_nobody_in_its_batch(bureau: Bureau) -> None:
    other = no(9)
    early = bureau.hear(
        bureau.withdrawn(),
        accepted(restaurant(), number=other),
        bureau.corrected(no(1)),
    )
    assert [e.subject for e in early] == [NUMBER, NUMBER]
    assert statuses(bureau.case(other))["food"] == "open"


def test_the_catalogue_may_come_in_any_order_and_the_newest_word_counts(bureau: Bureau) -> None:
    names = [
        envelope(DepartmentPublished(code="SJ", name=Text(zh=f"名{n}", en="x")), sequence=n, time=bureau.now)
        for n in (3, 9, 5)
    ]
    bureau.say(names, replica.keep, batch=1)
    with bureau.database.read() as session:
        assert replica.department_names(session)["SJ"].zh == "名9"


def test_a_new_calendar_counts_from_then_on(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    due = bureau.branch("food").promised_due
    assert due is not None
    day = due.date()
    more = CalendarPublished(year=day.year, holidays=(day,), extra_workdays=(), provisional=False)
    bureau.say([envelope(more, sequence=50, time=bureau.now)], replica.keep)
    bureau.accept(restaurant(), number=no(7))
    later = bureau.branch("food", no(7)).promised_due
    assert later is not None and later > due


def test_answers_of_a_batch_close_their_cases(bureau: Bureau) -> None:
    numbers = [f"SJ2026112400{n:04d}X" for n in range(20)]
    bureau.hear(*(accepted(parallel(), number=n) for n in numbers))
    bureau.reply(*(answer(no(b, n), d) for b, d in ((1, "DA"), (2, "DB"), (3, "DC")) for n in numbers))
    assert [e.application_no for e in bureau.said(CaseDecided)] == numbers
    assert {bureau.case(n).outcome for n in numbers} == {"granted"}


def statements(bureau: Bureau, act: Any) -> int:
    counted: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        counted.append(statement)

    event.listen(bureau.database.writer, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(bureau.database.writer, "before_cursor_execute", note)
    return len([s for s in counted if not s.startswith(("BEGIN", "PRAGMA"))])


def test_a_batch_takes_as_many_statements_as_one_event(bureau: Bureau) -> None:
    """Opening and answering cost statements by the batch, never by the event."""
    numbers = [f"SJ2026112400{n:04d}X" for n in range(60)]
    bureau.accept(parallel(), number="warm-up")
    bureau.reply(answer(no(1, "warm-up"), "DA"))
    several = [accepted(parallel(), number=n) for n in numbers]
    one = statements(bureau, lambda: bureau.hear(several[0]))
    many = statements(bureau, lambda: bureau.hear(*several[1:]))
    assert many <= one + 2, "only the ids of a SELECT … IN grow"
    assert many <= 12
    given = [answer(no(b, n), d) for n in numbers for b, d in ((1, "DA"), (2, "DB"), (3, "DC"))]
    answered = statements(bureau, lambda: bureau.reply(*given[3:93]))
    assert answered <= 14
    assert sum(bureau.case(n).outcome == "granted" for n in numbers) == 30


def test_answers_that_cannot_be_taken_and_corrections_cost_by_the_batch_too(bureau: Bureau) -> None:
    numbers = [f"SJ2026112400{n:04d}X" for n in range(40)]
    bureau.hear(*(accepted(parallel(), number=n) for n in numbers))
    for number in numbers:
        ask(bureau, "DC", no(3, number), "area")
    bad = [answer(no(1, n), "DA", "unable") for n in numbers]
    moved = [answer(no(2, n), "DB", "not_competent", competent="ZJ") for n in numbers]
    assert statements(bureau, lambda: bureau.reply(*bad, *moved)) <= 14
    assert [r[2] for r in bureau.rejected()] == ["not_allowed"] * 40
    assert {bureau.branch("b", n).department for n in numbers} == {"ZJ"}
    corrected = [bureau.corrected(no(3, n)) for n in numbers]
    assert statements(bureau, lambda: bureau.hear(*corrected)) <= 14
    with bureau.database.read() as session:
        answered_at = session.scalars(select(orm.correction_request.c.answered_at)).all()
    assert len(answered_at) == 40 and None not in answered_at


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (answer(no(1), "XF"), "not_yours"),
        (answer(no(1), "SJ", "unable"), "not_allowed"),
        (answer(no(1), "SJ", "not_competent"), "not_allowed"),
        (answer(no(1), "SJ", "not_competent", competent="NOWHERE"), "not_allowed"),
        (answer(no(1), "SJ", "not_competent", competent="SJ"), "not_allowed"),
        (answer(no(77), "SJ"), "unknown_branch"),
        (answer("SJ-unknown-01", "SJ"), "unknown_branch"),
        (answer(no(1), "SJ"), "incomplete"),
        (answer(no(2), "GA"), "not_open"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_kept_and_told_to_its_author(
    bureau: Bureau, given: Any, reason: str
) -> None:
    bureau.accept(founding())
    before = statuses(bureau.case())
    bureau.reply(given, ago=2 * EARLY)
    (told,) = events_of(bureau.database, ReplyRejected)
    assert isinstance(told.event, ReplyRejected)
    assert (told.event.branch_no, told.event.reason) == (given.branch_no, reason)
    assert told.department == given.department == told.event.department
    assert bureau.rejected() == [(given.branch_no, given.department, reason)]
    assert statuses(bureau.case()) == before


def test_a_bad_answer_does_not_spoil_the_others_of_its_batch(bureau: Bureau) -> None:
    bureau.accept(parallel())
    bad = [answer(no(1), "DB"), answer(no(2), "DB", "unable"), answer("", ""), answer("x" * 90, "y" * 90)]
    bureau.reply(answer(no(1), "DA"), *bad, answer(no(2), "DB"), answer(no(3), "DC"), ago=2 * EARLY)
    assert bureau.case().outcome == "granted"
    assert [r[2] for r in bureau.rejected()] == [
        "not_yours",
        "not_allowed",
        "unknown_branch",
        "unknown_branch",
    ]
    told = [r.branch_no for r in bureau.said(ReplyRejected)]
    assert told == [no(1), no(2)], "where nobody's code stands, nobody is told"


@pytest.mark.parametrize(
    "given", [answer(no(2), "GA"), answer(no(1), "GA"), answer("SJ20261124000777X-01", "SJ")]
)
def test_a_young_answer_waits_for_what_it_may_have_overtaken(bureau: Bureau, given: Any) -> None:
    bureau.accept(founding())
    assert [e.event for e in bureau.reply(given)] == [given]
    assert bureau.rejected() == []


def test_an_answer_to_a_suspended_branch_waits_for_the_correction_it_overtook(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    ask(bureau, "SJ", no(1), "area")
    given = bureau.told(answer(no(1), "SJ"))
    assert bureau.say([given], handlers.record_answers) == [given]
    bureau.hear(bureau.corrected(no(1)))
    assert bureau.say([given], handlers.record_answers) == []
    assert bureau.branch("food").status == "answered"


def test_an_answer_heard_twice_is_rejected_the_second_time(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    bureau.reply(answer(no(1), "SJ"))
    bureau.reply(answer(no(1), "SJ", "refuse"))
    assert bureau.branch("food").answer == "agree"
    assert bureau.rejected() == [(no(1), "SJ", "not_open")]


def test_a_late_answer_after_a_withdrawal_is_recorded_and_refused(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    bureau.hear(bureau.withdrawn())
    bureau.reply(answer(no(1), "SJ"))
    assert bureau.branch("food").status == "dropped"
    assert bureau.rejected() == [(no(1), "SJ", "not_open")]
    assert bureau.names_said()[-1] == "CaseTerminated"
    assert [r.branch_no for r in bureau.said(ReplyRejected)] == [no(1)]


def test_a_department_that_is_not_competent_hands_over_by_event(bureau: Bureau) -> None:
    bureau.accept(restaurant())
    bureau.reply(answer(no(2), "XF", "not_competent", competent="ZJ"))
    moved = events_of(bureau.database, BranchOpened)[-1]
    assert moved.department == "ZJ"
    bureau.reply(answer(no(2), "XF"), ago=2 * EARLY)
    assert bureau.rejected() == [(no(2), "XF", "not_yours")]
    bureau.reply(answer(no(2), "ZJ"))
    assert bureau.branch("fire").status == "answered"


def test_an_answer_counts_by_when_it_was_taken_and_not_in_the_future(bureau: Bureau) -> None:
    bureau.accept(parallel())
    taken = bureau.told(answer(no(1), "DA"))
    ahead = bureau.told(answer(no(2), "DB"), ago=-timedelta(days=9))
    bureau.say([taken, ahead], handlers.record_answers)
    assert bureau.branch("a").answered_at == taken.time
    answered = bureau.branch("b").answered_at
    assert answered is not None and answered < bureau.now


def test_a_case_that_was_changed_by_somebody_else_meanwhile_is_not_overwritten(bureau: Bureau) -> None:
    """The second line behind the lock: every change of a case or its branches counts its revision."""
    bureau.accept(restaurant())
    bureau.reply(answer(no(1), "SJ"))
    with bureau.database.read() as session:
        assert session.scalar(select(orm.case.c.revision)) == 2
    with pytest.raises(StaleDataError), bureau.database.transaction() as uow:
        work = Work([NUMBER], uow)
        uow.session.execute(update(orm.case).values(revision=7))
        work.say(work.cases[NUMBER], work.cases[NUMBER].claim(no(2), OFFICER))
        work.finish()
    assert bureau.branch("fire").status == "open"


def test_the_whole_catalogue_can_be_heard_again(bureau: Bureau) -> None:
    bureau.hear_catalogue(*catalogue())
    assert bureau.count(orm.procedure_version) == 6
