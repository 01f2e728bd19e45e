"""This process's clock: the machine's own, unless a rehearsal made it stand elsewhere (`onewindow seed`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_shift = timedelta(0)


def now() -> datetime:
    """What this process takes for now, in UTC."""
    return datetime.now(UTC) + _shift


def seconds() -> float:
    """`now` in seconds since 1970."""
    return now().timestamp()


def stand_at(moment: datetime | None) -> None:
    """Let the clock go on from ``moment``, or from the machine's own time again."""
    global _shift
    _shift = timedelta(0) if moment is None else moment - datetime.now(UTC)
