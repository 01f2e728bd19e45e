"""Services that start for the first time, one after the other, in any order."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from deploy.local.stack import Stack, service_names
from tests.conftest import PostgresServer, RabbitServer
from tests.faults.flight import PROCEDURE, Flight
from tests.faults.harness import until

ORDERS = int(os.environ.get("ONEWINDOW_ORDERS", "1"))
WITHIN_S = 60


@pytest.mark.parametrize("attempt", range(ORDERS))
def test_in_whatever_order_services_first_start_nothing_is_lost(
    attempt: int, rabbit: RabbitServer, postgres: PostgresServer, tmp_path: Path
) -> None:
    order = service_names("worker")
    random.shuffle(order)
    rabbit.reset()
    databases = postgres.url.format(database=f"first{attempt}_{{service}}")
    stack = Stack(tmp_path, broker_url=rabbit.url, database_url=databases)
    intake, approval = (
        create_engine(make_url(databases.format(service=s)).set(drivername="postgresql+psycopg"))
        for s in ("intake", "approval")
    )
    try:
        faces = service_names("web")
        stack.start(workers=dict.fromkeys(order, 0), web=dict.fromkeys(faces, 0))
        for service in order:
            stack.start_worker(service)
        stack.start_web(*faces)
        known = text("SELECT count(*) FROM procedure_state WHERE code = :code")
        with intake.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            until(lambda: connection.scalar(known, {"code": PROCEDURE}), WITHIN_S, f"the catalogue {order}")
        closed = text("SELECT count(*) FROM approval_case WHERE closed_at IS NOT NULL")
        with approval.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            with Flight(stack.urls, 3) as flight:
                flight.land(lambda: connection.scalar(closed) or 0, WITHIN_S)
            assert connection.scalar(text("SELECT count(*) FROM dead_event")) == 0
    finally:
        stack.kill_all()
        intake.dispose()
        approval.dispose()
        for service in service_names():
            postgres.drop_database(databases.format(service=service))
