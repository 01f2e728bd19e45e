"""pyHanko is written in coroutines. With keys and lists at hand none of them ever waits for the outside, so
they need no event loop that watches sockets, which eventlet's threads couldn't give them."""

from __future__ import annotations

import asyncio
from asyncio import events
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def settled(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine that waits for nothing outside returns. RuntimeError if it does wait.

    A loop that runs in this thread already stands still meanwhile, as for any other call.
    """
    loop, outer = _Loop(), events._get_running_loop()
    events._set_running_loop(None)
    try:
        return loop.run_until_complete(coroutine)
    finally:
        events._set_running_loop(outer)
        loop.close()


class _Loop(asyncio.BaseEventLoop):
    """Runs what is ready, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = self

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("this coroutine waits for something")
        return []

    def _process_events(self, _: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass
