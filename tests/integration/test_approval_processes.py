"""Two worker processes on one PostgreSQL: the same cases, the same events, at the same instant."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from chassis import tables, timerows
from chassis.database import is_retryable
from contracts.approval import (
    BranchAnswered,
    BranchOverdue,
    BranchSilent,
    CaseClosed,
    CaseDecided,
    SilenceDue,
)
from contracts.cloudevents import Envelope, dump
from services.approval import handlers, orm
from tests.migrated import migrated
from tests.unit.approval.bureau import Bureau, answer, no
from tests.unit.approval.helpers import accepted, advertising, parallel

if TYPE_CHECKING:
    from contracts.procedure import Procedure
    from tests.conftest import Databases

ROOT = Path(__file__).parents[2]
TIMES = 1000


@pytest.fixture
def bureau(tmp_path: Path, databases: Databases) -> Iterator[Bureau]:
    database = migrated("approval", tmp_path, database_url=databases("approval"))
    yield Bureau(database)
    database.close()


@contextmanager
def consuming(bureau: Bureau, events: Sequence[Envelope], batch: int) -> Iterator[subprocess.Popen[str]]:
    """A worker process that has these events in hand and waits for the word."""
    config = bureau.database.config
    arguments = [config.database_url, config.master_key.hex(), str(batch)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.approval.consuming", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write("".join(dump(e).decode() + "\n" for e in events) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(20)


def says(process: subprocess.Popen[str], word: str) -> bool:
    """Waits for a line with this word alone, past what is logged; False when the process ends without it."""
    assert process.stdout is not None
    return any(line == f"{word}\n" for line in iter(process.stdout.readline, ""))


def at_once(bureau: Bureau, *events: Sequence[Envelope], batch: int) -> None:
    """Each sequence goes to a process of its own; all begin at the same instant and handle everything."""
    with ExitStack() as stack:
        processes = [stack.enter_context(consuming(bureau, mine, batch)) for mine in events]
        for process in processes:
            assert process.stdout is not None
            assert says(process, "ready")
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            assert says(process, "done")


def opened(bureau: Bureau, count: int, of: Procedure, keys: list[str] | None = None) -> list[str]:
    numbers = [f"SJ20261124{n:06d}X" for n in range(count)]
    told = [bureau.told(accepted(of, keys, number)) for number in numbers]
    assert bureau.say(told, handlers.follow_intake) == []
    return numbers


def test_the_last_two_answers_of_a_thousand_cases_from_two_queues_decide_each_once(bureau: Bureau) -> None:
    """Batches of both processes hold the same cases, so that every join is raced for."""
    numbers = opened(bureau, TIMES, parallel(), ["a", "b"])
    first = [bureau.told(answer(no(1, n), "DA")) for n in numbers]
    second = [bureau.told(answer(no(2, n), "DB")) for n in numbers]
    at_once(bureau, first, second, batch=3)
    once = dict.fromkeys(numbers, 1)
    for kind in (CaseDecided, CaseClosed):
        assert Counter(e.application_no for e in bureau.said(kind)) == once
    assert bureau.rejected() == []
    assert bureau.count(tables.dead_event) == 0
    assert bureau.dates(handlers.OVERDUE) == {}


def test_the_same_answers_to_two_workers_in_opposite_order_are_applied_once(bureau: Bureau) -> None:
    numbers = opened(bureau, 25, parallel(count=4))
    given = [
        bureau.told(answer(no(place, n), department))
        for n in numbers
        for place, department in enumerate(("DA", "DB", "DC"), start=1)
    ] + [bureau.told(answer(no(1, n), "DA", "refuse")) for n in numbers]
    assert len(given) == 100
    at_once(bureau, given, given[::-1], batch=10)
    answered = Counter(e.branch.branch_no for e in bureau.said(BranchAnswered))
    assert answered == {no(place, n): 1 for n in numbers for place in (1, 2, 3)}
    assert [r[2] for r in bureau.rejected()] == ["not_open"] * len(numbers), "one of two answers is late"
    with bureau.database.read() as session:
        inbox = tables.inbox.c
        taken = session.scalars(select(inbox.event_id).where(inbox.subscription == handlers.REPLIES)).all()
    assert sorted(taken) == sorted(e.id for e in given)
    assert bureau.count(tables.dead_event) == 0


def test_an_answer_and_the_silence_from_two_processes_leave_one_of_both(bureau: Bureau) -> None:
    """The answer is late: whichever of the two is handled first counts, and the case goes on once."""
    numbers = opened(bureau, 200, advertising())
    with bureau.database.transaction() as uow:
        past = uow.now - timedelta(hours=1)
        uow.session.execute(orm.branch.update().where(orm.branch.c.number == 1).values(promised_due=past))
    late = [bureau.told(answer(no(1, n), "GA", "agree_with_conditions")) for n in numbers]
    silences = [bureau.told(SilenceDue(application_no=n, branch_no=no(1, n))) for n in numbers]
    others = [bureau.told(answer(no(2, n), "GJ")) for n in numbers]
    bureau.say(others, handlers.record_answers)
    at_once(bureau, late, silences, batch=4)
    answered = {e.branch.branch_no for e in bureau.said(BranchAnswered) if e.branch.key == "traffic"}
    silent = {e.branch.branch_no for e in bureau.said(BranchSilent)}
    assert answered | silent == {no(1, n) for n in numbers} and not answered & silent
    assert {r[0] for r in bureau.rejected()} == silent
    for number in numbers:
        states = {b.key: b.status for b in bureau.case(number).branches}
        assert states == {
            "traffic": "silent" if no(1, number) in silent else "answered",
            "planning": "answered",
            "decision": "open",
        }
        assert bureau.names_said(number).count("BranchOpened decision") == 1


def test_limits_that_pass_while_the_answers_come_escalate_at_most_once_and_lose_no_answer(
    bureau: Bureau,
) -> None:
    """The sweep holds dates and wants cases, the answers hold cases and want dates: both get through."""
    numbers = opened(bureau, 60, parallel(), ["a"])
    with bureau.database.transaction() as uow:
        due = uow.now - timedelta(minutes=1)
        uow.session.execute(orm.branch.update().values(statutory_due=due))
        uow.schedule_many(handlers.OVERDUE, {no(1, n): due for n in numbers})
    given = [bureau.told(answer(no(1, n), "DA")) for n in reversed(numbers)]
    with consuming(bureau, given, batch=20) as process:
        assert process.stdin is not None and process.stdout is not None
        assert says(process, "ready")
        process.stdin.write("go\n")
        process.stdin.flush()
        while _swept(bureau):
            pass
        assert says(process, "done")
    assert Counter(e.application_no for e in bureau.said(CaseDecided)) == dict.fromkeys(numbers, 1)
    overdue = Counter(e.branch.branch_no for e in bureau.said(BranchOverdue))
    assert set(overdue.values()) <= {1}
    assert {n for n in numbers if bureau.branch("a", n).overdue} == {n.rpartition("-")[0] for n in overdue}
    assert bureau.dates(handlers.OVERDUE) == {}


def _swept(bureau: Bureau) -> bool:
    """Whether dates may be left: the sweep acted, or lost a lock and will try again."""
    try:
        return timerows.sweep(bureau.database, handlers.OVERDUE, handlers.escalate) > 0
    except Exception as error:
        assert is_retryable(error), error
        return True
