"""``python -m deploy.local up|down``: the stack as `make stack` and `make stack-stop` run it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import click
import psycopg

from deploy.local import machine
from deploy.local.processes import MARK, gone, marked, port_is_free, signal_all, until
from deploy.local.stack import ROOT, SAMPLE, Stack

FOLDER = click.option(
    "--data",
    "folder",
    default="var/stack",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where servers keep their files, processes their logs.",
)
STOPS_WITHIN_S = 90
STARTS_WITHIN_S = 180


@click.group()
def main() -> None:
    """The platform on RabbitMQ and PostgreSQL, on this machine."""


@main.command()
@FOLDER
@click.option("--port", default=8000, show_default=True, help="Port to serve on, at 127.0.0.1.")
@click.option("--detach", is_flag=True, help="Return when it is ready; `down` ends it.")
def up(folder: Path, port: int, detach: bool) -> None:
    """Start everything and keep it running until ctrl-C, SIGTERM or `down`.

    ONEWINDOW_BROKER_URL and ONEWINDOW_DATABASE_URL (with {service} in it) name servers to use instead of
    private ones. Exit status 0 after an orderly end, 1 when it does not come up, 2 when the folder or the
    port is in use.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if detach:
        sys.exit(_detach(folder, port))
    with (folder / "lock").open("a+") as lock:
        if not _take(lock):
            sys.exit(_say(f"{folder} is in use by process {_holder(lock)}: `make stack-stop` ends it", 2))
        if not port_is_free(port):
            sys.exit(_say(f"port {port} is in use: choose another with --port (PORT= for make)", 2))
        sys.exit(_supervise(folder, port))


@main.command()
@FOLDER
def down(folder: Path) -> None:
    """End the stack on this folder, wherever it was started. Exit status 0 when nothing of it is left."""
    folder = folder.resolve()
    if folder.exists():
        with (folder / "lock").open("a+") as lock:
            running = not _take(lock)
            if running:
                supervisor = int(_holder(lock))
                os.kill(supervisor, signal.SIGTERM)
                if not until(lambda: _take(lock), STOPS_WITHIN_S):
                    os.kill(supervisor, signal.SIGKILL)
    left = marked(str(folder))
    signal_all(left, signal.SIGTERM)
    if not until(lambda: gone(left), 10):
        signal_all(left, signal.SIGKILL)
    if not until(lambda: not marked(str(folder)), 10):
        sys.exit(_say(f"still running: {marked(str(folder))}", 1))
    click.echo(
        "stopped: nothing of it is left" if folder.exists() and (running or left) else "nothing was running"
    )


def _supervise(folder: Path, port: int) -> int:
    os.environ[MARK] = str(folder)
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    broker, database = (os.environ.get(f"ONEWINDOW_{name}_URL") for name in ("BROKER", "DATABASE"))
    if database is not None and "{service}" not in database:
        return _say("ONEWINDOW_DATABASE_URL must hold {service}: each service has a database of its own", 2)
    stack = Stack(folder, port=port, broker_url=broker, database_url=database)
    try:
        if broker is None or database is None:
            machine.ensure_installed()
        stack.start(say=lambda step: click.echo(f"{step} …", err=True))
    except (RuntimeError, OSError, subprocess.SubprocessError, psycopg.Error) as error:
        return _say(str(error), 1)
    ready.write_text(_banner(stack))
    click.echo(ready.read_text())
    while not over.wait(1):
        stack.revive_servers()
    ready.unlink()
    _say("stopping …")
    killed = stack.stop()
    return _say(f"had to be killed: {', '.join(killed)}", 0) if killed else 0


def _detach(folder: Path, port: int) -> int:
    log = folder / "supervisor.log"
    command = [sys.executable, "-m", "deploy.local", "up", "--data", str(folder), "--port", str(port)]
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    ready = folder / "ready"
    began = log.stat().st_mtime
    until(
        lambda: child.poll() is not None or (ready.exists() and ready.stat().st_mtime >= began),
        STARTS_WITHIN_S,
    )
    if child.poll() is None and ready.exists():
        click.echo(f"{ready.read_text()}\n  `make stack-stop` ends it.")
        return 0
    click.echo(log.read_text(), err=True)
    return child.poll() or 1


def _banner(stack: Stack) -> str:
    services = "\n".join(f"  {name:<12} {url}/api/{name}" for name, url in sorted(stack.urls.items()))
    accounts = SAMPLE / "accounts.md"
    return (
        f"\n  一窗通 One Window   {stack.urls['portal']}\n\n{services}\n\n"
        f"  logs in {stack.logs}/ · stop with ctrl-C or `make stack-stop`\n"
        + (f"\n{accounts.read_text()}" if accounts.exists() else "")
    )


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return True


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip()


def _say(message: str, status: int = 0) -> int:
    click.echo(message, err=True)
    return status


if __name__ == "__main__":
    main(prog_name="python -m deploy.local")
