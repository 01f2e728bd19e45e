"""The department kit on a real broker: work, answers, history."""

from __future__ import annotations

import ast
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika
import pytest
from onewindow_department import Department
from onewindow_department.command import main

from chassis.departments import Departments
from chassis.publisher import AmqpPublisher, Outgoing
from chassis.topology import SubscriptionSpec, apply, topology_of, with_departments
from contracts.cloudevents import Envelope, dump, load
from contracts.intake import ApplicationCorrected
from deploy import department_events
from deploy.documents import KIT_EVENTS, snapshots
from tests.conftest import RabbitServer

KIT = Path(__file__).parents[2] / "departments"
REPLIES = SubscriptionSpec("approval.replies", ("departments.answer_given",))
WORKER = """
import os, signal, sqlite3, sys
from onewindow_department import Department

book = sqlite3.connect(sys.argv[1], check_same_thread=False)
book.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, branch TEXT)")
desk = Department("SJ", sys.argv[2], sys.argv[3])

def work(task):
    with book:
        book.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", [task.id, task.branch_no])
    if sys.argv[4] == task.branch_no:
        os.kill(os.getpid(), signal.SIGKILL)
    print(task.branch_no, flush=True)

desk.subscribe(work)
"""


@pytest.fixture(scope="module")
def password(rabbit: RabbitServer) -> Iterator[str]:
    rabbit.reset()
    apply(with_departments(topology_of([REPLIES])), rabbit.url)
    yield Departments(rabbit.api_url).add(["SJ"])["SJ"]
    Departments(rabbit.api_url).remove("SJ", with_queues=True)
    rabbit.reset()


def _broker(rabbit: RabbitServer) -> str:
    return f"amqp://127.0.0.1:{rabbit.port}"


def _say(rabbit: RabbitServer, first: int, count: int) -> None:
    publisher = AmqpPublisher(rabbit.url)
    for start in range(first, first + count, 500):
        publisher.publish([_task(n) for n in range(start, min(start + 500, first + count))])
    publisher.close()


def _task(number: int) -> Outgoing:
    data = {"application_no": "A", "branch": {"branch_no": f"A-{number}"}}
    body = {
        "id": f"task-{number}",
        "type": "approval.branch_noted",
        "source": "approval",
        "subject": "A",
        "time": datetime.now(UTC).isoformat(),
        "sequence": number + 1,
        "data": data,
    }
    return Outgoing(number, f"task-{number}", body["type"], json.dumps(body).encode(), None, None, "SJ")  # type: ignore[arg-type]


def test_killed_between_commit_and_acknowledgement_nothing_is_missing_or_twice(
    rabbit: RabbitServer, password: str, tmp_path: Path
) -> None:
    _say(rabbit, 0, 20)
    book = tmp_path / "book"
    command = [sys.executable, "-c", WORKER, str(book), password, _broker(rabbit)]
    environment = os.environ | {"PYTHONPATH": str(KIT)}
    killed = subprocess.run([*command, "A-7"], env=environment, timeout=30, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    again = subprocess.Popen([*command, ""], env=environment, stdout=subprocess.PIPE, text=True)
    assert again.stdout is not None
    shown = [again.stdout.readline().strip() for _ in range(13)]
    again.kill()
    again.wait()
    again.stdout.close()
    assert shown[0] == "A-7", "what was committed but not acknowledged comes again"
    with sqlite3.connect(book) as seen:
        rows = [r[0] for r in seen.execute("SELECT branch FROM seen")]
    seen.close()
    assert sorted(rows) == sorted(f"A-{n}" for n in range(20))


def test_an_answer_is_proven_and_the_same_task_answers_once(rabbit: RabbitServer, password: str) -> None:
    desk = Department("SJ", password, _broker(rabbit))
    first = desk.answer("SJ20261124000001X-01", "agree", {"credit_code": "1"})
    assert desk.answer("SJ20261124000001X-01", "agree") == first
    desk.close()
    connection = pika.BlockingConnection(pika.URLParameters(rabbit.url.rstrip("/") + "/%2F"))
    method, properties, body = connection.channel().basic_get("approval.replies", auto_ack=True)
    connection.close()
    assert (method.exchange, properties.user_id) == ("departments.replies", "department-SJ")
    envelope: Envelope = load(body)
    assert (envelope.id, envelope.event.to_data()["department"]) == (first, "SJ")


def test_ten_thousand_are_replayed_in_time_each_once(rabbit: RabbitServer, password: str) -> None:
    _say(rabbit, 1000, 10_000)
    desk = Department("SJ", password, _broker(rabbit))
    started = datetime.now(UTC)
    messages = [m for m in desk.replay(quiet_s=0.5) if int(m.id[5:]) >= 1000]
    assert [m.id for m in messages] == [f"task-{n}" for n in range(1000, 11_000)]
    assert (datetime.now(UTC) - started).total_seconds() < 10
    last = messages[-1].offset
    assert last is not None
    assert [m.id for m in desk.replay(last - 4, quiet_s=0.3)] == [f"task-{n}" for n in range(10_995, 11_000)]


def test_the_command_replays(
    rabbit: RabbitServer, password: str, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay"]) == 1
    assert "ONEWINDOW_DEPARTMENT isn't set" in capsys.readouterr().err
    monkeypatch.setenv("ONEWINDOW_DEPARTMENT", "SJ")
    monkeypatch.setenv("ONEWINDOW_DEPARTMENT_PASSWORD", password)
    monkeypatch.setenv("ONEWINDOW_BROKER", _broker(rabbit))
    assert main(["replay", "0"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["type"] == "approval.branch_noted"


def test_the_kit_knows_the_events_as_they_are_and_nothing_of_the_platform() -> None:
    assert KIT_EVENTS.read_text() == department_events.source(snapshots())
    for file in KIT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            roots = {name.split(".")[0] for name in names}
            assert roots <= {"pika", "onewindow_department", *sys.stdlib_module_names}, file


def test_what_the_platform_writes_the_kit_reads() -> None:
    from onewindow_department.message import read

    event = ApplicationCorrected(application_no="A", branch_no="A-01", request=1)
    envelope = Envelope(
        id="1",
        source=event.source,
        type=event.type,
        subject="A",
        time=datetime.now(UTC),
        sequence=1,
        event=event,
    )
    message = read(dump(envelope))
    assert (message.event.request, message.branch_no) == (1, "A-01")
