"""Writing down who read and who did what."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.uow import UnitOfWork
from services.identity.orm import audit_trail


def write_down(actor: str, act: str, subjects: Iterable[str], uow: UnitOfWork) -> None:
    """``actor`` did ``act`` to each of these accounts."""
    audit_trail.write(
        ({"at": uow.now, "actor": actor, "act": act, "subject": subject} for subject in subjects), uow
    )
