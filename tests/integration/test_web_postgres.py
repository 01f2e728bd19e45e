"""The web side on PostgreSQL, in several processes: waiting, repeating, dying, listening."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from flask import Flask
from sqlalchemy import func, insert, select, text, update

from chassis import idempotency, live, ops, ratelimit, wake
from chassis.config import Config
from chassis.database import Database
from chassis.fakes.web import Mint, client
from chassis.live import Feed
from chassis.sealing import read_master_key
from chassis.tables import attempt, event_log
from chassis.tables import idempotency as keys
from tests.conftest import Databases
from tests.notes_app import Base, Note, add_note, count_notes, hooks, notes_app

ROOT = Path(__file__).parents[2]
DEADLINE = 20.0
NOTE = {"text": "x"}
KEY = {"Idempotency-Key": "6b1f"}


@pytest.fixture
def config(databases: Databases, tmp_path: Path) -> Config:
    return Config("notes", databases("notes"), "memory://", read_master_key(tmp_path / "master.key"))


@pytest.fixture
def database(config: Config) -> Iterator[Database]:
    made = Database(config)
    with made.writer.begin() as connection:
        Base.metadata.create_all(connection)
    yield made
    hooks.clear()
    made.close()


@pytest.fixture
def mint(database: Database) -> Mint:
    made = Mint()
    made.install(database)
    return made


@pytest.fixture
def app(database: Database) -> Flask:
    return notes_app(database)


def wait_for(done: Callable[[], Any], deadline: float = DEADLINE) -> Any:
    end = time.monotonic() + deadline
    turn = threading.Event()
    while not (found := done()):
        assert time.monotonic() < end, "it did not happen in time"
        turn.wait(0.01)
    return found


def waiting_for_locks(database: Database) -> int:
    with database.read() as session:
        return session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )


def test_fifty_equal_posts_at_once_are_one_note_and_one_answer(
    app: Flask, mint: Mint, database: Database
) -> None:
    token = mint.token("acc-1")

    def send(_: int) -> tuple[int, bytes]:
        answer = client(app, token).post("/api/notes/notes", json=NOTE, headers=KEY)
        return answer.status_code, answer.get_data()

    with ThreadPoolExecutor(50) as threads:
        answers = set(threads.map(send, range(50)))
    assert len(answers) == 1 and next(iter(answers))[0] == 201
    assert count_notes(database) == 1


@pytest.mark.parametrize("first_fails", [False, True])
def test_the_same_key_waits_for_the_first_request_to_end(
    app: Flask, mint: Mint, database: Database, first_fails: bool
) -> None:
    token = mint.token("acc-1")
    inside, go_on = threading.Event(), threading.Event()
    turns: list[int] = []

    def hold_the_first() -> None:
        turns.append(1)
        if len(turns) == 1:
            inside.set()
            assert go_on.wait(DEADLINE)
            if first_fails:
                raise ZeroDivisionError

    hooks["after insert"] = hold_the_first

    def send() -> Any:
        return client(app, token).post("/api/notes/notes", json=NOTE, headers=KEY)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(send)
        assert inside.wait(DEADLINE)
        second = threads.submit(send)
        wait_for(lambda: waiting_for_locks(database) == 1)
        assert not second.done()
        go_on.set()
        one, two = first.result(DEADLINE), second.result(DEADLINE)
    assert (one.status_code, two.status_code) == (500 if first_fails else 201, 201)
    assert ("Idempotency-Replayed" in two.headers) is not first_fails
    assert len(turns) == (2 if first_fails else 1)
    assert count_notes(database) == 1


def test_two_requests_that_lock_each_other_out_both_succeed(
    app: Flask, mint: Mint, database: Database
) -> None:
    from chassis.web import current_uow

    notes = [add_note(database, "acc-1"), add_note(database, "acc-2")]
    meet = threading.Barrier(2, timeout=DEADLINE)
    order = threading.local()
    tries: list[int] = []

    def write_both() -> None:
        tries.append(1)
        session = current_uow().session
        first, second = order.ids
        session.execute(update(Note).where(Note.id == first).values(text="y"))
        if not order.met:
            order.met = True
            meet.wait()
        session.execute(update(Note).where(Note.id == second).values(text="y"))

    hooks["after insert"] = write_both

    def send(ids: list[int]) -> int:
        order.ids, order.met = ids, False
        return client(app, mint.token("acc-1")).post("/api/notes/notes", json=NOTE).status_code

    with ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(send, [notes, notes[::-1]]))
    assert statuses == [201, 201]
    assert len(tries) == 3
    assert count_notes(database) == 4


def test_a_connection_that_breaks_is_a_503_and_the_next_request_is_served(
    app: Flask, mint: Mint, database: Database
) -> None:
    from chassis.web import current_uow

    citizen = client(app, mint.token("acc-1"))
    hooks["after insert"] = lambda: current_uow().session.execute(
        text("SELECT pg_terminate_backend(pg_backend_pid())")
    )
    answer = citizen.post("/api/notes/notes", json=NOTE, headers=KEY)
    assert (answer.status_code, answer.get_json()["type"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    hooks.clear()
    assert citizen.post("/api/notes/notes", json=NOTE, headers=KEY).status_code == 201
    assert count_notes(database) == 1


def test_a_value_the_database_cannot_keep_is_the_callers_mistake(app: Flask, mint: Mint) -> None:
    from chassis.web import current_uow

    hooks["after insert"] = lambda: current_uow().session.execute(text("SELECT 99999999999::int"))
    answer = client(app, mint.token("acc-1")).post("/api/notes/notes", json=NOTE)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "invalid-request")


def test_parallel_guesses_do_not_get_more_tries(app: Flask) -> None:
    def guess(_: int) -> int:
        return client(app).post("/api/notes/guess", json={"word": "sea"}).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(guess, range(20)))
    assert statuses == [404] * 3 + [429] * 17


def test_what_has_expired_is_swept_away_by_several_at_once(database: Database) -> None:
    with database.transaction() as uow:
        old = uow.now - timedelta(days=3)
        uow.session.execute(
            insert(keys),
            [
                {"caller": "a", "route": "r", "key": str(n), "body_hash": "", "created_at": old}
                for n in range(300)
            ],
        )
        uow.session.execute(insert(attempt), [{"key": str(n), "count": 1, "until": old} for n in range(30)])
    with ThreadPoolExecutor(4) as threads:
        swept = sum(threads.map(lambda _: idempotency.sweep(database, batch=50), range(4)))
    assert swept <= 200
    while idempotency.sweep(database, batch=50):
        pass
    assert ratelimit.sweep(database) == 30
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(keys)) == 0


def test_a_migrated_database_with_a_key_is_ready(database: Database, mint: Mint) -> None:
    assert ops.findings(database) == []


def append(database: Database, subject: str) -> None:
    with database.transaction() as uow:
        uow.session.execute(
            insert(event_log).values(
                logged_at=uow.now,
                time=uow.now,
                event_id=str(uuid4()),
                type="portal.page_changed",
                subject=subject,
                sequence=1,
                body=b"{}",
            )
        )
    database.wake.notify(wake.LOGGED)


def test_a_page_hears_of_what_another_process_logged_without_waiting_for_a_poll(
    database: Database, config: Config
) -> None:
    elsewhere = Database(config)
    feed = Feed(database)
    stream = feed.stream({"case:A"})
    next(stream)
    wait_for(lambda: listeners(database) == 1)
    delays = []
    for _ in range(5):
        started = time.monotonic()
        append(elsewhere, "case:A")
        assert b"event: changed" in next(stream)
        delays.append(time.monotonic() - started)
    assert min(delays) < live.LOOK_S / 5
    with elsewhere.transaction() as uow:
        uow.session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        )
    append(elsewhere, "case:A")
    assert b"event: changed" in next(stream)
    wait_for(lambda: listeners(database) == 1)
    stream.close()
    feed.close()
    elsewhere.close()


def listeners(database: Database) -> int:
    with database.read() as session:
        return session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        )


@contextmanager
def gunicorn(config: Config, folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The notes service as it runs in production; ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    command = ["gunicorn", "-c", "python:chassis.wsgi", "--bind", address, "--no-control-socket"]
    environment = {
        **os.environ,
        "ONEWINDOW_DATABASE_URL": config.database_url,
        "ONEWINDOW_MASTER_KEY_FILE": str(folder / "master.key"),
        "PROMETHEUS_MULTIPROC_DIR": str(figures),
    }
    with (folder / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "-k", "gthread", *options, "tests.notes_app:from_env()"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: alive(f"http://{address}/healthz"))
        yield process, f"http://{address}"
    finally:
        process.terminate()
        process.wait(DEADLINE)


def alive(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def test_a_process_that_dies_between_commit_and_answer_has_done_the_work_once(
    database: Database, config: Config, mint: Mint, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {mint.token('acc-1')}", **KEY}
    with gunicorn(config, tmp_path, "--workers", "2", "--threads", "8") as (_, url):
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{url}/api/notes/notes", json=NOTE, headers={**headers, "X-Die": "1"}, timeout=20)
        assert count_notes(database) == 1
        wait_for(lambda: alive(f"{url}/healthz"))
        with ThreadPoolExecutor(10) as threads:
            answers = list(
                threads.map(
                    lambda _: requests.post(f"{url}/api/notes/notes", json=NOTE, headers=headers, timeout=20),
                    range(50),
                )
            )
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert all(a.headers["Idempotency-Replayed"] == "true" for a in answers)
    assert count_notes(database) == 1


def test_open_streams_end_at_sigterm_and_figures_of_all_processes_add_up(
    database: Database, config: Config, mint: Mint, tmp_path: Path
) -> None:
    with gunicorn(config, tmp_path, "--workers", "2", "--threads", "12") as (process, url):
        streams = [requests.get(f"{url}/stream", stream=True, timeout=20) for _ in range(8)]
        lines = [stream.iter_lines() for stream in streams]
        for one in lines:
            assert next(one).startswith(b"retry: ")
        append(database, "case:A")
        for one in lines:
            assert any(line == b"event: changed" for line in one)
        figures = requests.get(f"{url}/metrics", timeout=5).text.splitlines()
        assert 'onewindow_open_streams{service="notes"} 8.0' in figures
        streamed = 'http_requests_total{method="GET",route="/stream",service="notes",status="200"} 8.0'
        assert streamed in figures
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        for one in lines:
            assert not any(b"event" in line for line in one)
        process.wait(DEADLINE)
        assert time.monotonic() - started < live.HEARTBEAT_S / 2


def test_a_revocation_is_refused_by_running_processes_within_seconds(
    database: Database, config: Config, mint: Mint, tmp_path: Path
) -> None:
    from chassis.fakes.database import envelope
    from chassis.trust import keep
    from contracts.identity import TokensRevoked

    note = add_note(database)
    headers = {"Authorization": f"Bearer {mint.token('acc-1')}"}
    with gunicorn(config, tmp_path, "--workers", "1", "--threads", "4") as (_, url):

        def status() -> int:
            return requests.get(f"{url}/api/notes/notes/{note}", headers=headers, timeout=5).status_code

        assert status() == 200
        with database.transaction() as uow:
            revoked = TokensRevoked(account_id="acc-1", not_before=datetime.now(UTC))
            keep([envelope(revoked, sequence=1, time=uow.now)], uow)
        wait_for(lambda: status() == 401, deadline=3)
