"""The distributed platform on this machine: private servers, one process per service and role, one supervisor.

``python -m deploy.local.stack up`` stays in the foreground until ctrl-C; ``down`` ends it from elsewhere.
With ONEWINDOW_BROKER_URL and ONEWINDOW_DATABASE_URL (``{service}`` in the database's name) set, those
servers are used and their databases must exist.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import requests
import yaml

from deploy.local.machine import NotInstalled, ensure_installed
from deploy.local.servers import PostgresServer, RabbitServer, end_group, free_port

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "sample_city"
READY_WITHIN_S = 90
RESTART_AFTER_S = (0.2, 10.0)
STREAM_THREADS = 256


@dataclass
class Role:
    """One supervised process: how to start it, where it logs, when it was last started."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    wait: float = RESTART_AFTER_S[0]
    again_at: float = field(default=0.0)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class Stack:
    """Everything `make stack` starts, also for tests and the load drivers.

    ``urls`` maps services to their addresses, ``metrics_urls`` lists every process's figures.
    """

    def __init__(self, folder: Path, port: int | None = None):
        self.folder = folder
        self.rabbit: RabbitServer | None = None
        self.postgres: PostgresServer | None = None
        self.broker_url = os.environ.get("ONEWINDOW_BROKER_URL", "")
        self._database_url = os.environ.get("ONEWINDOW_DATABASE_URL", "")
        self.services = sorted(p.parent.name for p in ROOT.glob("services/*/worker.py"))
        self._web_ports = {name: free_port() for name in self.services}
        if port is not None:
            self._web_ports["portal"] = port
        self._ops_ports: dict[str, int] = {}
        self.roles: dict[str, Role] = {}
        self._over = threading.Event()
        self._supervisor: threading.Thread | None = None

    @property
    def urls(self) -> dict[str, str]:
        return {name: f"http://127.0.0.1:{port}" for name, port in self._web_ports.items()}

    @property
    def metrics_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}/metrics" for port in self._ops_ports.values()]

    def start(self, *, web: Mapping[str, int] | None = None, workers: Mapping[str, int] | None = None) -> None:
        """Bring everything up and return when every process is ready. ``web`` and ``workers`` say how many
        processes a service has (default one of each). Raises RuntimeError naming the log to read."""
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        self._start_servers()
        self._prepare()
        for name in self.services:
            self._add_web(name, (web or {}).get(name, 1))
            for number in range(1, (workers or {}).get(name, 1) + 1):
                self._add_worker(name, number)
        for role in self.roles.values():
            role.start()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()
        self._wait_until_ready()

    def stop(self) -> None:
        """Drain and end every process, then the servers. Nothing is left running."""
        self._over.set()
        if self._supervisor is not None:
            self._supervisor.join()
        running = [r.process for r in self.roles.values() if r.process is not None and r.process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 15
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
        for role in self.roles.values():
            if role.process is not None:
                end_group(role.process)
        for server in (self.rabbit, self.postgres):
            if server is not None:
                server.stop()

    def kill(self, role: str) -> None:
        """kill -9 one process and its children; the supervisor starts it again."""
        process = self.roles[role].process
        assert process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def pids(self) -> dict[str, list[int]]:
        """Process ids by group: broker, postgres, web, workers."""
        groups: dict[str, list[int]] = {"broker": [], "postgres": [], "web": [], "workers": []}
        for server, name in ((self.rabbit, "broker"), (self.postgres, "postgres")):
            if server is not None:
                groups[name] = server.pids()
        for role in self.roles.values():
            if role.process is not None:
                groups["workers" if role.name.startswith("worker") else "web"].append(role.process.pid)
        return groups

    def environment(self, service: str) -> dict[str, str]:
        """What a process of this service, or an operator's command, must have in its environment."""
        given = {
            "ONEWINDOW_SERVICE": service,
            "ONEWINDOW_BROKER_URL": self.broker_url,
            "ONEWINDOW_DATABASE_URL": self._database_url,
            "ONEWINDOW_MASTER_KEY_FILE": str(self.folder / "master.key"),
            "ONEWINDOW_URLS": json.dumps(self.urls),
            "PYTHONUNBUFFERED": "1",
        }
        if self.rabbit is not None:
            given["ONEWINDOW_BROKER_API"] = self.rabbit.api_url
        return {**os.environ, **given}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``onewindow`` with this stack's configuration."""
        return subprocess.run(
            [sys.executable, "-m", "chassis.cli", *arguments],
            cwd=ROOT,
            env=self.environment(""),
            capture_output=True,
            text=True,
        )

    def _start_servers(self) -> None:
        if not self.broker_url:
            ensure_installed()
            self.rabbit = RabbitServer(self.folder / "rabbitmq")
            self.rabbit.start()
            self.broker_url = self.rabbit.url
        if not self._database_url:
            ensure_installed()
            self.postgres = PostgresServer(self.folder / "postgresql")
            self.postgres.start()
            for name in self.services:
                self._database_url = self.postgres.create_database(f"onewindow_{name}").replace(name, "{service}")

    def _prepare(self) -> None:
        """Schemas, broker topology and the sample city, before anything is said."""
        for arguments in (("migrate",), ("topology", "apply"), ("load", str(SAMPLE))):
            done = self.command(*arguments)
            if done.returncode:
                raise RuntimeError(f"onewindow {' '.join(arguments)}: {done.stdout}{done.stderr}")
        settings = {"AMQP_URI": self.broker_url, "HEARTBEAT": 10, "max_workers": 10}
        (self.folder / "nameko.yaml").write_text(yaml.safe_dump(settings))

    def _add_web(self, name: str, processes: int) -> None:
        threads = STREAM_THREADS if name == "portal" else 8
        address = f"127.0.0.1:{self._web_ports[name]}"
        command = [sys.executable, "-m", "gunicorn", "-c", "python:chassis.wsgi", "-k", "gthread"]
        command += ["--no-control-socket", "--threads", str(threads), "-b", address, "chassis.wsgi:application"]
        for number in range(1, processes + 1):
            role = f"web {name}" if number == 1 else f"web {name} {number}"
            more = ["--reuse-port"] if processes > 1 else []
            self._add(role, [*command, *more], self.environment(name))

    def _add_worker(self, name: str, number: int) -> None:
        role = f"worker {name}" if number == 1 else f"worker {name} {number}"
        self._ops_ports[role] = free_port()
        command = [sys.executable, "-W", "ignore", "-m", "nameko", "run"]
        command += ["--config", str(self.folder / "nameko.yaml"), f"services.{name}.worker"]
        more = {"PSYCOPG_WAIT_FUNC": "wait_selector", "ONEWINDOW_METRICS_PORT": str(self._ops_ports[role])}
        self._add(role, command, {**self.environment(name), **more})

    def _add(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        log = self.folder / "log" / f"{name.replace(' ', '-')}.log"
        self.roles[name] = Role(name, command, environment, log)

    def _supervise(self) -> None:
        while not self._over.wait(0.1):
            now = time.monotonic()
            for role in self.roles.values():
                if role.process is None or role.process.poll() is None:
                    continue
                if role.again_at == 0.0:
                    role.again_at = now + role.wait
                    role.wait = min(role.wait * 2, RESTART_AFTER_S[1])
                elif now >= role.again_at:
                    end_group(role.process)
                    role.again_at = 0.0
                    role.start()

    def _wait_until_ready(self) -> None:
        addresses = {f"web {name}": url for name, url in self.urls.items()}
        addresses |= {role: f"http://127.0.0.1:{port}" for role, port in self._ops_ports.items()}
        deadline = time.monotonic() + READY_WITHIN_S
        for role, url in addresses.items():
            while not _is_ready(url):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{role} did not get ready; see {self.roles[role].log}")
                time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def up(folder: Path, port: int) -> int:
    """Start, say where everything is, wait for ctrl-C or SIGTERM."""
    folder.mkdir(parents=True, exist_ok=True)
    pid_file = folder / "supervisor.pid"
    if _running(pid_file) is not None:
        print(f"already running as process {_running(pid_file)}: `make stack-stop` ends it", file=sys.stderr)
        return 2
    pid_file.write_text(str(os.getpid()))
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    stack = Stack(folder, port)
    try:
        print("starting RabbitMQ, PostgreSQL and the services", flush=True)
        stack.start()
        for line in _introduction(stack):
            print(line, flush=True)
        over.wait()
    except (RuntimeError, NotInstalled) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        stack.stop()
        pid_file.unlink(missing_ok=True)
    return 0


def down(folder: Path) -> int:
    """End a running stack, however it was started, and wait until it is gone."""
    pid_file = folder / "supervisor.pid"
    pid = _running(pid_file)
    if pid is None:
        print("nothing is running")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while _running(pid_file) is not None:
        if time.monotonic() > deadline:
            print(f"process {pid} did not end; see {folder}/log", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print("stopped")
    return 0


def _running(pid_file: Path) -> int | None:
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


def _introduction(stack: Stack) -> Iterator[str]:
    yield f"\n  一窗通 One Window   {stack.urls['portal']}\n"
    for name, url in stack.urls.items():
        yield f"  {name:<10} {url}"
    if stack.rabbit is not None:
        yield f"  RabbitMQ   {stack.rabbit.api_url}"
    yield f"\n  logs in {stack.folder}/log · stop with ctrl-C or `make stack-stop`\n"
    accounts = SAMPLE / "accounts.md"
    if accounts.exists():
        yield accounts.read_text()


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.stack", description=__doc__)
    parser.add_argument("action", choices=["up", "down"])
    parser.add_argument("--port", type=int, default=8000, help="port of the portal")
    parser.add_argument("--data", type=Path, default=Path("var/stack"), help="folder of servers, keys and logs")
    options: Any = parser.parse_args(None if arguments is None else list(arguments))
    return up(options.data.absolute(), options.port) if options.action == "up" else down(options.data.absolute())


if __name__ == "__main__":
    sys.exit(main())
