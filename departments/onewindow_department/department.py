"""A department's place at the broker: its work, its answers, its history."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pika
from pika.exceptions import AMQPConnectionError, AMQPError, ChannelClosedByBroker, NackError, UnroutableError

from onewindow_department.message import Message, read

log = logging.getLogger("onewindow_department")

EXCHANGE = "departments.replies"
ANSWER = "departments.answer_given"
CONTENT_TYPE = "application/cloudevents+json"
IDS = uuid.UUID("7d0c3d0e-51f5-5f0e-9a6e-0f6f3a2f5d11")
BACKOFF_S = (0.2, 30.0)
HEARTBEAT_S = 30
LOST = (AMQPConnectionError, AMQPError, OSError)


class Refused(Exception):
    """The broker didn't take an answer: wrong rights, or nobody there to hear it."""


class Department:
    """``code`` as the city gave it, ``password`` as provisioned, ``broker`` like ``amqp://host:5672``
    (``amqps://`` with TLS)."""

    def __init__(self, code: str, password: str, broker: str = "amqp://127.0.0.1:5672"):
        self.code = code
        self.user = f"department-{code}"
        self.tasks, self.history = f"departments.{code}.tasks", f"departments.{code}.history"
        self._parameters = pika.URLParameters(broker.rstrip("/") + "/%2F")
        self._parameters.credentials = pika.PlainCredentials(self.user, password)
        self._parameters.heartbeat = HEARTBEAT_S
        self._answering = threading.Lock()
        self._connection: pika.BlockingConnection | None = None
        self._channel: Any = None
        self._stopped = threading.Event()

    def subscribe(self, work: Callable[[Message], Any], *, prefetch: int = 20) -> None:
        """Call ``work`` with each message of the work queue, one after the other, until `stop`.

        A message is acknowledged after ``work`` has returned, so commit in it. What was not acknowledged
        comes again after a crash: remember ``message.id`` in the same commit. When ``work`` raises, the
        message is put back and tried again after a pause. The connection is kept alive however long
        ``work`` takes, and made again when it is lost.
        """
        pause = BACKOFF_S[0]
        with ThreadPoolExecutor(1, "onewindow-work") as pool:
            while not self._stopped.is_set():
                connection = None
                try:
                    connection = pika.BlockingConnection(self._parameters)
                    pause = BACKOFF_S[0]
                    self._consume(connection, work, prefetch, pool)
                except ChannelClosedByBroker as error:
                    log.error("the broker refuses: %s", error.reply_text)
                except LOST as error:
                    log.warning("the broker is away: %r", error)
                finally:
                    _close(connection)
                if not self._stopped.wait(pause * random.uniform(0.5, 1.0)):
                    pause = min(pause * 2, BACKOFF_S[1])

    def stop(self) -> None:
        """Have `subscribe` return after the message it is at."""
        self._stopped.set()

    def answer(
        self,
        task: Message | str,
        answer: str,
        results: Mapping[str, str] | None = None,
        *,
        competent_department: str | None = None,
        reply_id: str | None = None,
    ) -> str:
        """Answer a branch, and return the reply's id once the broker has it. Raises `Refused`, or
        `pika.exceptions.AMQPError` when the broker stays away.

        ``answer`` is agree, agree_with_conditions, refuse, unable or not_competent (then with
        ``competent_department``). Answering the same task again is the same reply and counts once. What
        can't be taken comes back as ``approval.reply_rejected`` with this id.
        """
        branch_no = task if isinstance(task, str) else task.branch_no
        if branch_no is None:
            raise ValueError("this message is about no branch")
        key = branch_no if isinstance(task, str) else task.id
        reply = reply_id or str(uuid.uuid5(IDS, f"{self.code}/{branch_no}/{key}"))
        data = {
            "branch_no": branch_no,
            "department": self.code,
            "answer": answer,
            "competent_department": competent_department,
            "results": dict(results or {}),
        }
        self._publish(reply, branch_no, data)
        return reply

    def replay(
        self, since: str | int | datetime = "first", *, quiet_s: float = 1.0, prefetch: int = 1000
    ) -> Iterator[Message]:
        """What was said to the department, in order, each event once: from the beginning, from an offset
        (the last ``message.offset`` + 1) or from a little before a time. Ends when nothing came for
        ``quiet_s`` seconds."""
        connection = pika.BlockingConnection(self._parameters)
        seen: set[str] = set()
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=prefetch)
            offset = since.astimezone(UTC).replace(tzinfo=None) if isinstance(since, datetime) else since
            incoming = channel.consume(
                self.history, arguments={"x-stream-offset": offset}, inactivity_timeout=quiet_s
            )
            for taken, (method, properties, body) in enumerate(incoming, 1):
                if method is None:
                    return
                if taken % (prefetch // 4 or 1) == 0:
                    channel.basic_ack(method.delivery_tag, multiple=True)
                message = read(body, (properties.headers or {}).get("x-stream-offset"))
                if message.id not in seen:
                    seen.add(message.id)
                    yield message
        finally:
            _close(connection)

    def close(self) -> None:
        """Close the connection answers go by."""
        connection, self._connection, self._channel = self._connection, None, None
        _close(connection)

    def _consume(
        self, connection: Any, work: Callable[[Message], Any], prefetch: int, pool: ThreadPoolExecutor
    ) -> None:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=prefetch)
        for method, _, body in channel.consume(self.tasks, inactivity_timeout=0.2):
            if self._stopped.is_set():
                return
            if method is None:
                continue
            working = pool.submit(lambda body=body: work(read(body)))
            _await(working, connection)
            error = working.exception()
            if error is None:
                channel.basic_ack(method.delivery_tag)
                continue
            log.error("%s: put back, tried again later", body[:80], exc_info=error)
            _pause(connection, 1.0, self._stopped)
            channel.basic_nack(method.delivery_tag, requeue=True)

    def _publish(self, reply: str, branch_no: str, data: dict[str, Any]) -> None:
        body = {
            "specversion": "1.0",
            "id": reply,
            "source": "departments",
            "type": ANSWER,
            "subject": branch_no,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "sequence": 1,
            "department": self.code,
            "data": data,
        }
        properties = pika.BasicProperties(
            content_type=CONTENT_TYPE, delivery_mode=2, message_id=reply, type=ANSWER, user_id=self.user
        )
        content = json.dumps(body, ensure_ascii=False).encode()
        with self._answering:
            for attempt in range(5):
                try:
                    channel = self._open()
                    channel.basic_publish(
                        EXCHANGE, f"{self.code}.{ANSWER}", content, properties, mandatory=True
                    )
                    return
                except (UnroutableError, NackError) as error:
                    raise Refused("nobody hears answers at the broker just now; try again later") from error
                except ChannelClosedByBroker as error:
                    self.close()
                    raise Refused(error.reply_text) from error
                except LOST:
                    self.close()
                    if attempt == 4:
                        raise
                    time.sleep(min(BACKOFF_S[0] * 2**attempt, BACKOFF_S[1]))

    def _open(self) -> Any:
        if self._connection is None or not self._connection.is_open:
            self._connection = pika.BlockingConnection(self._parameters)
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
        return self._channel


def _await(working: Future[Any], connection: Any) -> None:
    """Keep the connection alive until the work is done."""

    def wake(_: Any) -> None:
        with suppress(*LOST):
            connection.add_callback_threadsafe(lambda: None)

    working.add_done_callback(wake)
    try:
        while not working.done():
            connection.process_data_events(1.0)
    except LOST:
        with suppress(Exception):
            working.result()
        raise


def _pause(connection: Any, seconds: float, stopped: threading.Event) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not stopped.is_set():
        connection.process_data_events(0.1)


def _close(connection: Any) -> None:
    if connection is not None and connection.is_open:
        with suppress(*LOST):
            connection.close()
