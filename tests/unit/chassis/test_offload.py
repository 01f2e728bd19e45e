"""Blocking work beside everything else, with threads of either kind."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chassis.offload import LIMIT, is_green, offload

ROOT = Path(__file__).parents[3]


def test_work_is_done_with_its_arguments_and_its_exceptions_come_back() -> None:
    assert offload(pow, 2, 10) == 1024
    with pytest.raises(ZeroDivisionError):
        offload(lambda: 1 // 0)


@pytest.mark.skipif(is_green(), reason="this process has no real threads")
def test_only_a_few_work_at_once() -> None:
    running, most = [0], [0]
    lock, gate = threading.Lock(), threading.Semaphore(0)

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        gate.acquire()
        with lock:
            running[0] -= 1

    with ThreadPoolExecutor(LIMIT * 3) as threads:
        done = [threads.submit(offload, work) for _ in range(LIMIT * 3)]
        for _ in done:
            gate.release()
        for one in done:
            one.result(10)
    assert most[0] <= LIMIT


GREEN = """
from chassis.green import patch
patch()
import threading, time
from eventlet.patcher import original
from chassis.offload import is_green, offload

assert is_green()
turns, done = [], threading.Event()

def turn():
    while not done.is_set():
        turns.append(1)
        time.sleep(0.005)

threading.Thread(target=turn).start()
offload(original("time").sleep, 0.5)
done.set()
assert len(turns) > 20, turns
try:
    offload(lambda: 1 // 0)
except ZeroDivisionError:
    print("others went on")
"""


def test_under_eventlet_others_go_on_meanwhile() -> None:
    result = subprocess.run(
        [sys.executable, "-c", GREEN], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert result.stdout == "others went on\n", result.stderr
