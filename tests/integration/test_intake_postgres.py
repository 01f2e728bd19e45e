"""Many at once, on PostgreSQL: numbers, locks, races at the desk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.database import Database
from chassis.fakes.database import deliver
from contracts import intake
from contracts.cloudevents import Envelope
from services.intake import handlers
from tests.conftest import Databases
from tests.migrated import migrated
from tests.unit.intake.helpers import FORM, Approval
from tests.unit.intake.office import BASE, Office
from tests.unit.intake.test_intake_worker import assert_migrated


@pytest.fixture
def database(tmp_path: Path, databases: Databases) -> Iterator[Database]:
    made = migrated("intake", tmp_path, database_url=databases("intake"))
    yield made
    made.close()


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """Run all of them at the same instant; what each returned, in order."""
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


def test_migrations_make_what_the_mapping_says(database: Database) -> None:
    assert_migrated(database)


def test_filings_at_the_same_time_get_numbers_of_their_own(office: Office) -> None:
    def file_some() -> list[str]:
        who = office.person("acc-1")
        return [office.file(who=who) for _ in range(30)]

    results = at_once(*[file_some] * 6)
    numbers = [number for found in results for number in found]
    assert len(set(numbers)) == 180 == office.count()


def test_fifty_equal_filings_at_once_make_one_application(office: Office) -> None:
    def post() -> Any:
        answer = office.applicant.post(
            f"{BASE}/applications",
            json={"procedure": "open-shop", "form": FORM},
            headers={"Idempotency-Key": "once"},
        )
        return answer.status_code, answer.get_data()

    results = [at_once(*[post] * 10) for _ in range(5)]
    answers = {answer for found in results for answer in found}
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert office.count() == 1


def test_two_workers_that_hear_of_the_same_cases_in_opposite_order_agree(office: Office) -> None:
    numbers = [office.file() for _ in range(20)]
    odd: list[Envelope] = []
    even: list[Envelope] = []
    for number in numbers:
        told = Approval(["food", "fire"], number)
        told.open_case()
        told.answer("food")
        told.answer("fire")
        told.decide()
        told.issue("food")
        told.close()
        odd += told.story[::2]
        even += told.story[1::2]

    def work(events: list[Envelope], name: str) -> Any:
        return deliver(office.database, handlers.follow_cases, events, subscription=name, batch=30)

    results = at_once(lambda: work(odd, "a"), lambda: work(even[::-1], "b"))
    assert results == [[], []]
    for number in numbers:
        found = office.row(number)
        assert (found.status, found.outcome, found.case.answered) == ("closed", "granted", 2)
    last = {e.subject: e for e in office.said(intake.ApplicationStatusChanged)}
    assert {e.status for e in last.values() if isinstance(e, intake.ApplicationStatusChanged)} == {"closed"}


def test_acceptance_and_withdrawal_at_the_same_instant_never_contradict_each_other(office: Office) -> None:
    clerk = office.staff("acceptance_clerk", "SJ")
    for _ in range(15):
        number = office.file("desk-shop")
        accepted, withdrawn = at_once(
            lambda no=number: clerk.post(f"{BASE}/applications/{no}/accept").status_code,
            lambda no=number: office.applicant.post(f"{BASE}/applications/{no}/withdraw").status_code,
        )
        found = office.row(number)
        asked = [e for e in office.said(intake.WithdrawalRequested) if e.subject == number]
        assert withdrawn == 202
        if accepted == 200:
            assert (found.status, found.withdrawal, len(asked)) == ("accepted", "pending", 1)
        else:
            assert (accepted, found.status, asked) == (409, "withdrawn", [])


def test_two_clerks_at_the_same_instant_make_one_decision(office: Office) -> None:
    clerk, body = office.staff("acceptance_clerk", "SJ"), {"ground": "no_licence_needed", "reason": "不需要"}
    for _ in range(15):
        number = office.file("desk-shop")
        statuses = at_once(
            lambda no=number: clerk.post(f"{BASE}/applications/{no}/accept").status_code,
            lambda no=number: clerk.post(f"{BASE}/applications/{no}/refuse", json=body).status_code,
        )
        assert sorted(statuses) == [200, 409]
