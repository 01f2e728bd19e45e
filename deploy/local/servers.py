"""Private RabbitMQ and PostgreSQL servers from installed binaries: started, killed, paused, thrown away."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import psycopg
import requests

RABBITMQ = Path("/usr/lib/rabbitmq/bin")
POSTGRES_ROOTS = ("/usr/lib/postgresql",)
UP_WITHIN_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Server:
    def __init__(self, folder: Path):
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def _spawn(self, command: list[str], environment: dict[str, str] | None = None, user: str | None = None) -> None:
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, user=user, group=user and "nogroup", extra_groups=[] if user else None
        )

    def _signal(self, number: int) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()


class RabbitServer(_Server):
    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.port, self.api_port, self._dist, self._epmd = (free_port() for _ in range(4))
        self.node = f"ow{secrets.token_hex(4)}@localhost"
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self.api_url = f"http://guest:guest@127.0.0.1:{self.api_port}"
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{self.port}\n"
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.api_port}\n"
            "vm_memory_high_watermark.relative = 0.4\ndisk_free_limit.absolute = 50MB\n"
        )

    def start(self) -> Self:
        env = os.environ | {
            "HOME": str(self.folder), "RABBITMQ_NODENAME": self.node, "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist), "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"), "ERL_EPMD_PORT": str(self._epmd),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"), "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
        }
        self._spawn([str(RABBITMQ / "rabbitmq-server")], env)
        end = time.monotonic() + UP_WITHIN_S
        while True:
            try:
                if requests.get(f"{self.api_url}/api/health/checks/local-alarms", timeout=2).ok:
                    return self
            except requests.RequestException:
                pass
            assert time.monotonic() < end and self.process.poll() is None, f"RabbitMQ did not start, see {self.folder}"
            time.sleep(0.1)

    def reset(self) -> None:
        for kind in ("queues", "exchanges"):
            for row in requests.get(f"{self.api_url}/api/{kind}/%2F", timeout=10).json():
                if row["name"] and not row["name"].startswith("amq."):
                    requests.delete(f"{self.api_url}/api/{kind}/%2F/{row['name']}", timeout=10)

    def stop(self) -> None:
        if self.process is None: return
        self.resume(); self._signal(signal.SIGTERM)
        try: self.process.wait(20)
        except subprocess.TimeoutExpired: self._signal(signal.SIGKILL)
        subprocess.run(["pkill","-9","-f",str(self.folder)],check=False)
        env={**os.environ,"ERL_EPMD_PORT":str(self._epmd)}
        subprocess.run(["epmd","-port",str(self._epmd),"-kill"],check=False,capture_output=True,env=env)


class PostgresServer(_Server):
    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder)
        self.port = free_port()
        self._bin = sorted(Path("/usr/lib/postgresql").iterdir())[-1] / "bin"
        self.user = "nobody" if os.geteuid() == 0 else None
        self.data = folder / "data"

    def start(self) -> Self:
        if not self.data.exists():
            self.data.mkdir()
            if self.user:
                for parent in [self.folder, *self.folder.parents]:
                    if str(parent).startswith("/tmp/"): parent.chmod(parent.stat().st_mode | 0o711)
                shutil.chown(self.data, self.user)
            subprocess.run([self._bin / "initdb", "-D", self.data, "-U", "onewindow", "-A", "trust", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, user=self.user)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._spawn([str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-c", "max_connections=400", "-c", "shared_buffers=256MB"], user=self.user)
        end = time.monotonic() + UP_WITHIN_S
        while True:
            try:
                psycopg.connect(self._dsn("postgres"), connect_timeout=2).close(); return self
            except psycopg.OperationalError:
                assert time.monotonic() < end and self.process.poll() is None, f"PostgreSQL did not start, see {self.folder}"
                time.sleep(0.05)

    def _dsn(self, name): return f"postgresql://onewindow@127.0.0.1:{self.port}/{name}"

    def create_database(self, name: str) -> str:
        name = name.replace("-", "_").lower()
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as c:
            c.execute(f'CREATE DATABASE "{name}"')
        return self._dsn(name)

    def stop(self) -> None:
        if self.process is None: return
        self.resume(); self.process.send_signal(signal.SIGINT)
        try: self.process.wait(20)
        except subprocess.TimeoutExpired: self._signal(signal.SIGKILL)
