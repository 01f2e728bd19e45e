"""The certificate library 证照库: how a holder's certificates of one kind stand to one another."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from contracts.procedure import Limit

State = Literal["valid", "superseded", "revoked"]
Shown = Literal["valid", "expired", "superseded", "revoked"]
SOON = timedelta(days=30)
"""Renewal is asked for thirty days before the end (Administrative License Law, art. 50)."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A certificate as it was issued. ``replaces``: it takes the place of another, ``instead_of`` if its
    application named one, else of the holder's last one."""

    certificate_id: str
    issued_at: datetime
    valid_until: date | None
    replaces: bool = False
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate that was ended: the one named, or (a cancellation) the holder's last valid one then."""

    ending_id: str
    at: datetime
    certificate_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    state: State
    valid_until: date | None


def standings(issues: Iterable[Issue], endings: Iterable[Ending]) -> dict[str, Standing]:
    """How each stands, whatever order it became known in: a function of the whole set.

    One that replaces another and sets no end of its own goes on to the other's last day.
    """
    found: dict[str, Standing] = {}
    steps: list[tuple[datetime, int, str, Issue | Ending]] = [
        *((i.issued_at, 0, i.certificate_id, i) for i in issues),
        *((e.at, 1, e.ending_id, e) for e in endings),
    ]
    for _, _, _, step in sorted(steps, key=lambda s: s[:3]):
        last = next((key for key, s in reversed(found.items()) if s.state == "valid"), None)
        if isinstance(step, Ending):
            ended = step.certificate_id or last
            if ended in found:
                found[ended] = Standing("revoked", found[ended].valid_until)
            continue
        until = step.valid_until
        named = step.instead_of if step.instead_of in found else None
        replaced = (named or last) if step.replaces else None
        if replaced is not None:
            until = until or found[replaced].valid_until
            if found[replaced].state == "valid":
                found[replaced] = Standing("superseded", found[replaced].valid_until)
        found[step.certificate_id] = Standing("valid", until)
    return found


def shown(state: State, valid_until: date | None, today: date) -> Shown:
    """The state as of a day; valid through its last day."""
    return "expired" if state == "valid" and valid_until is not None and valid_until < today else state


def last_day(issued: date, valid_for: Limit | None) -> date | None:
    """The last day of a licence issued for so long; None: without end."""
    if valid_for is None:
        return None
    if valid_for.unit == "months":
        return months_later(issued, int(valid_for.value)) - timedelta(days=1)
    return issued + timedelta(days=int(valid_for.value) - 1)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def masked(number: str) -> str:
    """A number with its middle hidden: 3299**********3021."""
    return number if len(number) < 9 else number[:4] + "*" * (len(number) - 8) + number[-4:]
