"""Cooperative threads: call `patch` before anything else is imported that opens sockets or threads."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.waiting import Wait

RV = TypeVar("RV")

M_MMAP_THRESHOLD = -3
ONE_MIB = 1 << 20
REAL_THREADS = "2"
LOOK_FOR_MS = 2


def patch() -> None:
    """Make the standard library cooperative.

    Few real threads, and large blocks given back to the system at once: a password check takes 19 MiB, and
    glibc would keep that for each thread that ever made one.
    """
    os.environ.setdefault("EVENTLET_THREADPOOL_SIZE", REAL_THREADS)
    if sys.platform == "linux":
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, ONE_MIB)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import eventlet

        eventlet.monkey_patch()


def take_turns_at_the_database() -> None:
    """Have psycopg let a process's other cooperative threads run while a statement takes long.

    Most statements are answered within a millisecond, less than a change of turns costs: it looks for up to
    `LOOK_FOR_MS` first (docs/adr/0008).
    """
    from eventlet import patcher
    from psycopg import waiting

    select = patcher.original("select")
    asked = {
        waiting.WAIT_R: select.POLLIN,
        waiting.WAIT_W: select.POLLOUT,
        waiting.WAIT_RW: select.POLLIN | select.POLLOUT,
    }

    def look(fileno: int, wanted: Wait) -> int:
        poller = select.poll()
        poller.register(fileno, asked[wanted])
        ready = int(waiting.READY_NONE)
        for _, found in poller.poll(LOOK_FOR_MS):
            if found & ~select.POLLOUT:
                ready |= waiting.READY_R
            if found & select.POLLOUT:
                ready |= waiting.READY_W
        return ready

    def impatient(work: PQGen[RV], fileno: int) -> PQGen[RV]:
        try:
            wanted = next(work)
            while True:
                wanted = work.send(look(fileno, wanted) or (yield wanted))
        except StopIteration as end:
            value: RV = end.value
            return value

    def wait(gen: PQGen[RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
        return waiting.wait_selector(impatient(gen, fileno), fileno, interval, timeout)

    waiting.wait = wait
