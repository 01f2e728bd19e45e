"""Child processes that end with this one, and everything that descends from them."""

from __future__ import annotations

import os
import queue
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PORTS = range(18_000, 32_000)  # below the range from which outgoing connections take theirs
MARK = "ONEWINDOW_STACK"  # environment variable that all processes of one stack carry
_given: set[int] = set()


def free_port() -> int:
    """A TCP port nobody listens on; never the same one twice in a process."""
    while True:
        port = random.choice(PORTS)
        if port not in _given and port_is_free(port):
            _given.add(port)
            return port


def port_is_free(port: int) -> bool:
    """Whether this port at 127.0.0.1 could be listened on right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Wait for a condition; returns whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


class _Spawner(threading.Thread):
    """Starts all children from one thread.

    Linux sends the parent-death signal when the *thread* that made the child ends, so that thread must
    live as long as the process.
    """

    def __init__(self) -> None:
        super().__init__(name="spawner", daemon=True)
        self._orders: queue.SimpleQueue[tuple[Callable[[], object], list[object], threading.Event]] = (
            queue.SimpleQueue()
        )
        self.start()

    def run(self) -> None:
        while True:
            make, result, done = self._orders.get()
            try:
                result.append(make())
            except BaseException as error:
                result.append(error)
            done.set()

    def spawn(self, make: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        result: list[object] = []
        done = threading.Event()
        self._orders.put((make, result, done))
        done.wait()
        if isinstance(result[0], subprocess.Popen):
            return result[0]
        assert isinstance(result[0], BaseException)
        raise result[0]


_spawners: dict[int, _Spawner] = {}
_spawners_lock = threading.Lock()


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    privileges: Sequence[str] = (),
    on_parent_death: signal.Signals = signal.SIGKILL,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; its output is added to ``log``.

    It gets ``on_parent_death`` when this process ends, however it ends. ``privileges`` are further
    options of setpriv(1), such as another user.
    """
    wrapped = [str(part) for part in command]
    if setpriv := shutil.which("setpriv"):
        wrapped = [setpriv, "--pdeathsig", on_parent_death.name.removeprefix("SIG"), *privileges, *wrapped]

    def make() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                wrapped,
                env=environment,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    with _spawners_lock:
        if os.getpid() not in _spawners:
            _spawners[os.getpid()] = _Spawner()
    return _spawners[os.getpid()].spawn(make)


def started_at(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when it is gone or only a zombie."""
    stat = _stat(pid)
    return None if stat is None or stat[0] in "ZX" else int(stat[19])


def family(roots: Iterable[int]) -> list[int]:
    """These processes and all their living descendants, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None:
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found: dict[int, None] = {}
    todo = list(roots)
    while todo:
        pid = todo.pop(0)
        if pid not in found and started_at(pid) is not None:
            found[pid] = None
        todo += children.pop(pid, [])
    return list(found)


def marked(value: str) -> list[int]:
    """All living processes with `MARK` set to ``value``, their descendants, not this one."""
    wanted = f"{MARK}={value}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return family(found)


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each of these that still lives."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def pause_family(root: int, patience: float = 5) -> None:
    """SIGSTOP a process and all its descendants; returns when the last thread of each stands still.

    A signal is only sent by then, and a thread on another processor goes on for a moment. Raises
    RuntimeError for one that doesn't stop.
    """

    def all_stand() -> bool:
        members = family([root])
        signal_all(members, signal.SIGSTOP)
        return all(_stands(pid) for pid in members)

    if not until(all_stand, patience, 0.002):
        raise RuntimeError(f"processes that don't stop: {family([root])}")


def kill_family(process: subprocess.Popen[bytes], patience: float = 10) -> None:
    """SIGKILL a process and all its descendants, and wait until they are gone.

    The process is stopped first, so that it starts no further child meanwhile.
    """
    if process.poll() is None:
        signal_all([process.pid], signal.SIGSTOP)
    members = family([process.pid])
    signal_all(members, signal.SIGKILL)
    process.wait()
    if not until(lambda: gone(members), patience, 0.005):
        raise RuntimeError(f"processes that don't die: {members}")


def end(process: subprocess.Popen[bytes], patience: float, number: signal.Signals = signal.SIGTERM) -> bool:
    """Ask a process to end, and kill its whole family when it has not within ``patience`` seconds.

    Returns whether it ended by itself.
    """
    members = family([process.pid])
    if process.poll() is None:
        signal_all([process.pid], signal.SIGCONT)
        signal_all([process.pid], number)
    try:
        process.wait(patience)
        by_itself = until(lambda: gone(members), 2)
    except subprocess.TimeoutExpired:
        by_itself = False
    if not by_itself:
        signal_all({*members, *family([process.pid])}, signal.SIGKILL)
        process.wait()
        until(lambda: gone(members), 10)
    return by_itself


def gone(pids: Collection[int]) -> bool:
    """Whether none of these lives (zombies don't)."""
    return all(started_at(pid) is None for pid in pids)


def _stands(pid: int) -> bool:
    """Whether every thread of the process is stopped, or it is gone."""
    states = (_read(path) for path in Path(f"/proc/{pid}/task").glob("*/stat"))
    return all(state is None or state[0] in "TtZX" for state in states)


def _stat(pid: int) -> list[str] | None:
    return _read(Path(f"/proc/{pid}/stat"))


def _read(path: Path) -> list[str] | None:
    try:
        return path.read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
