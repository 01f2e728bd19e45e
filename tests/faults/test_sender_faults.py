"""E-mail over kill -9 of its sender: wished once, sent at least once, twice only in the named window."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from chassis.config import Config
from chassis.database import Database
from chassis.fakes.database import deliver, envelope
from chassis.sealing import read_master_key
from services.notification import handlers
from services.notification.orm import message
from tests.faults.faulty_sender import POINTS
from tests.faults.harness import ROOT, until
from tests.mail_server import MailServer
from tests.unit.notification.helpers import filed

LEASE_S = 3.0
SENDER = "tests.faults.faulty_sender"


class Senders:
    """Notification on PostgreSQL, a real mail server, and sender processes to be killed."""

    def __init__(self, folder: Path, url: str, server: MailServer):
        self.server = server
        self._folder = folder
        key = folder / "master.key"
        self.database = Database(Config("notification", url, "memory://", read_master_key(key)))
        self._environment = {
            **os.environ,
            "ONEWINDOW_DATABASE_URL": url,
            "ONEWINDOW_MASTER_KEY_FILE": str(key),
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def wish(self, count: int) -> None:
        """That many applications were filed; each delivery comes twice."""
        now = self.database.now()
        told = [
            envelope(filed(now, f"SJ20260302{n:06d}X", f"acc-{n}"), sequence=1, time=now)
            for n in range(count)
        ]
        for subscription in ("notification.events", "again"):
            assert deliver(self.database, handlers.follow, told, subscription=subscription, batch=50) == []

    def start(self, point: str = "never") -> subprocess.Popen[bytes]:
        with (self._folder / f"sender-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", SENDER, str(self.server.port), str(LEASE_S), point],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def rows(self) -> list[Any]:
        with self.database.read() as session:
            return list(session.execute(select(message).where(message.c.channel == "mail")))

    @property
    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows())

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.database.close()


@pytest.fixture
def senders(tmp_path: Path, databases: Callable[[str], str]) -> Iterator[Senders]:
    with MailServer() as server:
        made = Senders(tmp_path, databases("notification"), server)
        yield made
        made.close()


@pytest.mark.parametrize(("point", "copies"), list(zip(POINTS, (1, 2), strict=True)))
def test_a_sender_killed_around_sending(senders: Senders, point: str, copies: int) -> None:
    senders.wish(1)
    assert senders.start(point).wait(30) == -signal.SIGKILL
    assert senders.states == {"trying": 1}
    senders.start()
    until(lambda: senders.states == {"sent": 1}, 20, "another sender takes it once the lease is over")
    (row,) = senders.rows()
    assert row.attempts == 2
    assert len(senders.server.ids) == copies
    assert set(senders.server.ids) == {f"<{row.message_id}@jiangtang.example>"}


def test_senders_killed_again_and_again_send_each_wish_and_double_only_what_they_held(
    senders: Senders,
) -> None:
    dice = random.Random(1)
    senders.wish(150)
    at_work = [senders.start() for _ in range(3)]
    for _ in range(6):
        already = len(senders.server.ids)
        until(lambda a=already: len(senders.server.ids) >= min(140, a + dice.randint(1, 12)), 30, "mail")  # type: ignore[misc]
        victim = at_work.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        at_work.append(senders.start())
    until(lambda: senders.states == {"sent": 150}, 60, "all are sent")
    rows = senders.rows()
    assert len({(r.event_id, r.recipient) for r in rows}) == 150
    copies = Counter(senders.server.ids)
    assert set(copies) == {f"<{r.message_id}@jiangtang.example>" for r in rows}
    retried = {f"<{r.message_id}@jiangtang.example>" for r in rows if r.attempts > 1}
    assert {i for i, n in copies.items() if n > 1} <= retried
    assert len(retried) <= 6, "one a killed process at most"
    assert max(copies.values()) <= 2
