"""Workers killed, paused and made to trip over each other on a real broker and database."""

from __future__ import annotations

import signal

from sqlalchemy import text

from chassis import tables
from contracts import intake
from tests.faults.harness import Probe, until
from tests.faults.probe_worker import DEADLY_ROUND


def test_a_stuck_subscription_loses_nothing_when_its_worker_is_killed(probe: Probe) -> None:
    """Two subscriptions share one channel: the acks of one must not cover the other's deliveries."""
    worker = probe.start_worker()
    with probe.stuck():
        for n in range(30):
            probe.say(probe.returned(1, first=n)[0], probe.not_accepted(30)[n])
        until(lambda: len(probe.totals("quick")) == 30, 20, "the quick subscription goes on")
        assert probe.totals("stuck") == {}
        probe.kill(worker)
    probe.start_worker()
    until(lambda: len(probe.totals("stuck")) == 30, 20, "everything the stuck one held comes again")
    assert set(probe.totals("stuck").values()) == set(probe.totals("quick").values()) == {1}


def test_an_event_that_kills_its_process_is_the_only_one_to_end_dead(probe: Probe) -> None:
    harmless = probe.returned(40)
    deadly = intake.ApplicationReturned(application_no="deadly", round=DEADLY_ROUND)
    probe.say(*harmless[:20], deadly, *harmless[20:])

    def settled() -> bool:
        if probe.processes[-1].poll() is not None:
            probe.start_worker()
        return len(probe.totals("quick")) == 40 and probe.dead == 1

    probe.start_worker()
    until(settled, 90, "its neighbours are handled, it is dead")
    assert set(probe.totals("quick").values()) == {1}
    with probe.database.read() as session:
        (row,) = session.execute(tables.dead_event.select())
    assert row.reason == "poison"
    assert b"deadly" in bytes(row.body)


def test_a_worker_paused_inside_its_transaction_is_replaced(probe: Probe) -> None:
    paused = probe.start_worker()
    with probe.stuck():
        probe.say(*probe.not_accepted(5))
        until(lambda: probe.is_stuck, 20, "the first worker holds its transaction open")
        paused.send_signal(signal.SIGSTOP)
    probe.start_worker()
    probe.kill(paused)
    until(lambda: len(probe.totals("stuck")) == 5, 40, "the second worker takes over")
    assert set(probe.totals("stuck").values()) == {1}


def test_a_worker_paused_for_good_gives_up_its_locks(probe: Probe) -> None:
    """The database ends an idle transaction; what the paused one claimed is free again."""
    paused = probe.start_worker()
    with probe.stuck():
        probe.say(*probe.not_accepted(5))
        until(lambda: probe.is_stuck, 20, "the worker holds its transaction open")
        paused.send_signal(signal.SIGSTOP)
        until(lambda: _open_transactions(probe) == 0, 40, "the database ends it after ten seconds")
    paused.send_signal(signal.SIGCONT)
    until(lambda: len(probe.totals("stuck")) == 5, 40, "the same worker does it again after waking up")
    assert set(probe.totals("stuck").values()) == {1}
    assert probe.dead == 0


def test_three_replicas_act_on_one_due_date_once(probe: Probe) -> None:
    for _ in range(3):
        probe.start_worker()
    until(lambda: _listeners(probe) >= 3, 30, "three workers are up")
    with probe.database.transaction() as uow:
        uow.schedule_many("intake.probe", {f"s{n}": uow.now for n in range(50)})
    until(lambda: len(probe.totals("due")) == 50, 20, "all fifty are acted on")
    assert set(probe.totals("due").values()) == {1}


def test_two_relays_on_one_outbox_send_everything_and_each_event_takes_effect_once(probe: Probe) -> None:
    for _ in range(2):
        probe.start_worker()
    for n in range(0, 600, 20):
        probe.say(*probe.returned(20, first=n))
    until(lambda: len(probe.totals("quick")) == 600, 40, "all events arrive")
    assert set(probe.totals("quick").values()) == {1}
    assert probe.count(tables.event_log) == 600


def _open_transactions(probe: Probe) -> int:
    return _ask(probe, "state LIKE 'idle in transaction%' AND query LIKE '%probe_total%'")


def _listeners(probe: Probe) -> int:
    return _ask(probe, "query LIKE 'LISTEN%'")


def _ask(probe: Probe, condition: str) -> int:
    with probe.database.read() as session:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        return int(session.execute(text(asked + condition)).scalar_one())
