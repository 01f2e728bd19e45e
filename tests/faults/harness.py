"""A probe on real servers: its database, its worker processes, and what they counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select

from chassis import migrate, tables
from chassis.config import Config
from chassis.database import Database
from chassis.sealing import read_master_key
from chassis.subscription import subscriptions_of
from chassis.topology import SubscriptionSpec, Topology, apply, topology_of
from contracts import Event, intake
from tests.faults import probe_worker

ROOT = Path(__file__).parent.parent.parent


def until(condition: Callable[[], Any], deadline: float, what: str = "") -> Any:
    """Wait for a condition; fails the test when the deadline in seconds has passed."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {deadline} s: {what or condition}"
        time.sleep(0.02)


class Probe:
    """The probe's database and its processes on a broker and a database server."""

    def __init__(self, folder: Path, database_url: str, broker_url: str):
        self.folder = folder
        self.broker_url = broker_url
        self._environment = {
            **os.environ,
            "ONEWINDOW_DATABASE_URL": database_url,
            "ONEWINDOW_BROKER_URL": broker_url,
            "ONEWINDOW_MASTER_KEY_FILE": str(folder / "master.key"),
            "PSYCOPG_WAIT_FUNC": "wait_selector",
            "PROBE_STUCK": str(folder / "stuck"),
        }
        self.database = Database(
            Config("intake", database_url, broker_url, read_master_key(folder / "master.key"))
        )
        self.processes: list[subprocess.Popen[bytes]] = []
        settings = {"AMQP_URI": broker_url, "HEARTBEAT": 10, "max_workers": 10}
        (folder / "nameko.yaml").write_text(yaml.safe_dump(settings))

    def prepare(self, *, topology: bool = True) -> None:
        migrate.upgrade(self.database)
        with self.database.writer.begin() as connection:
            probe_worker.metadata.create_all(connection)
        if topology:
            apply(self.topology, self.broker_url)

    @property
    def subscriptions(self) -> list[SubscriptionSpec]:
        return subscriptions_of(probe_worker.ProbeWorker)

    @property
    def topology(self) -> Topology:
        return topology_of(self.subscriptions)

    def start_worker(self) -> subprocess.Popen[bytes]:
        settings = str(self.folder / "nameko.yaml")
        worker = "tests.faults.probe_worker:ProbeWorker"
        return self.start_module("nameko", "run", "--config", settings, worker)

    def start_module(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"process-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        (self.folder / "stuck").unlink(missing_ok=True)
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        self.database.close()

    @contextmanager
    def stuck(self) -> Iterator[None]:
        """Inside, the subscription ``intake.stuck`` keeps its transaction open."""
        (self.folder / "stuck").touch()
        try:
            yield
        finally:
            (self.folder / "stuck").unlink()

    @property
    def is_stuck(self) -> bool:
        """Whether a worker waits inside the transaction of ``intake.stuck``."""
        return (self.folder / "stuck").read_text() == "reached"

    def say(self, *events: Event) -> None:
        with self.database.transaction() as uow:
            for event in events:
                uow.emit(event)

    def returned(self, count: int, first: int = 0) -> list[Event]:
        """``count`` events, each of a subject of its own."""
        numbers = range(first, first + count)
        return [intake.ApplicationReturned(application_no=f"R{n}", round=1) for n in numbers]

    def not_accepted(self, count: int) -> list[Event]:
        return [
            intake.ApplicationNotAccepted(application_no=f"N{n}", ground="no_licence_needed")
            for n in range(count)
        ]

    def totals(self, subscription: str) -> dict[str, int]:
        table = probe_worker.totals.c
        with self.database.read() as session:
            rows = session.execute(
                select(table.subject, table.total).where(table.subscription == subscription)
            )
            return {subject: total for subject, total in rows}

    def count(self, table: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def committed_returns(self) -> int:
        """How many `returned` events were committed, wherever they are now."""
        ours = tables.event_sequence.c.subject.like("R%")
        with self.database.read() as session:
            return session.scalar(select(func.count()).where(ours)) or 0

    @property
    def dead(self) -> int:
        return self.count(tables.dead_event)

    @property
    def waiting(self) -> int:
        return self.count(tables.outbox)
