"""What counts the days of a branch's two clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from contracts.procedure import Limit, Unit


class Calendar(Protocol):
    """Working days: when a limit ends, how a pause moves a date, how much time is left."""

    def due(self, start: datetime, value: float, unit: Unit) -> datetime:
        """When a limit that begins at ``start`` ends."""

    def shift(self, due: datetime, paused_from: datetime, paused_to: datetime) -> datetime:
        """A date moved by the working days of a pause."""

    def add_workdays(self, due: datetime, days: int) -> datetime:
        """The same hour ``days`` working days later."""

    def add_days(self, due: datetime, days: int) -> datetime:
        """The same hour ``days`` calendar days later, on a day off the next working day."""

    def paused_days(self, paused_from: datetime, paused_to: datetime) -> int:
        """The working days of a pause."""

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Office hours between two moments, eight a working day; negative when ``end`` comes first."""


def due_after(limit: Limit, calendar: Calendar, start: datetime) -> datetime:
    """When ``limit`` ends if it begins at ``start``."""
    return calendar.due(start, limit.value, limit.unit)


def extended(due: datetime, days: int, unit: Unit, calendar: Calendar) -> datetime:
    """A date ``days`` later, counted as the extension is (Administrative License Law, art. 42)."""
    return calendar.add_workdays(due, days) if unit == "working_days" else calendar.add_days(due, days)
