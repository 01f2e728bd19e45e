"""Private RabbitMQ and PostgreSQL servers from installed binaries: started, killed, paused, thrown away.

They listen at 127.0.0.1 on free ports, keep all they have in one folder, and end with this process. A server
that the machine runs for itself is never touched.
"""

from __future__ import annotations

import atexit
import os
import secrets
import signal
import subprocess
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
import requests

from deploy.local import machine
from deploy.local.processes import (
    end,
    family,
    free_port,
    kill_family,
    pause_family,
    signal_all,
    spawn,
    started_at,
    until,
)

UP_WITHIN_S = 60
DOWN_WITHIN_S = 30
SETTINGS = Path(__file__).parents[1] / "rabbitmq"
TIMESTAMPS_SINCE = (3, 12)
USER = "onewindow"


class Server(ABC):
    """One server in ``folder``; what it holds stays there between starts.

    A context manager, which ends by `discard`.
    """

    name = ""
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, port: int | None = None):
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.password = _secret(self.folder / "password")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it, with user and password."""

    @property
    def pid(self) -> int:
        """The server's own process (beam, postmaster)."""
        assert self.process is not None, f"{self.name} was not started"
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def died(self) -> bool:
        """Whether it ended without having been stopped or killed by this object."""
        return self.process is not None and self.process.poll() is not None

    def start(self) -> Self:
        """Start it and wait until it serves. Raises RuntimeError with the end of its log."""
        assert not self.alive, f"{self.name} runs already"
        self.process = self._launch()
        atexit.register(self.stop)
        if not until(lambda: not self.alive or self._serves(), UP_WITHIN_S) or not self.alive:
            self.stop()
            raise RuntimeError(f"{self.name} did not start:\n{_tail(self.log)}")
        return self

    def stop(self) -> None:
        """An orderly end; everything it started is gone afterwards. Stopping twice is no error."""
        if self.process is not None:
            signal_all(family([self.process.pid]), signal.SIGCONT)
            end(self.process, DOWN_WITHIN_S, self.stop_signal)
            self.process = None
        atexit.unregister(self.stop)

    def kill(self) -> None:
        """SIGKILL of the server and all its processes, at once. `start` brings it back on the same port."""
        assert self.process is not None, f"{self.name} was not started"
        kill_family(self.process)
        self.process = None

    def discard(self) -> None:
        """End it at once, for good: for servers whose folder is thrown away."""
        if self.process is not None:
            kill_family(self.process)
            self.process = None
        self.stop()

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nothing answers once this returns."""
        pause_family(self.pid)

    def resume(self) -> None:
        signal_all(family([self.pid]), signal.SIGCONT)

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.discard()

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]: ...

    @abstractmethod
    def _serves(self) -> bool: ...


class RabbitServer(Server):
    """A RabbitMQ node with management and Prometheus plugins and the policies of ``deploy/rabbitmq``.

    ``url`` is its AMQP address, ``api_url`` that of its management API.
    """

    name = "RabbitMQ"

    def __init__(self, folder: Path, port: int | None = None):
        super().__init__(folder, port)
        self.api_port, self.metrics_port, self._dist_port, self._epmd_port = (free_port() for _ in range(4))
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{self.password}@127.0.0.1:{self.port}//"

    @property
    def api_url(self) -> str:
        return f"http://{USER}:{self.password}@127.0.0.1:{self.api_port}"

    def start(self) -> Self:
        super().start()
        self._load_policies()
        return self

    def stop(self) -> None:
        super().stop()
        if self._epmd is not None:
            end(self._epmd, DOWN_WITHIN_S)
            self._epmd = None

    def kill(self) -> None:
        """SIGKILL, after the names of new queues are on the disk.

        RabbitMQ writes those half a second late; a kill within that time loses the queue for good, which is
        another fault than the one to be tried.
        """
        self._write_queue_names()
        super().kill()

    def reset(self) -> None:
        """Delete every queue and exchange, those of the policies aside."""
        for kind in ("queues", "exchanges"):
            for row in self._api("GET", f"{kind}/%2F").json():
                if row["name"] and not row["name"].startswith(("amq.", "onewindow.")):
                    self._api("DELETE", f"{kind}/%2F/{quote(row['name'], safe='')}")

    def _launch(self) -> subprocess.Popen[bytes]:
        script = machine.rabbitmq_server()
        environment = self._environment()
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        settings = self.folder / "rabbitmq.conf"
        settings.touch(mode=0o600)
        settings.write_text(self._settings(machine.rabbitmq_version(script)))
        if self._epmd is None or self._epmd.poll() is not None:
            # In the foreground: as a daemon, as Erlang would start it, it would outlive everything.
            command = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = spawn(command, self.folder / "epmd.log", environment=environment)
            until(lambda: not _epmd_is_silent(self._epmd_port), 10)
        return spawn([script], self.log, environment=environment, cwd=self.folder)

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_", "NOTIFY_"))}
        return kept | {
            "HOME": str(self.folder),
            "RUNNING_UNDER_SYSTEMD": "true",  # exec the virtual machine instead of a shell around it
            "RABBITMQ_NODENAME": f"{USER}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def _settings(self, version: tuple[int, ...]) -> str:
        files = ["rabbitmq.conf", *(["timestamps.conf"] if version >= TIMESTAMPS_SINCE else [])]
        return "".join((SETTINGS / file).read_text() + "\n" for file in files) + (
            f"listeners.tcp.local = 127.0.0.1:{self.port}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.api_port}\n"
            f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {self.metrics_port}\n"
            f"default_user = {USER}\ndefault_pass = {self.password}\n"
            "disk_free_limit.absolute = 50MB\n"
        )

    def _write_queue_names(self) -> None:
        rabbitmqctl = str(machine.rabbitmq_server().with_name("rabbitmqctl"))
        command = [rabbitmqctl, "eval", "[dets:sync(T) || T <- dets:all()]."]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(command, env=self._environment(), capture_output=True, check=False, timeout=10)

    def _serves(self) -> bool:
        try:
            return self._api("GET", f"health/checks/port-listener/{self.port}", timeout=2).ok
        except requests.RequestException:
            return False

    def _load_policies(self) -> None:
        definitions = (SETTINGS / "definitions.json").read_bytes()
        headers = {"Content-Type": "application/json"}
        self._api("POST", "definitions", data=definitions, headers=headers).raise_for_status()

    def _api(self, method: str, path: str, timeout: float = 10, **more: Any) -> requests.Response:
        return requests.request(method, f"{self.api_url}/api/{path}", timeout=timeout, **more)


class PostgresServer(Server):
    """A PostgreSQL server with durable settings. As root it runs as another user, which it insists on.

    One that isn't ``durable`` doesn't wait for the disk. What a process has written outlives its kill, not a
    power cut.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": open transactions are rolled back

    def __init__(self, folder: Path, port: int | None = None, *, durable: bool = True):
        super().__init__(folder, port)
        self._durable = durable

    @property
    def url(self) -> str:
        """Address of a database by its name in place of ``{database}``."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{{database}}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def create_database(self, name: str) -> str:
        """Create a database unless it exists; returns its address."""
        safe = "".join(c if c.isalnum() else "_" for c in name.lower())
        url = self.url.format(database=safe)
        create_database(url)
        return url

    def drop_database(self, url: str) -> None:
        """Drop a database by its address, whoever is connected."""
        with psycopg.connect(self.url.format(database="postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)'.encode())

    def _launch(self) -> subprocess.Popen[bytes]:
        binaries = machine.postgres_binaries()
        privileges = machine.unprivileged()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries, privileges)
        self._forget_dead_postmaster()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 400,
            "shared_buffers": "256MB",
            "log_min_messages": "warning",
            "fsync": "on" if self._durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [binaries / "postgres", "-D", self.data, *options]
        return spawn(command, self.log, privileges=privileges, on_parent_death=signal.SIGQUIT, cwd=Path("/"))

    def _initialise(self, binaries: Path, privileges: list[str]) -> None:
        self.data.mkdir(exist_ok=True)
        password = self.folder / "password"
        if privileges:
            for path in (self.data, password):
                os.chown(path, *machine.unprivileged_ids())
        command: list[str | Path] = [
            binaries / "initdb",
            "-D",
            self.data,
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
        ]
        command += ["--auth=scram-sha-256", f"--pwfile={password}"]
        command += [] if self._durable else ["--no-sync"]
        making = spawn(command, self.log, privileges=privileges, cwd=Path("/"))
        if making.wait(UP_WITHIN_S):
            raise RuntimeError(f"{self.name} could not make its files:\n{_tail(self.log)}")

    def _forget_dead_postmaster(self) -> None:
        """Remove the pid file a killed server left: another process may have that number by now."""
        file = self.data / "postmaster.pid"
        if file.exists():
            pid = int(file.read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline")
            if started_at(pid) is None or str(self.data).encode() not in command.read_bytes():
                file.unlink()

    def _serves(self) -> bool:
        try:
            psycopg.connect(self.url.format(database="postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def create_database(url: str) -> None:
    """Create the database an address names, unless it exists.

    Needs a user who may, and a database ``postgres`` on the same server.
    """
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}"'.encode())


def _secret(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(16))
    return file.read_text()


def _epmd_is_silent(port: int) -> bool:
    names = subprocess.run(["epmd", "-port", str(port), "-names"], capture_output=True, check=False)
    return names.returncode != 0


def _tail(log: Path) -> str:
    return (
        "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log.exists() else "(it wrote no log)"
    )
