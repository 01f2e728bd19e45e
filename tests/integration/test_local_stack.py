"""`make stack` and `make stack-stop`, as they are called."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from deploy.local.processes import family, free_port, gone, marked, until
from deploy.local.stack import Stack

ROOT = Path(__file__).parents[2]


def stack(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.local", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=150,
    )


def test_a_stack_starts_says_where_it_is_and_ends_without_a_trace(tmp_path: Path) -> None:
    data, port = ("--data", str(tmp_path)), free_port()
    url = f"http://127.0.0.1:{port}"
    try:
        up = stack("up", "--detach", *data, "--port", str(port))
        assert up.returncode == 0, up.stderr
        assert url in up.stdout
        assert requests.get(f"{url}/", timeout=10).status_code == 200
        assert requests.get(f"{url}/api/catalog/packages", timeout=10).json()["items"]

        second = stack("up", *data, "--port", str(free_port()))
        assert (second.returncode, "is in use by process" in second.stderr) == (2, True)
        other = stack("up", "--data", str(tmp_path / "other"), "--port", str(port))
        assert (other.returncode, f"port {port} is in use" in other.stderr) == (2, True)

        running = marked(str(tmp_path))
        down = stack("down", *data)
        assert (down.returncode, down.stdout) == (0, "stopped: nothing of it is left\n")
        assert gone(running)
        assert stack("down", *data).stdout == "nothing was running\n"
    finally:
        for pid in family(marked(str(tmp_path))):
            os.kill(pid, signal.SIGKILL)


def test_a_stack_knows_the_province_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"ONEWINDOW_UPSTREAMS_FILE": "upstreams.json", "PROVINCE_SECRET": "between the two"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ONEWINDOW_POOL_SIZE", "1")
    stack = Stack(tmp_path, broker_url="amqp://127.0.0.1", database_url="postgresql://127.0.0.1/{service}")
    found = stack.environment("identity")
    assert told.items() <= found.items() and "ONEWINDOW_POOL_SIZE" not in found


def test_a_stack_that_does_not_come_up_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/onewindow_{{service}}"
    up = stack("up", "--data", str(tmp_path), "--port", str(free_port()), ONEWINDOW_DATABASE_URL=nowhere)
    assert up.returncode == 1
    assert "connection failed" in up.stderr
    assert "Traceback" not in up.stderr
    assert until(lambda: not marked(str(tmp_path)), 10)


def test_a_database_address_without_a_place_for_the_service_is_refused(tmp_path: Path) -> None:
    one = "postgresql://127.0.0.1/one"
    up = stack("up", "--data", str(tmp_path), "--port", str(free_port()), ONEWINDOW_DATABASE_URL=one)
    assert up.returncode == 2
    assert "{service}" in up.stderr
