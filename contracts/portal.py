"""What the portal says to its own open pages."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.base import Event, event


@event(subject="topic")
@dataclass(frozen=True, kw_only=True)
class PageChanged(Event):
    """Something shown under ``topic`` is no longer up to date: ``case:<no>``, ``department:<code>``,
    ``account:<id>`` or ``figures``."""

    topic: str
