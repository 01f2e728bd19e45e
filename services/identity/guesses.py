"""Wrong passwords cost time, by login and address: nobody can lock out somebody else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.ratelimit import Limit
from chassis.tables import attempt


class WrongPasswords(Limit):
    """Counts wrong passwords only (`take`, after the check), so that any number of right ones may come at
    once. While a key waits, a right password is refused like a wrong one: guessing on tells nothing."""

    def waiting(self, key: str, session: Session, now: datetime) -> bool:
        """Whether this key has to wait; `take` then raises the problem that says how long."""
        tries = select(attempt.c["count"], attempt.c.until).where(attempt.c.key == self._key(key))
        row = session.execute(tries).first()
        return row is not None and row[0] >= self.tries and row.until > now
