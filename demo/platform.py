"""The embedded platform as a child process: started, waited for, stopped or killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from demo.client import SAMPLE

READY_WITHIN_S = 30
SERVICES = ("identity", "catalog", "intake", "approval", "notification", "dashboard", "portal")


class Platform:
    """``onewindow run`` on a folder of its own. Use as a context manager, or `start` and `stop`.

    With ``province`` the sandbox's province runs beside it, as with `make run`.
    """

    def __init__(self, folder: Path, port: int | None = None, *, fast: bool = True, province: bool = False):
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.urls = dict.fromkeys(SERVICES, self.url)
        self._fast = fast
        self._province = province
        self.process: subprocess.Popen[str] | None = None
        self.seconds_to_ready = 0.0

    def start(self) -> Platform:
        started = time.monotonic()
        command = [sys.executable, "-m", "demo.province", "--port", str(free_port()), "--beside"]
        command = command if self._province else []
        command += [sys.executable, "-m", "chassis.cli", "run", "--quiet", "--port", str(self.port)]
        command += ["--data", str(self.folder), "--sample", str(SAMPLE), *(["--fast"] if self._fast else [])]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            cwd=SAMPLE.parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("ready"):
                self.seconds_to_ready = time.monotonic() - started
                return self
        raise RuntimeError(f"the platform ended with {self.process.wait()}; see {self.folder}/onewindow.log")

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._close_pipe()

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(READY_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._close_pipe()

    def _close_pipe(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Platform:
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.stop()


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
