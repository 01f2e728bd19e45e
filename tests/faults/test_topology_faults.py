"""Queues that are missing, late or deleted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from chassis import history, ops, tables
from chassis.broker_api import BrokerApi
from chassis.publisher import open_publisher
from chassis.topology import apply, message_count, topology_of
from tests.conftest import RabbitServer
from tests.faults.harness import Probe, until


@pytest.mark.parametrize("topology_first", [True, False])
def test_events_said_before_any_worker_ran_arrive(bare_probe: Probe, topology_first: bool) -> None:
    probe = bare_probe
    probe.prepare(topology=topology_first)
    probe.say(*probe.returned(10))
    if not topology_first:
        apply(probe.topology, probe.broker_url)
    probe.start_worker()
    until(lambda: len(probe.totals("quick")) == 10, 20, "all arrive")


def test_a_worker_started_before_its_queues_exist_takes_them_up_when_they_do(bare_probe: Probe) -> None:
    probe = bare_probe
    probe.prepare(topology=False)
    probe.start_worker()
    until(lambda: any("no queue" in f for f in ops.findings(probe.database)), 30, "it says what is missing")
    apply(probe.topology, probe.broker_url)
    probe.say(*probe.returned(10))
    until(lambda: len(probe.totals("quick")) == 10, 30, "it consumes without a restart")


def test_a_queue_deleted_by_hand_is_reported_and_refilled(probe: Probe, rabbit: RabbitServer) -> None:
    probe.start_worker()
    probe.say(*probe.returned(10))
    until(lambda: len(probe.totals("quick")) == 10, 20, "the way is open")
    requests.delete(f"{rabbit.api_url}/api/queues/%2F/intake.quick", timeout=10).raise_for_status()
    until(lambda: any("intake.quick" in f for f in ops.findings(probe.database)), 30, "readiness reports it")
    assert BrokerApi(rabbit.api_url).diff(probe.topology, ["intake"]).missing_queues == ["intake.quick"]
    probe.say(*probe.returned(10, first=10), *probe.not_accepted(3))
    until(lambda: len(probe.totals("stuck")) == 3 and not probe.waiting, 20, "the others go on")
    assert len(probe.totals("quick")) == 10

    apply(probe.topology, probe.broker_url)
    assert not BrokerApi(rabbit.api_url).diff(probe.topology, ["intake"])
    _backfill(probe, "intake.quick")
    until(lambda: len(probe.totals("quick")) == 20, 30, "what was missed arrives")
    assert set(probe.totals("quick").values()) == {1}
    until(lambda: not any("intake.quick" in f for f in ops.findings(probe.database)), 70, "all is well again")


def test_a_subscription_added_later_gets_the_past(probe: Probe) -> None:
    probe.start_worker()
    probe.say(*probe.returned(10))
    until(lambda: len(probe.totals("quick")) == 10 and not probe.waiting, 20, "all are handled and logged")
    with probe.database.transaction() as uow:
        uow.session.execute(tables.inbox.delete())
    _backfill(probe, "intake.quick")
    until(
        lambda: set(probe.totals("quick").values()) == {2}, 20, "a subscription that knows nothing gets all"
    )
    assert len(probe.totals("quick")) == 10


def test_a_retired_queue_is_unbound_and_deleted_once_empty(probe: Probe, rabbit: RabbitServer) -> None:
    api = BrokerApi(rabbit.api_url)
    fewer = topology_of([s for s in probe.subscriptions if s.queue != "intake.stuck"])
    assert api.diff(fewer, ["intake"]).retired_queues == ["intake.stuck"]
    deleted, kept = api.prune(
        api.diff(fewer, ["intake"]), lambda queue: message_count(queue, probe.broker_url)
    )
    assert (deleted, kept) == (["intake.stuck"], {})
    assert not api.diff(fewer, ["intake"])


def _backfill(probe: Probe, queue: str) -> None:
    publisher = open_publisher(probe.broker_url)
    since = datetime.now(UTC) - timedelta(hours=1)
    sent = sum(
        history.backfill(
            probe.database, publisher, queue, probe.topology.queues[queue], since, per_second=200
        )
    )
    assert sent
    publisher.close()
