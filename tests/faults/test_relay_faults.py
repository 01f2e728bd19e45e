"""The relay at its worst moments, and its broker and database gone for a while."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from chassis import tables
from tests.conftest import PostgresServer, RabbitServer
from tests.faults.faulty_relay import POINTS
from tests.faults.harness import Probe, until

OUTAGE_S = float(os.environ.get("ONEWINDOW_OUTAGE_S", "12"))


@pytest.mark.parametrize("point", POINTS)
def test_a_relay_killed_at_any_point_loses_nothing_and_repeats_nothing(probe: Probe, point: str) -> None:
    probe.say(*probe.returned(20))
    faulty = probe.start_module("tests.faults.faulty_relay", point, "SIGKILL")
    assert faulty.wait(30) == -signal.SIGKILL
    assert probe.count(tables.event_log) == 0
    probe.start_worker()
    until(lambda: len(probe.totals("quick")) == 20 and not probe.waiting, 20, "another relay sends them")
    assert set(probe.totals("quick").values()) == {1}
    assert probe.count(tables.event_log) == 20


@pytest.mark.parametrize("point", POINTS)
def test_a_relay_paused_at_any_point_is_replaced_and_does_no_harm_when_it_wakes(
    probe: Probe, point: str
) -> None:
    probe.say(*probe.returned(20))
    faulty = probe.start_module("tests.faults.faulty_relay", point, "SIGSTOP")
    until(lambda: _is_stopped(faulty.pid), 20, "the relay is paused")
    probe.start_worker()
    until(lambda: len(probe.totals("quick")) == 20 and not probe.waiting, 20, "another relay takes over")
    faulty.send_signal(signal.SIGCONT)
    assert faulty.wait(20) == 3, "its transaction was ended meanwhile"
    assert set(probe.totals("quick").values()) == {1}
    assert probe.count(tables.event_log) == 20


def test_a_broker_that_confirms_nothing_for_ten_seconds_only_delays(
    probe: Probe, rabbit: RabbitServer
) -> None:
    probe.start_worker()
    probe.say(*probe.returned(5))
    until(lambda: len(probe.totals("quick")) == 5, 20, "the way is open")
    rabbit.pause()
    try:
        started = time.monotonic()
        probe.say(*probe.returned(40, first=5))
        assert time.monotonic() - started < 2, "saying something doesn't wait for the broker"
        until(lambda: time.monotonic() - started > 10, 15, "ten seconds without the broker")
        assert probe.waiting == 40
    finally:
        rabbit.resume()
    until(lambda: len(probe.totals("quick")) == 45 and not probe.waiting, 40, "everything arrives afterwards")
    assert set(probe.totals("quick").values()) == {1}
    assert probe.dead == 0


def test_a_broker_killed_and_restarted_loses_nothing(probe: Probe, rabbit: RabbitServer) -> None:
    probe.start_worker()
    talk = Talk(probe)
    with talk:
        until(lambda: talk.said > 50, 20, "events flow")
        rabbit.kill()
        before = talk.said
        until(lambda: talk.said > before + 50, 20, "services go on while the broker is away")
        rabbit.start()
    until(lambda: len(probe.totals("quick")) == talk.said and not probe.waiting, 40, "all have arrived")
    assert set(probe.totals("quick").values()) == {1}
    assert probe.dead == 0


def test_a_database_away_under_load_leaves_no_event_dead(probe: Probe, postgres: PostgresServer) -> None:
    probe.start_worker()
    talk = Talk(probe)
    with talk:
        until(lambda: talk.said > 50, 20, "events flow")
        postgres.kill()
        gone = time.monotonic()
        until(lambda: time.monotonic() - gone > OUTAGE_S, OUTAGE_S + 5, "the outage lasts")
        postgres.start()
        before = talk.said
        until(lambda: talk.said > before + 50, 40, "events flow again")
    until(lambda: len(probe.totals("quick")) == talk.said and not probe.waiting, 60, "all have arrived")
    assert set(probe.totals("quick").values()) == {1}
    assert probe.dead == 0


class Talk:
    """Says one event after another until left; counts those whose commit succeeded."""

    def __init__(self, probe: Probe):
        self._probe = probe
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.said = 0

    def __enter__(self) -> Talk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        unsure = False
        while not self._over.wait(0.005):
            try:
                if unsure:
                    self.said = self._probe.committed_returns()
                self._probe.say(*self._probe.returned(1, first=self.said))
                self.said += 1
                unsure = False
            except Exception:
                unsure = True


def _is_stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"
