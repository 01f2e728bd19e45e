"""One answer for many who ask at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

V = TypeVar("V")


@dataclass(eq=False)
class _Turn(Generic[V]):
    done: threading.Event = field(default_factory=threading.Event)
    value: V | None = None
    error: BaseException | None = None

    def wait(self) -> V:
        self.done.wait()
        if self.error is not None:
            raise self.error
        return cast(V, self.value)


class Shared(Generic[V]):
    """Makes an answer at most twice at a time, however many ask for it.

    Whoever asks gets an answer whose making began after the question: pages that fetch again because of
    a change see that change. While one is being made, the others wait for the next one, together.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, _Turn[V]] = {}
        self._next: dict[Hashable, _Turn[V]] = {}

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The answer to ``key``; raises what ``make`` raised."""
        with self._lock:
            before, following = self._running.get(key), self._next.get(key)
            if following is None:
                turn = _Turn[V]()
                (self._running if before is None else self._next)[key] = turn
        if following is not None:
            return following.wait()
        if before is not None:
            before.done.wait()
        try:
            turn.value = make()
        except BaseException as error:
            turn.error = error
        with self._lock:
            following = self._next.pop(key, None)
            if following is None:
                del self._running[key]
            else:
                self._running[key] = following
        turn.done.set()
        return turn.wait()
