"""Open pages learn of changes: all of them, once, and at the price of one query however many are open."""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import event as sql_event
from sqlalchemy import insert

from chassis import live, wake
from chassis.auth import Caller
from chassis.database import Database
from chassis.fakes.database import envelope, memory_database
from chassis.live import Feed
from chassis.tables import event_log
from chassis.trust import Keyring, keep
from contracts.identity import SessionRevoked, TokensRevoked

DEADLINE = 10.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = memory_database("portal", tmp_path)
    yield made
    made.close()


@pytest.fixture
def feed(database: Database) -> Iterator[Feed]:
    made = Feed(database, Keyring(database))
    yield made
    made.close()
    wait_for(lambda: len(made) == 0)
    database.wake.notify(wake.LOGGED)
    if made._listener is not None:
        made._listener.join(DEADLINE)


def wait_for(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    turn = threading.Event()
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        turn.wait(0.005)


def log(database: Database, *subjects: str, case: str | None = None) -> int:
    """Append to the event log as the relay does, then signal; returns the last position."""
    with database.transaction() as uow:
        rows = [
            {
                "logged_at": uow.now,
                "time": uow.now,
                "event_id": str(uuid4()),
                "type": "portal.page_changed",
                "subject": subject,
                "sequence": 1,
                "case_id": case,
                "body": b"{}",
            }
            for subject in subjects
        ]
        last = (
            uow.session.execute(
                insert(event_log).returning(event_log.c.position, sort_by_parameter_order=True), rows
            )
            .scalars()
            .all()[-1]
        )
    database.wake.notify(wake.LOGGED)
    return last


class Reader:
    """A page with an open stream."""

    def __init__(self, feed: Feed, *topics: str, after: str | int | None = None, who: Caller | None = None):
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self.raw: list[bytes] = []
        self.ended = threading.Event()
        self._stream = feed.stream(set(topics), after, caller=who)
        self._opened = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._opened.wait(DEADLINE)

    def _read(self) -> None:
        for chunk in self._stream:
            self.raw.append(chunk)
            parts = dict(re.findall(r"^(\w+): ?(.*)$", chunk.decode(), re.MULTILINE))
            if "event" in parts:
                self.messages.put(
                    {"event": parts["event"], "id": parts.get("id"), **json.loads(parts["data"])}
                )
            self._opened.set()
        self.ended.set()

    def next(self) -> dict[str, Any]:
        return self.messages.get(timeout=DEADLINE)


def test_a_page_hears_of_its_topic_and_of_nothing_else(database: Database, feed: Feed) -> None:
    reader = Reader(feed, "case:A")
    log(database, "case:B", "department:SJ")
    position = log(database, "case:A")
    assert reader.next() == {
        "event": "changed",
        "id": str(position),
        "topic": "case:A",
        "type": "portal.page_changed",
        "subject": "case:A",
    }
    assert reader.messages.empty()


def test_a_page_may_follow_a_case_by_the_events_that_belong_to_it(database: Database, feed: Feed) -> None:
    reader = Reader(feed, "A")
    log(database, "A-01", case="A")
    message = reader.next()
    assert (message["topic"], message["subject"]) == ("A", "A-01")


def test_a_new_stream_says_where_it_begins(database: Database, feed: Feed) -> None:
    position = log(database, "case:A")
    first = next(feed.stream({"case:A"}))
    assert f"id: {position}\n".encode() in first
    assert b"retry: " in first


def test_a_reader_that_comes_back_gets_what_it_missed_once(database: Database, feed: Feed) -> None:
    seen = log(database, "case:A")
    missed = log(database, "case:A", "case:B")
    reader = Reader(feed, "case:A", "case:B", after=str(seen))
    assert [reader.next()["subject"], reader.next()["subject"]] == ["case:A", "case:B"]
    log(database, "case:A")
    later = reader.next()
    assert int(later["id"]) > missed
    assert reader.messages.empty()


def test_a_change_between_drawing_a_page_and_opening_its_stream_is_heard(
    database: Database, feed: Feed
) -> None:
    drawn_at = feed.position()
    log(database, "case:A")
    assert Reader(feed, "case:A", after=drawn_at).next()["event"] == "changed"


@pytest.mark.parametrize("last_event_id", ["999999", "-5", "nonsense"])
def test_a_reader_with_an_impossible_position_reloads(
    database: Database, feed: Feed, last_event_id: str
) -> None:
    head = log(database, "case:A")
    assert Reader(feed, "case:A", after=last_event_id).next() == {"event": "reload", "id": str(head)}


def test_a_reader_that_was_away_too_long_reloads(
    database: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = log(database, "case:A")
    log(database, *(f"branch-{n}" for n in range(live.RESUME_ROWS + 1)), case="case:A")
    assert Reader(feed, "case:A", after=seen).next()["event"] == "reload"
    monkeypatch.setattr(live, "RESUME_SPAN", 10)
    assert Reader(feed, "case:A", after=seen).next()["event"] == "reload"


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "event_log" in statement and statement.startswith("SELECT"):
            asked.append(statement)

    sql_event.listen(database.reader, "before_cursor_execute", count)
    yield asked
    sql_event.remove(database.reader, "before_cursor_execute", count)


def test_the_number_of_open_streams_does_not_change_the_number_of_queries(
    database: Database, feed: Feed
) -> None:
    def queries_for_ten_changes(readers: list[Reader]) -> int:
        with counted(database) as asked:
            for _ in range(10):
                log(database, "case:A")
                for reader in readers:
                    assert reader.next()["subject"] == "case:A"
        return len(asked)

    one = [Reader(feed, "case:A")]
    alone = queries_for_ten_changes(one)
    many = one + [Reader(feed, "case:A", f"case:{n}") for n in range(60)]
    assert len(feed) == 61
    together = queries_for_ten_changes(many)
    assert 10 <= alone <= 12 and 10 <= together <= 12


def test_changes_of_one_thing_replace_each_other_for_a_slow_reader(database: Database, feed: Feed) -> None:
    stream = feed.stream({"case:A", "case:B"})
    next(stream)
    wait_for(lambda: len(feed) == 1)
    for _ in range(20):
        log(database, "case:A")
    last = log(database, "case:B", "case:A")
    wait_for(lambda: feed.position() == last)
    first, second = next(stream), next(stream)
    assert b'"subject": "case:B"' in first and f"id: {last}\n".encode() in second
    stream.close()


def test_a_box_that_overflows_becomes_one_reload(
    database: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BOX_SIZE", 5)
    stream = feed.stream({"A"})
    next(stream)
    last = log(database, *(f"A-{n:02}" for n in range(12)), case="A")
    wait_for(lambda: feed.position() == last)
    assert next(stream) == live.message("reload", {}, last)
    after = log(database, "A-00", case="A")
    assert f"id: {after}\n".encode() in next(stream)
    stream.close()


def test_an_idle_stream_beats_so_that_nobody_hangs_up(database: Database) -> None:
    feed = Feed(database, heartbeat=0.01)
    stream = feed.stream({"case:A"})
    next(stream)
    assert [next(stream), next(stream)] == [b":\n\n", b":\n\n"]
    stream.close()
    feed.close()


def caller(account_id: str) -> Caller:
    now = time.time()
    return Caller(account_id, "person", frozenset(), None, now - 5, now + 595)


def test_a_revoked_account_loses_its_streams_and_nobody_else_does(
    database: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "REVOCATION_S", 0.01)
    monkeypatch.setattr(Keyring, "MAX_AGE", 0.0)
    monkeypatch.setattr(Keyring.refresh, "__defaults__", (0.0,))
    theirs = Reader(feed, "case:A", who=caller("acc-1"))
    others = Reader(feed, "case:A", who=caller("acc-2"))
    with database.transaction() as uow:
        revoked = TokensRevoked(account_id="acc-1", not_before=datetime.now(UTC))
        keep([envelope(revoked, sequence=1, time=uow.now)], uow)
    assert theirs.next() == {"event": "signed-out", "id": None}
    assert theirs.ended.wait(DEADLINE)
    log(database, "case:A")
    assert others.next()["event"] == "changed"


def test_a_session_that_was_ended_loses_its_streams_and_the_accounts_others_go_on(
    database: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "REVOCATION_S", 0.01)
    monkeypatch.setattr(Keyring, "MAX_AGE", 0.0)
    monkeypatch.setattr(Keyring.refresh, "__defaults__", (0.0,))
    gone = Reader(feed, "case:A", who=replace(caller("acc-1"), session_id="s-1"))
    other = Reader(feed, "case:A", who=replace(caller("acc-1"), session_id="s-2"))
    with database.transaction() as uow:
        ended = SessionRevoked(session_id="s-1", account_id="acc-1", ended_at=datetime.now(UTC))
        keep([envelope(ended, sequence=1, time=uow.now)], uow)
    assert gone.next() == {"event": "signed-out", "id": None}
    assert gone.ended.wait(DEADLINE)
    log(database, "case:A")
    assert other.next()["event"] == "changed"


def test_a_stream_that_ends_is_forgotten_and_closing_ends_all(database: Database, feed: Feed) -> None:
    stream = feed.stream({"case:A"})
    next(stream)
    assert len(feed) == 1
    stream.close()
    assert len(feed) == 0
    readers = [Reader(feed, "case:A") for _ in range(3)]
    feed.close()
    assert all(reader.ended.wait(DEADLINE) for reader in readers)
    assert len(feed) == 0


def test_a_stream_never_started_costs_nothing(feed: Feed) -> None:
    feed.stream({"case:A"}).close()
    assert len(feed) == 0 and feed._listener is None


def test_the_http_answer_resumes_after_the_header_or_the_address(database: Database, feed: Feed) -> None:
    app = Flask(__name__)
    app.add_url_rule("/stream", view_func=lambda: feed.response({"case:A"}))
    seen = log(database, "case:A")
    log(database, "case:A")
    for options in ({"headers": {"Last-Event-ID": str(seen)}}, {"query_string": {"from": str(seen)}}):
        answer = app.test_client().get("/stream", buffered=False, **options)  # type: ignore[arg-type]
        assert answer.mimetype == "text/event-stream"
        chunks = iter(answer.response)
        assert b"retry" in bytes(next(chunks)) and b"event: changed" in bytes(next(chunks))
        answer.close()
    wait_for(lambda: len(feed) == 0)


def test_a_database_that_is_away_for_a_moment_only_delays_the_news(
    database: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    monkeypatch.setattr(live, "REVOCATION_S", 0.01)
    reader = Reader(feed, "case:A")
    real, failures = Feed._read_on, []

    def fail_twice(self: Feed) -> Any:
        if len(failures) < 2:
            failures.append(1)
            raise OperationalError("SELECT", {}, Exception("gone"))
        return real(self)

    monkeypatch.setattr(Feed, "_read_on", fail_twice)
    log(database, "case:A")
    assert reader.next()["subject"] == "case:A"
    assert len(failures) == 2
