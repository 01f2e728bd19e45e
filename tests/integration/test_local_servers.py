"""The private servers tests and the local stack stand on: what they promise about being killed and ending."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import requests
from kombu import Connection, Queue

from deploy.local.processes import MARK, marked, until
from deploy.local.servers import PostgresServer, RabbitServer
from tests.conftest import Databases

ROOT = Path(__file__).parents[2]
START_AND_WAIT = """
import os, sys
from pathlib import Path
from deploy.local.servers import PostgresServer, RabbitServer
os.environ["{mark}"] = "{folder}"
for server in (RabbitServer(Path("{folder}/r")), PostgresServer(Path("{folder}/p"))):
    server.start()
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_killed_broker_comes_back_with_the_queue_and_message_it_just_took(rabbit: RabbitServer) -> None:
    rabbit.reset()
    with Connection(rabbit.url) as connection:
        _queue(connection).declare()
        _publish(connection, b"kept")
    rabbit.kill()
    rabbit.start()
    with Connection(rabbit.url) as connection:
        assert _take(connection) == b"kept"


def test_queues_of_subscriptions_fall_under_the_policy(rabbit: RabbitServer) -> None:
    rabbit.reset()
    with Connection(rabbit.url) as connection:
        _queue(connection).declare()
    address = f"{rabbit.api_url}/api/queues/%2F"

    def policy(queue: str) -> str | None:
        found: str | None = requests.get(f"{address}/{queue}", timeout=5).json().get("policy")
        return found

    assert until(lambda: policy("intake.test") == "subscriptions", 20)
    assert policy("onewindow.dead") is None


def test_a_killed_database_comes_back_with_what_was_committed(
    postgres: PostgresServer, empty_databases: Databases
) -> None:
    url = empty_databases("kept")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    postgres.kill()
    assert not postgres.alive
    postgres.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_a_database_server_writes_durably(tmp_path: Path) -> None:
    with (
        PostgresServer(tmp_path) as server,
        psycopg.connect(server.create_database("settings")) as connection,
    ):
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}".encode()).fetchone() == ("on",)


@pytest.mark.parametrize("server", ["rabbit", "postgres"])
def test_a_paused_server_serves_nobody_until_it_is_resumed(
    request: pytest.FixtureRequest, server: str
) -> None:
    found: RabbitServer | PostgresServer = request.getfixturevalue(server)
    found.pause()
    try:
        assert not found._serves()
    finally:
        found.resume()
    assert until(found._serves, 20)


def test_servers_end_with_the_process_that_started_them_however_it_ends(tmp_path: Path) -> None:
    script = START_AND_WAIT.format(mark=MARK, folder=tmp_path)
    starter = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"ready\n"
        assert len(marked(str(tmp_path))) > 5
        starter.send_signal(signal.SIGKILL)
    assert until(lambda: not marked(str(tmp_path)), 20), marked(str(tmp_path))


def _queue(connection: Connection) -> Queue:
    arguments = {"x-queue-type": "quorum"}
    return Queue("intake.test", durable=True, queue_arguments=arguments)(connection.default_channel)


def _publish(connection: Connection, body: bytes) -> None:
    channel = connection.default_channel
    channel.confirm_select()
    message = channel.prepare_message(body, properties={"delivery_mode": 2})
    channel.basic_publish_confirm(message, routing_key="intake.test")


def _take(connection: Connection) -> bytes | None:
    taken: list[bytes] = []

    def look() -> bool:
        message = _queue(connection).get()
        if message is not None:
            taken.append(message.body)
            message.ack()
        return bool(taken)

    until(look, 20)
    return bytes(taken[0]) if taken else None
