"""The platform as a city runs it, on one machine: RabbitMQ, PostgreSQL, several processes a service."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import requests
import yaml

from chassis.departments import Departments
from deploy.local.processes import MARK, free_port
from deploy.local.servers import PostgresServer, RabbitServer, create_database
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_city"
READY_WITHIN_S = 90
COMMAND_WITHIN_S = 120
WEB_THREADS = 8
PAGE_THREADS = 16
STREAM_THREADS = 256
FACE = "portal"
KEPT = (MARK, "ONEWINDOW_UPSTREAMS_FILE")
"""What processes find of this process's own settings."""


class Stack:
    """All processes of the platform on ``folder``; the servers too, unless ``broker_url`` and
    ``database_url`` (with ``{service}`` in it) name others.

    Programs are called ``<service>.web``, ``<service>.worker`` (``.worker.2`` … with replicas),
    ``portal.streams`` and ``gate``, which serves everything at ``port``. Each has a log in ``folder/log`` and
    is started again when it dies. A context manager, which ends by `kill_all`. Not ``durable``: its database
    doesn't wait for the disk (see `PostgresServer`).
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        broker_url: str | None = None,
        database_url: str | None = None,
        sample: Path | None = SAMPLE,
        durable: bool = True,
    ):
        self.folder = folder.resolve()
        self.logs = self.folder / "log"
        self.port = port or free_port()
        self.sample = sample
        self.rabbit: RabbitServer | None = None
        self.postgres: PostgresServer | None = None
        self.metrics_urls: list[str] = []
        self._broker_url, self._database_url = broker_url, database_url
        self._durable = durable
        self._supervisor: Supervisor | None = None
        self._web = {name: free_port() for name in service_names("web")}
        self._streams = free_port()

    @property
    def urls(self) -> dict[str, str]:
        """Base address of each service with a web side; the portal's is the whole platform's."""
        own = {name: f"http://127.0.0.1:{port}" for name, port in self._web.items()}
        return own | {FACE: f"http://127.0.0.1:{self.port}"}

    @property
    def departments(self) -> Path:
        """Passwords of the departments' users on a broker of our own, by code."""
        return self.folder / "departments.json"

    @property
    def broker_url(self) -> str:
        if self._broker_url is not None:
            return self._broker_url
        assert self.rabbit is not None, "the stack was not started"
        return self.rabbit.url

    @property
    def database_url(self) -> str:
        """With ``{service}`` in place of the service's name."""
        if self._database_url is not None:
            return self._database_url
        assert self.postgres is not None, "the stack was not started"
        return self.postgres.url.format(database="onewindow_{service}")

    @property
    def supervisor(self) -> Supervisor:
        assert self._supervisor is not None, "the stack was not started"
        return self._supervisor

    def start(
        self,
        workers: Mapping[str, int] | None = None,
        web: Mapping[str, int] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Bring everything up and wait until every service is ready.

        ``workers`` and ``web`` give the number of processes by service; one where they say nothing, none
        for 0. ``say`` hears of each step. Raises RuntimeError when something does not come up; nothing
        is left running then.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        try:
            say("starting RabbitMQ and PostgreSQL")
            self._start_servers()
            say("preparing databases and broker")
            self._prepare()
            say("starting the services")
            self._start_programs(workers or {}, web or {})
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def wait_ready(self, seconds: float = READY_WITHIN_S) -> None:
        """Wait until every process says it can serve. Raises RuntimeError with the reasons."""
        end = time.monotonic() + seconds
        waiting = list(self._ready_urls())
        while waiting:
            answers = {url: _reason(url) for url in waiting}
            waiting = [url for url, reason in answers.items() if reason]
            if waiting and time.monotonic() > end:
                reasons = "\n".join(f"  {url}: {answers[url]}" for url in waiting)
                raise RuntimeError(f"not ready after {seconds:.0f} s (logs: {self.logs}):\n{reasons}")
            if waiting:
                time.sleep(0.1)

    def start_worker(self, service: str) -> None:
        """Start the worker of a service that `start` was told to leave out, and wait until all are ready."""
        self._start_worker(service, f"{service}.worker")
        self.wait_ready()

    def start_web(self, *services: str) -> None:
        """The same for web processes."""
        for service in services:
            self._start_webs(service, 1)
        self.wait_ready()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, restart: bool = True) -> None:
        """Signal a program; what dies is started again unless ``restart`` is false."""
        self.supervisor.kill(name, number, restart=restart)

    def halt(self, name: str) -> bool:
        """SIGTERM a program and wait; it stays down. Returns whether it ended by itself."""
        return self.supervisor.stop(name)

    def resume(self, name: str) -> None:
        """Start a program that was halted, or killed for good."""
        self.supervisor.start(name)

    def revive_servers(self) -> None:
        """Start a server again that died by itself; one stopped or killed by its own methods stays down."""
        for server in (self.postgres, self.rabbit):
            if server is not None and server.died:
                server.start()

    def pids(self) -> dict[str, list[int]]:
        """The processes of each program and server that runs, by name; their children not included."""
        servers = {s.name.lower(): [s.pid] for s in (self.rabbit, self.postgres) if s is not None and s.alive}
        programs = {} if self._supervisor is None else self._supervisor.pids()
        return servers | {name: [pid] for name, pid in programs.items()}

    def stop(self) -> list[str]:
        """End everything: requests are answered, batches finished. Returns what had to be killed."""
        killed: list[str] = []
        if self._supervisor is not None:
            names = sorted(self._supervisor.programs)
            workers = [n for n in names if ".worker" in n]
            web = [n for n in names if n != "gate" and n not in workers]
            killed = self._supervisor.stop_all([[n for n in names if n == "gate"], web, workers])
            self._supervisor = None
        for server in (self.rabbit, self.postgres):
            if server is not None:
                server.stop()
        return killed

    def kill_all(self) -> None:
        """SIGKILL everything, servers too: for stacks whose folder is thrown away."""
        if self._supervisor is not None:
            self._supervisor.kill_all()
            self._supervisor = None
        for server in (self.rabbit, self.postgres):
            if server is not None:
                server.discard()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.kill_all()

    def run(self, *arguments: str) -> str:
        """Run the ``onewindow`` command on this stack; returns what it prints. Raises RuntimeError."""
        return _finish(self._begin(*arguments))

    def environment(self, service: str, **more: str) -> dict[str, str]:
        """What a process of ``service`` finds in its environment."""
        foreign = ("ONEWINDOW_", "PROMETHEUS_")
        inherited = {k: v for k, v in os.environ.items() if k in KEPT or not k.startswith(foreign)}
        return inherited | {
            "ONEWINDOW_SERVICE": service,
            "ONEWINDOW_BROKER_URL": self.broker_url,
            "ONEWINDOW_DATABASE_URL": self.database_url,
            "ONEWINDOW_MASTER_KEY_FILE": str(self.folder / "master.key"),
            "ONEWINDOW_STORAGE_URL": f"file:{self.folder}/files/{{service}}",
            "ONEWINDOW_URLS": json.dumps(self.urls),
            "ONEWINDOW_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            **({"ONEWINDOW_BROKER_API": self.rabbit.api_url} if self.rabbit is not None else {}),
            **more,
        }

    def _start_servers(self) -> None:
        if self._broker_url is None:
            self.rabbit = self.rabbit or RabbitServer(self.folder / "rabbitmq")
        if self._database_url is None:
            self.postgres = self.postgres or PostgresServer(self.folder / "postgresql", durable=self._durable)
        with ThreadPoolExecutor(2) as pool:
            servers = [s for s in (self.postgres, self.rabbit) if s is not None and not s.alive]
            for started in [pool.submit(server.start) for server in servers]:
                started.result()

    def _prepare(self) -> None:
        topology = self._begin("topology", "apply")
        for name in service_names():
            create_database(self.database_url.replace("{service}", name))
        self.run("migrate")
        _finish(topology)
        if self.sample is not None:
            loading = self._begin("load", str(self.sample))
            self._provision(self.sample)
            _finish(loading)

    def _provision(self, sample: Path) -> None:
        """A user on the broker for each department of the sample; the passwords stand in ``departments``."""
        if self.rabbit is None:
            return
        codes = [row["code"] for row in yaml.safe_load((sample / "departments.yaml").read_text())]
        departments = Departments(self.rabbit.api_url)
        known = json.loads(self.departments.read_text()) if self.departments.exists() else {}
        known |= departments.add(codes)
        known |= {code: departments.rotate(code) for code in codes if code not in known}
        self.departments.touch(mode=0o600)
        self.departments.write_text(json.dumps(known))

    def _begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "chassis.cli", *arguments],
            cwd=ROOT,
            env=self.environment(""),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _start_programs(self, workers: Mapping[str, int], web: Mapping[str, int]) -> None:
        self._supervisor = Supervisor(self.logs, ROOT)
        self.metrics_urls = []
        for service in service_names("worker"):
            for number in range(1, workers.get(service, 1) + 1):
                self._start_worker(service, f"{service}.worker" + (f".{number}" if number > 1 else ""))
        for service in self._web:
            if processes := web.get(service, 1):
                self._start_webs(service, processes)
        self._supervisor.run(
            "gate",
            [sys.executable, "-m", "deploy.local.gate", str(self.port), json.dumps(self._routes())],
            self.environment(""),
        )

    def _start_worker(self, service: str, name: str) -> None:
        port = free_port()
        command = [sys.executable, "-m", "nameko", "run", "--config", str(ROOT / "deploy" / "nameko.yaml")]
        environment = self.environment(service, ONEWINDOW_METRICS_PORT=str(port))
        self.supervisor.run(name, [*command, f"services.{service}.worker"], environment)
        self.metrics_urls.append(f"http://127.0.0.1:{port}/metrics")

    def _start_webs(self, service: str, processes: int) -> None:
        threads = PAGE_THREADS if service == FACE else WEB_THREADS
        self._start_web(service, f"{service}.web", self._web[service], threads, processes)
        if service == FACE:
            self._start_web(FACE, f"{FACE}.streams", self._streams, STREAM_THREADS, 1)

    def _start_web(self, service: str, name: str, port: int, threads: int, processes: int) -> None:
        counters = self.folder / "metrics" / name
        shutil.rmtree(counters, ignore_errors=True)
        counters.mkdir(parents=True)
        options = {
            "--config": "python:chassis.wsgi",
            "--bind": f"127.0.0.1:{port}",
            "--worker-class": "gthread",
            "--workers": processes,
            "--threads": threads,
            "--keep-alive": 30,
            "--graceful-timeout": 10,
        }
        arguments = [str(part) for pair in options.items() for part in pair]
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            *arguments,
            "--no-control-socket",
            "chassis.wsgi:application",
        ]
        self.supervisor.run(name, command, self.environment(service, PROMETHEUS_MULTIPROC_DIR=str(counters)))
        self.metrics_urls.append(f"http://127.0.0.1:{port}/metrics")

    def _routes(self) -> dict[str, str]:
        routes = {f"/api/{name}/": f"127.0.0.1:{port}" for name, port in self._web.items()}
        if FACE in self._web:
            routes |= {"/": f"127.0.0.1:{self._web[FACE]}", "/stream/": f"127.0.0.1:{self._streams}"}
        return routes

    def _ready_urls(self) -> Iterator[str]:
        for url in self.metrics_urls:
            yield url.replace("/metrics", "/readyz")
        yield f"http://127.0.0.1:{self.port}/healthz"


def service_names(part: str | None = None) -> list[str]:
    """The services by their folders; with ``part`` ("web", "worker") those that have it."""
    folders = (f for f in (ROOT / "services").iterdir() if (f / "__init__.py").exists())
    has = (f.name for f in folders if part is None or (f / f"{part}.py").exists() or (f / part).is_dir())
    return sorted(has)


def _finish(command: subprocess.Popen[str]) -> str:
    try:
        output, errors = command.communicate(timeout=COMMAND_WITHIN_S)
    except subprocess.TimeoutExpired:
        command.kill()
        output, errors = command.communicate()
    if command.returncode:
        words = " ".join(map(str, command.args[1:])) if isinstance(command.args, list) else command.args
        raise RuntimeError(f"{words!r} failed:\n{output}{errors}")
    return output


def _reason(url: str) -> str | None:
    """Why a process is not ready; None when it is."""
    try:
        answer = requests.get(url, timeout=5)
    except requests.RequestException as error:
        return type(error).__name__
    return None if answer.ok else answer.text[:300]
