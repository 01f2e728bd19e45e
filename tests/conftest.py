"""Private servers for the whole session, started when a test first wants them; nothing is left running."""

from __future__ import annotations

import ctypes
import gc
import os
import secrets
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from deploy.local import machine
from deploy.local.processes import family, gone, signal_all, until
from deploy.local.servers import PostgresServer, RabbitServer
from services.identity import passwords
from tests.migrated import Fill, Templates

PR_SET_CHILD_SUBREAPER = 36
ENDS_WITHIN_S = 5
START_FIRST = ("e2e", "faults", "browser", "integration")
SHARE_A_PLATFORM = ("e2e",)
ON_THEIR_OWN = ("tests/e2e/test_seed.py",)
RAN_IN: defaultdict[str, set[str]] = defaultdict(set)

REAL_PASSWORDS = passwords._hasher
CHEAP_PASSWORDS = passwords.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

Databases = Callable[..., str]


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hundreds of tests sign in within this process, 20 ms each at the real cost."""
    passwords._hasher = CHEAP_PASSWORDS
    yield
    passwords._hasher = REAL_PASSWORDS


@pytest.fixture
def real_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what a password costs."""
    monkeypatch.setattr(passwords, "_hasher", REAL_PASSWORDS)


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A RabbitMQ for all tests; `RabbitServer.reset` empties it."""
    machine.ensure_installed({machine.rabbitmq_server: "rabbitmq-server"})
    with RabbitServer(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL for all tests; each makes databases of its own on it.

    It doesn't wait for the disk: tests kill processes, and what a process has written outlives it.
    """
    machine.ensure_installed({machine.postgres_binaries: "postgresql"})
    with PostgresServer(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server


@pytest.fixture
def empty_databases(postgres: PostgresServer) -> Iterator[Databases]:
    """``empty_databases("intake")``: the address of a new, empty database, dropped after the test."""
    made: list[str] = []

    def make(service: str) -> str:
        made.append(postgres.create_database(f"{service}_{secrets.token_hex(4)}"))
        return made[-1]

    yield make
    for url in made:
        postgres.drop_database(url)


@pytest.fixture(scope="session")
def templates(postgres: PostgresServer) -> Templates:
    return Templates(postgres)


@pytest.fixture
def databases(templates: Templates, postgres: PostgresServer) -> Iterator[Databases]:
    """``databases("intake")``: the address of a new database with the service's newest schema, dropped after
    the test; ``databases("catalog", fill)``: with what is filled in."""
    made: list[str] = []

    def make(service: str, fill: Fill | None = None) -> str:
        made.append(templates.copy(service, fill))
        return made[-1]

    yield make
    for url in made:
        postgres.drop_database(url)


def pytest_configure() -> None:
    """Orphans of our children become our own, so that they can be found at the end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest starts first."""
    items.sort(key=lambda item: START_FIRST.index(f) if (f := _folder(item.nodeid)) in START_FIRST else 99)


def pytest_collection_finish() -> None:
    """Thousands of tests and all of the platform are alive to the end: the collector needn't look at them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class ByFile(LoadScopeScheduling):
    """With several processes a file's tests stay in one, those that share a platform too.

    Told by the test's address: groups by mark are lost without a word with pytest 9.2
    (pytest-xdist issue 1386), and every stack is started in every process.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        alone = _folder(nodeid) not in SHARE_A_PLATFORM or path in ON_THEIR_OWN
        return path if alone else _folder(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    if config.getvalue("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    worker = getattr(report, "node", None)
    if worker is not None:
        RAN_IN[report.nodeid.partition("::")[0]].add(worker.gateway.id)


def _folder(nodeid: str) -> str:
    return nodeid.split("/")[1]


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """A test that leaves a process running fails the session. The one that started the others looks."""
    yield
    if hasattr(session.config, "workerinput"):
        return
    torn = [file for file, workers in RAN_IN.items() if len(workers) > 1]
    if torn and session.config.getvalue("dist") == "loadgroup":
        _fail(session, "files whose tests ran in several processes", "\n".join(torn))
    if until(lambda: not _left(), ENDS_WITHIN_S):
        return
    left = _left()
    described = "\n".join(f"  {pid} {_command(pid)}" for pid in left)
    signal_all(left, signal.SIGKILL)
    until(lambda: gone(left), ENDS_WITHIN_S)
    _fail(session, "processes left running", described)


def _fail(session: pytest.Session, title: str, lines: str) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.section(title, red=True)
        reporter.line(lines)
    session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left() -> list[int]:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return [pid for pid in family([os.getpid()]) if pid != os.getpid()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    except OSError:
        return "(ended meanwhile)"
