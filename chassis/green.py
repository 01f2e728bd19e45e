"""Cooperative threads: call `patch` before anything else is imported that opens sockets or threads."""

from __future__ import annotations

import os
import warnings


def patch() -> None:
    """Make the standard library cooperative, and psycopg wait by it instead of blocking the process."""
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="eventlet")
        import eventlet

        eventlet.monkey_patch()
