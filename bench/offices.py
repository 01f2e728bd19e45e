"""The departments' side of the load, in a process of its own: answers every branch at once over the broker,
each department as its own user, and notes when each application's branches were open and when it was
decided."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kombu import Connection, Queue
from uuid_utils import uuid7

from chassis.departments import user_of
from chassis.topology import REPLIES_EXCHANGE
from contracts import approval, departments
from contracts.cloudevents import CONTENT_TYPE, Envelope, dump, load

EVENTS = (approval.BranchOpened.type, approval.CaseDecided.type)
PREFETCH = 500


class Offices:
    """Consumes approval's events; ``opened`` and ``decided`` hold wall-clock seconds by application."""

    def __init__(self, broker_url: str, passwords: Mapping[str, str]):
        self.opened: dict[str, list[float]] = {}
        self.decided: dict[str, float] = {}
        self._to_answer: deque[approval.BranchState] = deque()
        self._connection = Connection(broker_url)
        self._channel = self._connection.default_channel
        self._passwords = passwords
        self._channels: dict[str, Any] = {}

    def run(self, stopped: Callable[[], bool]) -> None:
        queue = Queue("", exclusive=True, auto_delete=True)(self._channel)
        queue.queue_declare()
        for routing_key in EVENTS:
            queue.bind_to(exchange="approval.events", routing_key=routing_key)
        self._channel.basic_qos(0, PREFETCH, False)
        consumer = self._connection.Consumer(
            queue, channel=self._channel, on_message=self._on_message, accept=None, auto_declare=False
        )
        with consumer:
            print("ready", flush=True)
            while not stopped():
                try:
                    self._connection.drain_events(timeout=0.2)
                except TimeoutError:
                    self._connection.heartbeat_check()
                while self._to_answer:
                    self._answer(self._to_answer.popleft())

    def _on_message(self, message: Any) -> None:
        envelope = load(message.body)
        event = envelope.event
        if isinstance(event, approval.BranchOpened):
            self.opened.setdefault(event.application_no, []).append(time.time())
            self._to_answer.append(event.branch)
        elif isinstance(event, approval.CaseDecided):
            self.decided[event.application_no] = time.time()
        message.ack()

    def _answer(self, branch: approval.BranchState) -> None:
        event = departments.AnswerGiven(
            branch_no=branch.branch_no, department=branch.department, answer="agree", results={}
        )
        envelope = Envelope(
            id=str(uuid7()),
            source=event.source,
            type=event.type,
            subject=event.subject,
            time=datetime.now(UTC),
            sequence=1,
            event=event,
        )
        channel = self._channels.get(branch.department) or self._open(branch.department)
        message = channel.prepare_message(
            dump(envelope),
            content_type=CONTENT_TYPE,
            properties={"delivery_mode": 2, "user_id": user_of(branch.department)},
        )
        key = f"{branch.department}.{event.type}"
        channel.basic_publish(message, exchange=REPLIES_EXCHANGE, routing_key=key)

    def _open(self, department: str) -> Any:
        login = {"userid": user_of(department), "password": self._passwords[department]}
        connection = self._connection.clone(**login)
        self._channels[department] = connection.default_channel
        return self._channels[department]


def main() -> None:
    """``python -m bench.offices BROKER_URL PASSWORDS_FILE RESULT_FILE``; ends at SIGTERM and writes its
    notes."""
    broker_url, passwords, result = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    over: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    offices = Offices(broker_url, json.loads(passwords.read_text()))
    offices.run(lambda: bool(over))
    result.write_text(json.dumps({"opened": offices.opened, "decided": offices.decided}))


if __name__ == "__main__":
    main()
