"""Cooperative threads: call `patch` before anything else is imported that opens sockets or threads."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings

M_MMAP_THRESHOLD = -3
ONE_MIB = 1 << 20
REAL_THREADS = "2"


def patch() -> None:
    """Make the standard library cooperative, and psycopg wait by it instead of blocking the process.

    Few real threads, and large blocks given back to the system at once: a password check takes 19 MiB, and
    glibc would keep that for each thread that ever made one.
    """
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"
    os.environ.setdefault("EVENTLET_THREADPOOL_SIZE", REAL_THREADS)
    if sys.platform == "linux":
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, ONE_MIB)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import eventlet

        eventlet.monkey_patch()
