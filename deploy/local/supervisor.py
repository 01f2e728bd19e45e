"""Programs kept running: a log for each, restarted with growing pauses when one dies, ended in order."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import end, kill_family, spawn

LOOK_EVERY_S = 0.1
PAUSES_S = (0.2, 10.0)
SETTLED_AFTER_S = 30.0
END_WITHIN_S = 20.0


@dataclass(slots=True)
class Program:
    """One command with its environment; ``wanted`` while it is to run."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    started: float = 0.0
    pause: float = PAUSES_S[0]
    restarts: int = 0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs programs; each writes to ``<logs>/<name>.log``."""

    def __init__(self, logs: Path, cwd: Path):
        self.logs = logs
        self.programs: dict[str, Program] = {}
        self._cwd = cwd
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._keep_running, name="supervisor", daemon=True)

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Add a program and start it."""
        with self._lock:
            self.programs[name] = Program(name, command, environment)
        self.start(name)
        if not self._watch.is_alive() and not self._over.is_set():
            self._watch.start()

    def start(self, name: str) -> None:
        """Start it (again); nothing happens when it runs."""
        with self._lock:
            program = self.programs[name]
            program.wanted = True
            if not program.alive:
                self._spawn(program)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, restart: bool = True) -> None:
        """Send a signal to the program's own process; SIGKILL takes everything it started with it.

        What dies of it is started again, unless ``restart`` is false; then `start` brings it back.
        """
        with self._lock:
            program = self.programs[name]
            program.wanted = restart
            if not program.alive or program.process is None:
                return
            if number == signal.SIGKILL:
                kill_family(program.process)
            else:
                program.process.send_signal(number)

    def stop(self, name: str, patience: float = END_WITHIN_S) -> bool:
        """SIGTERM, and wait; `start` brings it back. Returns whether it ended by itself."""
        with self._lock:
            program = self.programs[name]
            program.wanted = False
            process = program.process
        return process is None or end(process, patience)

    def kill_all(self) -> None:
        """SIGKILL everything at once."""
        self._end_watch()
        for program in self.programs.values():
            program.wanted = False
            if program.process is not None:
                kill_family(program.process)

    def stop_all(self, groups: Sequence[Sequence[str]]) -> list[str]:
        """Stop one group of names after the other, each at once; returns those that had to be killed."""
        self._end_watch()
        killed: list[str] = []
        for names in groups:
            with ThreadPoolExecutor(max(len(names), 1)) as pool:
                ended = dict(zip(names, pool.map(self.stop, names), strict=True))
            killed += [name for name, by_itself in ended.items() if not by_itself]
        return killed

    def pids(self) -> dict[str, int]:
        """The own process of each program that runs."""
        return {p.name: p.process.pid for p in self.programs.values() if p.alive and p.process is not None}

    def _end_watch(self) -> None:
        self._over.set()
        if self._watch.is_alive():
            self._watch.join()

    def _keep_running(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            with self._lock:
                for program in self.programs.values():
                    if program.wanted and not program.alive:
                        self._start_again(program)

    def _start_again(self, program: Program) -> None:
        lived = time.monotonic() - program.started
        if lived > SETTLED_AFTER_S:
            program.pause = PAUSES_S[0]
        if lived >= program.pause:
            program.pause = min(program.pause * 2, PAUSES_S[1])
            program.restarts += 1
            self._spawn(program)

    def _spawn(self, program: Program) -> None:
        program.started = time.monotonic()
        program.process = spawn(
            program.command,
            self.logs / f"{program.name}.log",
            environment=program.environment,
            cwd=self._cwd,
        )
