"""CPU-bound and blocking work beside everything else.

Where eventlet has taken over the threads, such work would stop the whole process: it goes to a real
thread. Elsewhere the caller has a thread already, and it is a plain call. Either way at most `LIMIT` run
at once, so that memory stays bounded (one argon2 check takes 19 MiB).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LIMIT = max(2, os.cpu_count() or 1)


def offload(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call ``function`` without holding up others; its exceptions come back as they are.

    Never call it inside a transaction: whoever waits for a place here would hold the locks meanwhile.
    ``function`` must not touch sessions, sockets or locks of this process.
    """
    with _places():
        if is_green():
            from eventlet import tpool

            return tpool.execute(function, *args, **kwargs)  # type: ignore[no-any-return]
        return function(*args, **kwargs)


def is_green() -> bool:
    """Whether eventlet runs this process's threads."""
    patcher = sys.modules.get("eventlet.patcher")
    return patcher is not None and bool(patcher.is_monkey_patched("thread"))


@cache
def _places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(LIMIT)
