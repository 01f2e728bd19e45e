"""A worker that only counts, and does harm when told: what the fault tests watch and kill.

Each event adds one to its subject's total. ``round`` 666 ends the process. While the file named by
``PROBE_STUCK`` exists, the subscription ``intake.stuck`` holds its transaction open.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table

from chassis.uow import UnitOfWork
from chassis.worker import Worker, due, subscribe
from contracts import intake
from contracts.cloudevents import Envelope

metadata = MetaData()
totals = Table(
    "probe_total",
    metadata,
    Column("subscription", String(40), primary_key=True),
    Column("subject", String(80), primary_key=True),
    Column("total", Integer, nullable=False),
)
DEADLY_ROUND = 666


def count(events: list[Envelope], uow: UnitOfWork, subscription: str) -> None:
    """One more for each event's subject."""
    statement: Any = uow.insert(totals)
    statement = statement.on_conflict_do_update(
        index_elements=["subscription", "subject"], set_={"total": totals.c.total + statement.excluded.total}
    )
    sums: dict[str, int] = {}
    for event in events:
        sums[event.subject] = sums.get(event.subject, 0) + 1
    rows = [{"subscription": subscription, "subject": s, "total": n} for s, n in sorted(sums.items())]
    uow.session.execute(statement, rows)


class ProbeWorker(Worker):
    """Counts what it hears."""

    name = "intake"

    @subscribe("intake.quick", intake.ApplicationReturned)
    def quick(self, events: list[Envelope], uow: UnitOfWork) -> None:
        count(events, uow, "quick")
        if any(getattr(e.event, "round", 0) == DEADLY_ROUND for e in events):
            os.kill(os.getpid(), signal.SIGKILL)

    @subscribe("intake.stuck", intake.ApplicationNotAccepted)
    def stuck(self, events: list[Envelope], uow: UnitOfWork) -> None:
        count(events, uow, "stuck")
        flag = Path(os.environ["PROBE_STUCK"])
        while flag.exists():
            flag.write_text("reached")
            time.sleep(0.02)

    @due("intake.probe")
    def probe(self, subjects: list[str], uow: UnitOfWork) -> None:
        statement: Any = uow.insert(totals)
        statement = statement.on_conflict_do_update(
            index_elements=["subscription", "subject"], set_={"total": totals.c.total + 1}
        )
        uow.session.execute(statement, [{"subscription": "due", "subject": s, "total": 1} for s in subjects])
