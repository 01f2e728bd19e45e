"""The whole platform killed at random moments with applications in flight, in both modes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine, create_engine, make_url, text

from chassis.trust import TOKEN_LIFETIME
from demo.client import SAMPLE, Client, Refused
from demo.platform import Platform
from deploy.local.stack import Stack
from tests.faults.flight import AGREED, DEPARTMENTS, PROCEDURE, Flight
from tests.faults.harness import until

KILLS = int(os.environ.get("ONEWINDOW_KILLS", "3"))
AWAY_S = float(os.environ.get("ONEWINDOW_AWAY_S", "2"))
"""How long identity is away; `make faults` takes the ten minutes that a token lives."""
LIFE_S = TOKEN_LIFETIME.total_seconds()
IDENTITY = ("identity.web", "identity.worker")
PAUSE_S = 5.0
APPLICATIONS = 200


def test_embedded_killed_at_random_moments_decides_every_application_once(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "data").start()
    engines = [create_engine(f"sqlite:///{tmp_path}/data/{name}.sqlite") for name in ("approval", "intake")]
    try:
        with Flight(platform.urls, APPLICATIONS) as flight:
            for _ in range(KILLS):
                _let_it_run(random.uniform(0.1, 2.0))
                platform.kill()
                platform.start()
            flight.land(lambda: _count_closed(engines[0]), 120)
        until(lambda: _settled(engines[1]) == APPLICATIONS, 60, "intake has followed every case")
        _assert_each_once(*engines, set(flight.numbers.values()))
        assert platform.stop() == 0
    finally:
        platform.kill()
        for engine in engines:
            engine.dispose()


def test_a_second_platform_on_one_folder_says_so(tmp_path: Path) -> None:
    with Platform(tmp_path / "data") as platform:
        second = _run("--data", str(platform.folder))
    assert second.returncode == 2
    assert "in use" in second.stderr


def test_a_city_that_cannot_be_loaded_stops_the_start_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "departments.yaml").write_text("departments: [")
    started = _run("--data", str(tmp_path / "data"), "--sample", str(tmp_path / "city"))
    assert started.returncode == 1
    assert "departments.yaml" in started.stderr
    assert "could not be prepared" in started.stderr.splitlines()[-1]


def _run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chassis.cli", "run", "--port", "0", *options],
        cwd=SAMPLE.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), durable=False) as stack:
        yield stack


def test_every_worker_broker_and_database_killed_in_flight_decides_every_application_once(
    stack: Stack,
) -> None:
    assert stack.postgres is not None and stack.rabbit is not None
    approval = _engine(stack, "approval")
    intake = _engine(stack, "intake")
    try:
        with Flight(stack.urls, APPLICATIONS) as flight:
            for victim in ("approval.worker", "intake.worker", "broker", "catalog.worker", "postgres"):
                _let_it_run(random.uniform(0.5, 1.5))
                if victim == "broker":
                    stack.rabbit.kill()
                    stack.rabbit.start()
                elif victim == "postgres":
                    stack.postgres.kill()
                    stack.postgres.start()
                else:
                    stack.kill(victim)
            flight.land(lambda: _count_closed(approval), 120)
        until(lambda: _settled(intake) == APPLICATIONS, 60, "intake has followed every case")
        _assert_each_once(approval, intake, set(flight.numbers.values()))
    finally:
        approval.dispose()
        intake.dispose()


def test_a_web_process_killed_around_the_commit_files_one_application_per_key(stack: Stack) -> None:
    intake = _engine(stack, "intake")
    before = _settled(intake, "%")
    try:
        with Flight(stack.urls, 40) as flight:
            for _ in range(4):
                _let_it_run(random.uniform(0.1, 0.6))
                stack.kill("intake.web")
            until(lambda: flight.all_filed, 60, "every key is answered in the end")
        assert len(set(flight.numbers.values())) == 40
        assert _settled(intake, "%") == before + 40
    finally:
        intake.dispose()


def test_while_identity_is_away_whoever_has_a_token_files_and_answers_until_it_ends(stack: Stack) -> None:
    began = time.monotonic()
    applicant, *systems = (
        _with_token(stack, login) for login in ("yunfan", *(f"dept-{d}" for d in DEPARTMENTS))
    )
    stopped = [stack.supervisor.stop(name) for name in IDENTITY]
    try:
        assert all(stopped), "they end when they are told to"
        with pytest.raises((requests.ConnectionError, Refused)):
            Client(stack.urls, "yunfan").sign_in()
        ends = began + min(AWAY_S, LIFE_S - 30)
        decided = 0
        while decided == 0 or time.monotonic() < ends:
            number = applicant.file(PROCEDURE)["application_no"]
            until(partial(_answered, number, applicant, systems), 60, f"{number} is decided")
            decided += 1
            _let_it_run(min(PAUSE_S, AWAY_S))
        if AWAY_S >= LIFE_S:
            until(lambda: _refused(applicant), LIFE_S, "a token ends with its ten minutes")
    finally:
        for name in IDENTITY:
            stack.supervisor.start(name)
    stack.wait_ready()
    again = _with_token(stack, "yunfan")
    assert again.get("intake", f"/applications/{number}")["status"] in ("decided", "closed")


def _engine(stack: Stack, service: str) -> Engine:
    url = make_url(stack.database_url.format(service=service)).set(drivername="postgresql+psycopg")
    return create_engine(url, pool_pre_ping=True)


def _let_it_run(seconds: float) -> None:
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, seconds + 5)


def _count_closed(approval: Engine) -> int:
    return _ask(approval, "SELECT count(*) FROM approval_case WHERE closed_at IS NOT NULL")


def _settled(intake: Engine, status: str = "closed") -> int:
    return _ask(intake, f"SELECT count(*) FROM application WHERE status LIKE '{status}'")


def _ask(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _assert_each_once(approval: Engine, intake: Engine, numbers: set[str]) -> None:
    """One application, one decision and one event of each a case; nothing dead, nothing doubled."""
    with approval.connect() as connection:
        kinds = "('approval.case_decided', 'approval.case_closed')"
        logged = connection.execute(text(f"SELECT case_id, type FROM event_log WHERE type IN {kinds}")).all()
    counted = Counter((case, kind) for case, kind in logged)
    assert set(counted.values()) == {1}
    assert {case for case, _ in counted} == numbers
    for engine in (approval, intake):
        assert _ask(engine, "SELECT count(*) FROM dead_event") == 0
    assert _ask(intake, "SELECT count(*) FROM application") == len(numbers) == APPLICATIONS


def _with_token(stack: Stack, login: str) -> Client:
    """Somebody who keeps the token of now: no new sign-in."""
    client = Client(stack.urls)
    client.token = Client(stack.urls, login).sign_in().token
    return client


def _answered(number: str, applicant: Client, systems: list[Client]) -> bool:
    for system in systems:
        for branch in system.get("approval", "/inbox", status="open")["items"]:
            path = f"/branches/{branch['branch_no']}/answer"
            system.post("approval", path, AGREED, key=f"answer-{branch['branch_no']}")
    return applicant.get("intake", f"/applications/{number}")["status"] in ("decided", "closed")


def _refused(client: Client) -> bool:
    try:
        client.get("intake", "/applications")
    except Refused as refused:
        return refused.status == 401
    return False
