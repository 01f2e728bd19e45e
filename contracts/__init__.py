"""The words services say to each other. Standard library only."""

from contracts import approval, catalog, dashboard, departments, identity, intake, notification
from contracts.base import Event, InvalidEvent, UnknownEvent, all_events, event_class

__all__ = [
    "Event",
    "InvalidEvent",
    "UnknownEvent",
    "all_events",
    "approval",
    "catalog",
    "dashboard",
    "departments",
    "event_class",
    "identity",
    "intake",
    "notification",
]
