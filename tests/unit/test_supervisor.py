"""Programs kept running, and the gate before them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from deploy.local.processes import free_port, port_is_free, until
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).parents[2]
SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, tmp_path)
    yield made
    made.stop_all([list(made.programs)])


def test_a_program_that_dies_is_started_again(supervisor: Supervisor) -> None:
    supervisor.run("sleeper", SLEEPER, os.environ)
    first = supervisor.pids()["sleeper"]
    supervisor.kill("sleeper")
    assert until(lambda: supervisor.pids().get("sleeper", first) != first, 10)
    assert supervisor.programs["sleeper"].restarts == 1


def test_a_program_that_keeps_dying_is_started_less_and_less_often(supervisor: Supervisor) -> None:
    supervisor.run("hopeless", [sys.executable, "-c", "raise SystemExit(1)"], os.environ)
    program = supervisor.programs["hopeless"]
    assert until(lambda: program.restarts >= 2, 10)
    assert program.pause > 0.5


def test_a_program_killed_for_good_stays_down_until_it_is_started(supervisor: Supervisor) -> None:
    supervisor.run("sleeper", SLEEPER, os.environ)
    supervisor.run("witness", SLEEPER, os.environ)
    supervisor.kill("sleeper", restart=False)
    supervisor.kill("witness")
    assert until(lambda: "witness" in supervisor.pids(), 10)
    assert "sleeper" not in supervisor.pids()
    supervisor.start("sleeper")
    assert "sleeper" in supervisor.pids()


def test_a_program_deaf_to_sigterm_is_killed_with_its_children(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    deaf = "trap '' TERM; sleep 600 & echo $! > child; wait; wait"
    supervisor.run("deaf", ["sh", "-c", deaf], os.environ)
    assert until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text() != "", 10)
    assert supervisor.stop("deaf", patience=0.2) is False
    child = int((tmp_path / "child").read_text())
    assert until(lambda: not _lives(child), 10)


class _Echo(BaseHTTPRequestHandler):
    """Answers its own name and what it was asked; ``/stream/…`` in two parts, the second when told."""

    more = threading.Event()

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.server.server_port} {self.path} ".encode() + body)
        if self.path.startswith("/stream/"):
            self.wfile.flush()
            self.more.wait(10)
            self.wfile.write(b" and more")

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""


@pytest.fixture
def services() -> Iterator[list[int]]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _Echo) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    yield [server.server_port for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def gate(services: list[int]) -> Iterator[str]:
    port = free_port()
    routes = {"/": f"127.0.0.1:{services[0]}", "/api/": f"127.0.0.1:{services[1]}", "/gone/": "127.0.0.1:1"}
    command = [sys.executable, "-m", "deploy.local.gate", str(port), json.dumps(routes)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        assert until(lambda: not port_is_free(port), 10)
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_gate_takes_each_request_to_its_service(gate: str, services: list[int]) -> None:
    with requests.Session() as session:
        assert session.get(f"{gate}/x?y=1", timeout=5).text == f"{services[0]} /x?y=1 "
        answer = session.post(f"{gate}/api/z", data=b"body" * 50_000, timeout=5)
        assert answer.text == f"{services[1]} /api/z " + "body" * 50_000
        assert session.get(f"{gate}/gone/", timeout=5).status_code == 503


def test_the_gate_hands_a_stream_on_as_it_comes(gate: str, services: list[int]) -> None:
    _Echo.more.clear()
    with requests.get(f"{gate}/stream/1", stream=True, timeout=5) as answer:
        first = f"{services[0]} /stream/1 ".encode()
        assert answer.raw.read(len(first)) == first
        _Echo.more.set()
        assert answer.raw.read() == b" and more"


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
