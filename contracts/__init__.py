"""The words services say to each other. Standard library only."""

from contracts import approval, catalog, departments, identity, intake
from contracts.base import Event, InvalidEvent, UnknownEvent, all_events, event_class

__all__ = [
    "Event",
    "InvalidEvent",
    "UnknownEvent",
    "all_events",
    "approval",
    "catalog",
    "departments",
    "event_class",
    "identity",
    "intake",
]
