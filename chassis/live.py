"""Live pages: what the event log says, to every open page that shows it (server-sent events).

One listener a process follows the log by its positions and asks one query a change, however many
streams are open; each stream has a small box in memory where changes of the same thing replace each
other. A page learns *that* something changed, and fetches it under its own rights.

Messages: ``changed`` with ``{"topic", "type", "subject"}``; ``reload`` when what was missed can't be told;
``signed-out`` before the end, when the reader's tokens were revoked or the reader no longer acts for the firm
the page shows. ``id`` is the log position.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any
from weakref import WeakSet

import structlog
from flask import Response, request
from sqlalchemy import FromClause, Row, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from chassis import clock, metrics, wake
from chassis.agencies import acting_now
from chassis.auth import Caller
from chassis.database import Database
from chassis.tables import event_log
from chassis.trust import Keyring

HEARTBEAT_S = 15.0
LOOK_S = 5.0
REVOCATION_S = 1.0
BOX_SIZE = 100
BATCH = 1000
RESUME_ROWS = 200
RESUME_SPAN = 50_000
"""How many positions back a stream resumes; further back the page is loaded again."""

LogRow = Row[int, str, str, str | None]

log = structlog.get_logger("live")


class Box:
    """What one stream has still to say; bounded, the latest change of each thing counts."""

    def __init__(self, topics: frozenset[str], caller: Caller | None):
        self.topics = topics
        self.caller = caller
        self.after = 0
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, str], tuple[int, str]] = {}
        self._reload_at: int | None = None
        self._last_words: str | None = None

    def put(self, position: int, kind: str, subject: str, topic: str) -> None:
        with self._changed:
            if len(self._waiting) >= BOX_SIZE and (subject, kind) not in self._waiting:
                self._waiting.clear()
                self._reload_at = position
            self._waiting[subject, kind] = (position, topic)
            self._changed.notify()

    def close(self, last_words: str = "") -> None:
        """End the stream, with a last message of this name if one is given."""
        with self._changed:
            self._last_words = last_words
            self._changed.notify()

    def take(self, timeout: float) -> tuple[list[bytes], bool]:
        """The messages to send now, after at most ``timeout`` seconds, and whether the stream goes on."""
        with self._changed:
            if not self._waiting and self._last_words is None:
                self._changed.wait(timeout)
            waiting, self._waiting = self._waiting, {}
            reload_at, self._reload_at = self._reload_at, None
            last_words = self._last_words
        messages = []
        if reload_at is not None:
            newest = max((p for p, _ in waiting.values()), default=reload_at)
            messages.append(message("reload", {}, max(newest, reload_at)))
        else:
            for (subject, kind), (position, topic) in sorted(waiting.items(), key=lambda w: w[1][0]):
                if position > self.after:
                    messages.append(_changed(position, kind, subject, topic))
        if last_words:
            messages.append(message(last_words, {}))
        return messages, last_words is None


class Feed:
    """All open streams of one process over one database's event log, or another ``source`` with the columns
    ``position`` (visible in order), ``type``, ``subject`` and ``case_id``.

    Nothing runs before the first stream is opened, and never across a fork.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring | None = None,
        *,
        source: FromClause = event_log,
        heartbeat: float = HEARTBEAT_S,
    ):
        self._database = database
        self._log = source.c
        self._rows = select(*(source.c[n] for n in ("position", "type", "subject", "case_id")))
        self._keyring = keyring
        self._heartbeat = heartbeat
        self._reset()
        _feeds.add(self)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._boxes: dict[Box, None] = {}
        self._by_topic: dict[str, dict[Box, None]] = {}
        self._cursor: int | None = None
        self._listener: threading.Thread | None = None
        self._closed = False

    def position(self) -> int:
        """Where the log ends now. Taken before a page's data is read, it is where its stream may begin."""
        cursor = self._cursor if self._pid == os.getpid() else None
        return cursor if cursor is not None else self._head()

    def response(self, topics: Iterable[str], caller: Caller | None = None) -> Response:
        """The HTTP answer that streams ``topics``.

        It resumes after ``Last-Event-ID``, which browsers send when they reconnect, else after the
        query's ``from`` (a `position`).
        """
        after = request.headers.get("Last-Event-ID") or request.args.get("from")
        return Response(
            self.stream(set(topics), after, caller=caller),
            content_type="text/event-stream; charset=utf-8",
            headers={"X-Accel-Buffering": "no"},
        )

    def stream(
        self, topics: set[str], last_event_id: str | int | None = None, *, caller: Caller | None = None
    ) -> Generator[bytes]:
        """Server-sent events about ``topics`` (an event's subject or case), until either side ends it."""
        box = Box(frozenset(topics), caller)
        self._add(box)
        try:
            head = box.after = self._follow_from_here()
            yield f"retry: {random.randint(1000, 4000)}\nid: {head}\n\n".encode()
            yield from self._missed(box.topics, _position(last_event_id), head)
            going_on = True
            while going_on:
                messages, going_on = box.take(self._heartbeat)
                yield from messages or ([b":\n\n"] if going_on else [])
        finally:
            self._remove(box)

    def close(self) -> None:
        """End all streams; their readers reconnect, to another process."""
        self._closed = True
        for box in list(self._boxes):
            box.close()

    def __len__(self) -> int:
        """How many streams are open."""
        return len(self._boxes)

    def _add(self, box: Box) -> None:
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            self._boxes[box] = None
            for topic in box.topics:
                self._by_topic.setdefault(topic, {})[box] = None
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="live", daemon=True)
                self._listener.start()
        metrics.STREAMS.labels(self._database.service).inc()
        if self._closed:
            box.close()

    def _remove(self, box: Box) -> None:
        with self._lock:
            self._boxes.pop(box, None)
            for topic in box.topics:
                readers = self._by_topic.get(topic, {})
                readers.pop(box, None)
                if not readers:
                    self._by_topic.pop(topic, None)
            if not self._boxes:
                self._cursor = None
        metrics.STREAMS.labels(self._database.service).dec()

    def _follow_from_here(self) -> int:
        """Where the log ends; from here on the listener hands everything out."""
        head = self.position()
        with self._lock:
            if self._cursor is None:
                self._cursor = head
                self._database.wake.signal(wake.LOGGED).ring()
        return head

    def _head(self) -> int:
        with self._database.read() as session:
            return session.execute(select(func.max(self._log.position))).scalar_one() or 0

    def _missed(self, topics: frozenset[str], after: int | None, head: int) -> Iterator[bytes]:
        if after is None or after == head:
            return
        if not max(0, head - RESUME_SPAN) <= after < head:
            yield message("reload", {}, head)
            return
        with self._database.read() as session:
            log = self._log
            mine = or_(log.subject.in_(topics), log.case_id.in_(topics))
            rows = session.execute(
                self._rows.where(log.position > after, log.position <= head, mine)
                .order_by(log.position)
                .limit(RESUME_ROWS + 1)
            ).all()
        if len(rows) > RESUME_ROWS:
            yield message("reload", {}, head)
            return
        latest = {(row.subject, row.type): row for row in rows}
        for row in sorted(latest.values(), key=lambda r: r.position):
            yield _changed(row.position, row.type, row.subject, _topic(row, topics))

    def _listen(self) -> None:
        signal = self._database.wake.signal(wake.LOGGED)
        seen, looked_at = -1, float("-inf")
        while not self._closed:
            rung = signal.wait(seen, REVOCATION_S)
            try:
                if self._cursor is not None and (rung != seen or time.monotonic() - looked_at > LOOK_S):
                    looked_at = time.monotonic()
                    while self._hand_out(self._read_on()) == BATCH:
                        pass
                seen = rung
                self._close_revoked()
            except SQLAlchemyError as error:
                log.warning("event log can't be read", error=type(error).__name__)
                time.sleep(REVOCATION_S)

    def _read_on(self) -> Sequence[LogRow]:
        cursor = self._cursor
        if cursor is None:
            return []
        with self._database.read() as session:
            return session.execute(
                self._rows.where(self._log.position > cursor).order_by(self._log.position).limit(BATCH)
            ).all()

    def _hand_out(self, rows: Sequence[LogRow]) -> int:
        with self._lock:
            for row in rows:
                for topic in {row.subject, row.case_id}:
                    for box in self._by_topic.get(topic or "", ()):
                        box.put(row.position, row.type, row.subject, topic or "")
            if rows and self._cursor is not None:
                self._cursor = rows[-1].position
        return len(rows)

    def _close_revoked(self) -> None:
        if self._keyring is None or not self._boxes:
            return
        self._keyring.refresh()
        for box in list(self._boxes):
            who = box.caller
            if who is not None and self._keyring.revoked(who.account_id, who.issued_at, who.session_id):
                box.close("signed-out")
        self._close_ended_agencies()

    def _close_ended_agencies(self) -> None:
        """Streams of people who act for a firm end with their agency, or when it becomes another one: one
        query, however many there are."""
        boxes = [(box, box.caller) for box in list(self._boxes) if box.caller and box.caller.acting]
        if not boxes:
            return
        with self._database.read() as session:
            current = acting_now({(w.account_id, w.principal) for _, w in boxes}, clock.now(), session)
        for box, who in boxes:
            if current.get((who.account_id, who.principal)) != who.acting:
                box.close("signed-out")


_feeds: WeakSet[Feed] = WeakSet()


def close_all() -> None:
    """End every stream of this process."""
    for feed in list(_feeds):
        feed.close()


def message(name: str, data: dict[str, Any], position: int | None = None) -> bytes:
    """One server-sent event."""
    identifier = f"id: {position}\n" if position is not None else ""
    return f"{identifier}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _changed(position: int, kind: str, subject: str, topic: str) -> bytes:
    return message("changed", {"topic": topic, "type": kind, "subject": subject}, position)


def _topic(row: LogRow, topics: frozenset[str]) -> str:
    return str(row.subject) if row.subject in topics else str(row.case_id)


def _position(last_event_id: str | int | None) -> int | None:
    """A position a reader claims to have seen; what is none counts as an impossible one (reload)."""
    if last_event_id is None or last_event_id == "":
        return None
    try:
        return int(last_event_id)
    except ValueError:
        return -1
