"""What the dashboard says to open pages: that its figures have changed."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.base import Event, event


@event(subject="board")
@dataclass(frozen=True, kw_only=True)
class FiguresChanged(Event):
    """The figures of ``board`` have changed; said at most four times a second, the last change included."""

    board: str
