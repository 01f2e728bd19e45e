"""What a department may do on a real broker, and what the broker refuses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
import requests
from click.testing import CliRunner
from pika.exceptions import ChannelClosedByBroker, ProbableAuthenticationError

from chassis.broker_api import BrokerApi
from chassis.cli import main
from chassis.departments import Departments, NotProvisioned
from chassis.publisher import AmqpPublisher, Fate, Outgoing
from chassis.topology import apply, topology_of, with_departments
from tests.conftest import RabbitServer
from tests.faults.harness import until

TOPOLOGY = with_departments(topology_of([]))
OPENED, PUBLISHED = "approval.branch_opened", "catalog.department_published"
ANSWER = "SJ.departments.answer_given"
TASKS, HISTORY = "departments.SJ.tasks", "departments.SJ.history"

Channel = Any
Do = Callable[[Channel], Any]


@pytest.fixture(scope="module")
def passwords(rabbit: RabbitServer) -> Iterator[dict[str, str]]:
    rabbit.reset()
    apply(TOPOLOGY, rabbit.url)
    departments = Departments(rabbit.api_url)
    yield departments.add(["SJ", "XF"])
    for code in ("SJ", "XF"):
        departments.remove(code, with_queues=True)
    rabbit.reset()


def _connect(rabbit: RabbitServer, code: str, password: str) -> pika.BlockingConnection:
    credentials = pika.PlainCredentials(f"department-{code}", password)
    return pika.BlockingConnection(
        pika.ConnectionParameters("127.0.0.1", rabbit.port, credentials=credentials)
    )


@pytest.fixture
def channel(rabbit: RabbitServer, passwords: dict[str, str]) -> Iterator[Channel]:
    connection = _connect(rabbit, "SJ", passwords["SJ"])
    channel = connection.channel()
    channel.confirm_delivery()
    yield channel
    connection.close()


def _own(user: str | None = "department-SJ") -> pika.BasicProperties:
    return pika.BasicProperties(user_id=user)


ALLOWED: dict[str, Do] = {
    "read its work": lambda c: c.basic_get(TASKS),
    "bind its own keys": lambda c: c.queue_bind(TASKS, "departments", "SJ.intake.*"),
    "bind all of its own": lambda c: c.queue_bind(TASKS, "departments", "SJ.#"),
    "bind what is public": lambda c: c.queue_bind(TASKS, "departments", "public.catalog.*"),
    "unbind its own": lambda c: c.queue_unbind(TASKS, "departments", "SJ.intake.*"),
    "answer": lambda c: c.basic_publish("departments.replies", ANSWER, b"{}", _own()),
}
REFUSED: dict[str, Do] = {
    "bind another's keys": lambda c: c.queue_bind(TASKS, "departments", "XF.approval.*"),
    "bind everything": lambda c: c.queue_bind(TASKS, "departments", "#"),
    "bind any department": lambda c: c.queue_bind(TASKS, "departments", "*.approval.branch_opened"),
    "bind plain keys": lambda c: c.queue_bind(TASKS, "departments", OPENED),
    "bind a code that begins like its own": lambda c: c.queue_bind(TASKS, "departments", "SJX.#"),
    "bind the services' exchange": lambda c: c.queue_bind(TASKS, "approval.events", "SJ.#"),
    "bind the replies": lambda c: c.queue_bind(TASKS, "departments.replies", ANSWER),
    "read another's work": lambda c: c.basic_get("departments.XF.tasks"),
    "read another's history": lambda c: c.basic_consume("departments.XF.history", print),
    "read everybody's history": lambda c: c.basic_consume("events.history", print),
    "bind another's queue": lambda c: c.queue_bind("departments.XF.tasks", "departments", "SJ.#"),
    "empty another's queue": lambda c: c.queue_purge("departments.XF.tasks"),
    "delete its own queue": lambda c: c.queue_delete(TASKS),
    "make a queue": lambda c: c.queue_declare("mine"),
    "make a queue whose dead letters go to another": lambda c: c.queue_declare(
        "", exclusive=True, arguments={"x-dead-letter-exchange": "departments"}
    ),
    "make an exchange": lambda c: c.exchange_declare("mine"),
    "make an exchange with an alternate": lambda c: c.exchange_declare(
        "mine", arguments={"alternate-exchange": "departments.replies"}
    ),
    "bind exchanges by another's keys": lambda c: c.exchange_bind(
        "departments.replies", "departments", "XF.#"
    ),
    "bind the services' exchange to its own": lambda c: c.exchange_bind(
        "departments", "departments.replies", "#"
    ),
    "have its work published into the services": lambda c: c.exchange_bind(
        "approval.events", "departments", "SJ.#"
    ),
    "answer under another's key": lambda c: c.basic_publish(
        "departments.replies", "XF.departments.answer_given", b"{}", _own()
    ),
    "answer under no key": lambda c: c.basic_publish(
        "departments.replies", "departments.answer_given", b"{}", _own()
    ),
    "say it is another": lambda c: c.basic_publish(
        "departments.replies", ANSWER, b"{}", _own("department-XF")
    ),
    "say it is the platform": lambda c: c.basic_publish(
        "departments.replies", ANSWER, b"{}", _own("onewindow")
    ),
    "say something to departments": lambda c: c.basic_publish("departments", "SJ." + OPENED, b"{}"),
    "say something as a service": lambda c: c.basic_publish("approval.events", OPENED, b"{}"),
    "put something into a queue": lambda c: c.basic_publish("", "approval.replies", b"{}"),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_a_department_may(channel: Channel, what: str) -> None:
    ALLOWED[what](channel)


@pytest.mark.parametrize("what", REFUSED)
def test_the_broker_refuses_a_department_to(channel: Channel, what: str) -> None:
    with pytest.raises(ChannelClosedByBroker) as refused:
        REFUSED[what](channel)
        channel.connection.process_data_events(0.2)
    assert refused.value.reply_code in (403, 406)


def test_each_event_reaches_whom_it_concerns_once(rabbit: RabbitServer, passwords: dict[str, str]) -> None:
    publisher = AmqpPublisher(rabbit.url)
    said = [("SJ", OPENED), ("XF", OPENED), (None, OPENED), (None, PUBLISHED), ("XF", PUBLISHED)]
    fates = publisher.publish(
        [
            Outgoing(n, f"id-{n}", type_, str(n).encode(), None, None, code)
            for n, (code, type_) in enumerate(said)
        ]
    )
    publisher.close()
    assert set(fates.values()) == {Fate.CONFIRMED}
    assert _replayed(rabbit, passwords, "SJ", 3) == ["0", "3", "4"]
    assert _replayed(rabbit, passwords, "XF", 3) == ["1", "3", "4"]


def _replayed(rabbit: RabbitServer, passwords: dict[str, str], code: str, count: int) -> list[str]:
    """What the department's history holds, and that no more than ``count`` comes."""
    connection = _connect(rabbit, code, passwords[code])
    channel = connection.channel()
    channel.basic_qos(prefetch_count=10)
    bodies: list[str] = []

    def take(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        bodies.append(body.decode())
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(f"departments.{code}.history", take, arguments={"x-stream-offset": "first"})

    def enough() -> bool:
        connection.process_data_events(0.05)
        return len(bodies) >= count

    until(enough, 10, "the history is read")
    connection.process_data_events(0.2)
    connection.close()
    return bodies


def test_provisioning_again_changes_nothing(rabbit: RabbitServer, passwords: dict[str, str]) -> None:
    departments = Departments(rabbit.api_url)
    before = departments.show("XF")
    assert departments.add(["XF"]) == {}
    assert departments.show("XF") == before
    assert before["queues"] == {
        "departments.XF.tasks": ["XF.approval.*"],
        "departments.XF.history": ["XF.#", "public.#"],
    }
    _connect(rabbit, "XF", passwords["XF"]).close()


def test_a_department_comes_and_goes_by_the_command(rabbit: RabbitServer, passwords: dict[str, str]) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["department", *arguments, "--api", rabbit.api_url])

    user, password = run("add", "GA").stdout.split()
    assert user == "department-GA"
    _connect(rabbit, "GA", password).close()
    assert "password unchanged" in run("add", "GA").output
    assert "publish ^GA" in run("show", "GA").output
    renewed = run("rotate", "GA").stdout.split()[1]
    with pytest.raises(ProbableAuthenticationError):
        _connect(rabbit, "GA", password)
    _connect(rabbit, "GA", renewed).close()
    assert "with its queues" in run("remove", "GA", "--with-queues").output
    gone = run("show", "GA")
    assert gone.exit_code == 1
    assert "department add GA" in gone.output


def test_what_is_missing_is_said(rabbit: RabbitServer, passwords: dict[str, str]) -> None:
    with pytest.raises(NotProvisioned, match="plugin rabbitmq_management"):
        Departments("http://a:b@127.0.0.1:9").add(["SJ"])
    with pytest.raises(NotProvisioned, match="refuses the user"):
        Departments(rabbit.api_url.replace("onewindow:", "nobody:")).add(["SJ"])
    with pytest.raises(NotProvisioned, match=r"no department's code: \.\*, sj"):
        Departments(rabbit.api_url).add([".*", "sj", "SJ"])
    requests.put(
        f"{rabbit.api_url}/api/users/looker", json={"password": "x", "tags": "monitoring"}, timeout=10
    ).raise_for_status()
    host = rabbit.api_url.rpartition("@")[2]
    with pytest.raises(NotProvisioned, match=r"tag administrator|refuses the user"):
        Departments(f"http://looker:x@{host}").add(["SJ"])
    requests.delete(f"{rabbit.api_url}/api/users/looker", timeout=10).raise_for_status()


def test_the_topology_stands_and_a_missing_link_is_seen(
    rabbit: RabbitServer, passwords: dict[str, str]
) -> None:
    api = BrokerApi(rabbit.api_url)
    assert not api.diff(TOPOLOGY, [])
    link = "bindings/%2F/e/approval.events/e/departments/*.approval.*".replace("*", "%2A")
    requests.delete(f"{rabbit.api_url}/api/{link}", timeout=10).raise_for_status()
    assert api.diff(TOPOLOGY, []).missing_bindings == [("approval.events", "*.approval.*", "departments")]
    apply(TOPOLOGY, rabbit.url)
    assert not api.diff(TOPOLOGY, [])
