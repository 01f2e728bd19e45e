"""Many at once, on PostgreSQL: locks, joins, claims."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text

from chassis.database import Database
from chassis.fakes.database import deliver
from contracts import Event
from contracts.approval import CaseClosed, CaseDecided, CaseTerminated, SilenceDue
from services.approval import handlers, orm, queries
from services.approval.queries import PAGE
from tests.migrated import migrated
from tests.unit.approval.bureau import BASE, Bureau, answer, no
from tests.unit.approval.helpers import accepted, advertising, parallel, restaurant
from tests.unit.approval.test_approval_worker import assert_migrated

if TYPE_CHECKING:
    from tests.conftest import Databases

ROOT = Path(__file__).parents[2]
TIMES = 200


@pytest.fixture
def database(tmp_path: Path, databases: Databases) -> Iterator[Database]:
    made = migrated("approval", tmp_path, database_url=databases("approval"))
    yield made
    made.close()


@pytest.fixture
def bureau(database: Database) -> Bureau:
    return Bureau(database)


def numbers_of(count: int) -> list[str]:
    return [f"SJ20261124{n:06d}X" for n in range(count)]


def accept(bureau: Bureau, numbers: list[str], of: Any = None) -> None:
    """Many cases, a hundred a batch."""
    told = [bureau.told(accepted(of or parallel(), None, number)) for number in numbers]
    assert bureau.say(told, handlers.follow_intake) == []


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """Run all of them at the same instant; what each returned or raised, in order."""
    ready = threading.Barrier(len(tasks))
    results: list[Any] = [None] * len(tasks)

    def run(place: int, task: Callable[[], Any]) -> None:
        ready.wait(10)
        try:
            results[place] = task()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def said_by_case(bureau: Bureau, *kinds: type[Event]) -> Counter[str]:
    return Counter(e.application_no for e in bureau.said(*kinds))


@contextmanager
def answering(database: Database, way: str, number: int, department: str) -> Iterator[subprocess.Popen[str]]:
    """A process that answers this branch of each case it is told."""
    config = database.config
    arguments = [config.database_url, config.master_key.hex(), way, str(number), department]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.approval.answering", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def test_migrations_make_what_the_mapping_says(database: Database) -> None:
    assert_migrated(database)


def test_the_last_two_answers_at_the_same_instant_from_two_processes_join_once(bureau: Bureau) -> None:
    """One by the broker, one at the desk: each case is decided and closed once, whoever comes first."""
    numbers = numbers_of(TIMES)
    for start in range(0, TIMES, 100):
        accept(bureau, numbers[start : start + 100])
        first = [bureau.told(answer(no(1, n), "DA")) for n in numbers[start : start + 100]]
        bureau.say(first, handlers.record_answers)
    with ExitStack() as stack:
        ways = ("broker", 2, "DB"), ("desk", 3, "DC")
        processes = [stack.enter_context(answering(bureau.database, *way)) for way in ways]
        for number in numbers:
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(f"{number}\n")
            for process in processes:
                assert process.stdout is not None
                assert process.stdout.readline() == "taken\n"
    once = dict.fromkeys(numbers, 1)
    assert said_by_case(bureau, CaseDecided) == once
    assert said_by_case(bureau, CaseClosed) == once
    assert bureau.rejected() == []


def test_two_workers_with_the_same_cases_in_opposite_order_agree(bureau: Bureau) -> None:
    numbers = numbers_of(100)
    accept(bureau, numbers)
    mine = [bureau.told(answer(no(1, n), "DA")) for n in numbers]
    theirs = [bureau.told(answer(no(2, n), "DB")) for n in reversed(numbers)]
    last = [bureau.told(answer(no(3, n), "DC")) for n in reversed(numbers)]

    def work(name: str, events: list[Any]) -> Any:
        return deliver(bureau.database, handlers.record_answers, events, subscription=name, batch=100)

    assert at_once(lambda: work("a", mine), lambda: work("b", theirs), lambda: work("c", last)) == [[]] * 3
    assert said_by_case(bureau, CaseDecided) == dict.fromkeys(numbers, 1)


def test_of_two_officers_at_the_same_instant_one_gets_the_branch(bureau: Bureau) -> None:
    accept(bureau, numbers := numbers_of(15))
    officers = [bureau.officer("DA", f"acc-{n}") for n in range(3)]
    for number in numbers:
        path = f"{BASE}/branches/{no(1, number)}/claim"
        answers = at_once(*(lambda who=who, path=path: who.post(path) for who in officers))
        assert sorted(a.status_code for a in answers) == [200, 409, 409]
        holder = bureau.branch("a", number).handler
        assert {a.get_json()["holder"] for a in answers if a.status_code == 409} == {holder}


def test_the_last_answer_and_a_withdrawal_at_the_same_instant_never_both_win(bureau: Bureau) -> None:
    accept(bureau, numbers := numbers_of(25), parallel("any"))
    for number in numbers:
        at_once(
            lambda n=number: bureau.reply(answer(no(1, n), "DA")),
            lambda n=number: bureau.hear(bureau.withdrawn(n)),
        )
        case = bureau.case(number)
        assert (case.decided_at is None) == (case.terminated_at is not None)
    decided, ended = said_by_case(bureau, CaseDecided), said_by_case(bureau, CaseTerminated)
    assert decided + ended == dict.fromkeys(numbers, 1)
    assert len(bureau.rejected()) == len(ended)


def test_a_timely_answer_and_the_silence_at_the_same_instant_end_in_the_answer(bureau: Bureau) -> None:
    accept(bureau, numbers := numbers_of(25), advertising())
    for number in numbers:
        branch_no = no(1, number)
        bureau.set_branch(branch_no, promised_due=bureau.now - timedelta(hours=1))
        timely = bureau.told(answer(branch_no, "GA", "agree_with_conditions"), ago=timedelta(hours=2))
        silence = bureau.told(SilenceDue(application_no=number, branch_no=branch_no))
        at_once(
            lambda e=timely: bureau.say([e], handlers.record_answers),
            lambda e=silence: bureau.say([e], handlers.record_answers),
        )
        branch = bureau.branch("traffic", number)
        assert (branch.status, branch.answer) == ("answered", "agree_with_conditions")
    assert bureau.rejected() == []


def test_the_same_application_accepted_at_two_workers_is_one_case(bureau: Bureau) -> None:
    numbers = numbers_of(30)

    def work(order: list[str]) -> list[Any]:
        return [bureau.accept(restaurant(), number) for number in order]

    results = at_once(lambda: work(numbers), lambda: work(numbers))
    broken = [r for r in results if not isinstance(r, list)]
    assert len(broken) <= 1, "who comes second is refused by the key and tries again"
    if broken:
        work(numbers)
    assert bureau.count(orm.case) == 30
    assert bureau.count(orm.branch) == 150


def test_a_page_of_a_long_inbox_is_read_off_the_index(bureau: Bureau) -> None:
    accept(bureau, numbers_of(1))
    with bureau.database.transaction() as uow:
        row = dict(uow.session.execute(select(orm.branch).limit(1)).mappings().one())
        del row["due_by_law"]
        rows = [
            row | {"branch_no": f"x{n:06d}", "number": n, "statutory_due": uow.now + timedelta(minutes=n)}
            for n in range(10, 5_010)
        ]
        uow.session.execute(insert(orm.branch), rows)
    with bureau.database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE branch"))
    officer = bureau.officer("DA")
    page = officer.get(f"{BASE}/inbox").get_json()
    assert len(page["items"]) == PAGE
    plan = _plan(bureau, page["next"])
    assert plan.count("branch_inbox") == len(queries.IN_HAND)
    assert "Seq Scan on branch" not in plan


def _plan(bureau: Bureau, cursor: str) -> str:
    """How PostgreSQL reads the second page."""
    with bureau.database.read() as session:
        query = queries.inbox_query("DA", queries.IN_HAND, cursor)
        compiled = query.compile(session.get_bind())
        parameters = compiled.construct_params()
        rows = session.connection().exec_driver_sql(f"EXPLAIN {compiled}", parameters)
        return "\n".join(row[0] for row in rows)
