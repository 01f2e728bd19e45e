"""A limit on tries of something that can be guessed, shared by all processes through the database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update

from chassis.database import Database
from chassis.problems import Problem
from chassis.tables import attempt
from chassis.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Limit:
    """``tries`` in a row, then a wait of ``pause`` that doubles with every further try, up to ``longest``.

    Tries are forgotten when they succeed (`clear`), and ``longest`` after the last wait was over.
    """

    name: str
    tries: int = 5
    pause: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=1)

    def take(self, uow: UnitOfWork, key: str) -> None:
        """Count one try before it is made; a 429 problem with ``Retry-After`` when there have been enough.

        A failed try counts only if its transaction is committed: end it by a `Problem` with ``keep``, or
        take in a transaction of its own. Concurrent tries with the same key wait for each other here.
        """
        row_key = self._key(key)
        statement = uow.insert(attempt).values(key=row_key, count=0, until=uow.now)
        locked = statement.on_conflict_do_update(index_elements=["key"], set_={"key": statement.excluded.key})
        tries, until = uow.session.execute(locked.returning(attempt.c["count"], attempt.c.until)).one()
        if tries >= self.tries and until > uow.now:
            raise _wait(until - uow.now)
        count = 1 if until + self.longest < uow.now else tries + 1
        doubled = self.pause * 2 ** min(max(count - self.tries, 0), 20)
        uow.session.execute(
            update(attempt)
            .where(attempt.c.key == row_key)
            .values(count=count, until=uow.now + min(doubled, self.longest))
        )

    def clear(self, uow: UnitOfWork, key: str) -> None:
        """Forget the tries with this key: one succeeded."""
        uow.session.execute(delete(attempt).where(attempt.c.key == self._key(key)))

    def _key(self, key: str) -> str:
        return f"{self.name}:{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _wait(left: timedelta) -> Problem:
    seconds = int(left.total_seconds()) + 1
    return Problem(
        429,
        "too-many-tries",
        zh=f"尝试次数过多,请 {_words(seconds)}后再试。",
        en=f"Too many tries; please wait {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
        retry_after=seconds,
    )


def _words(seconds: int) -> str:
    return f"{seconds} 秒" if seconds < 60 else f"{-(-seconds // 60)} 分钟"


def sweep(database: Database, batch: int = 500, older_than: timedelta = timedelta(days=1)) -> int:
    """Forget up to ``batch`` rows whose wait ended long ago; returns how many."""
    with database.transaction() as uow:
        old = (
            uow.session.execute(
                select(attempt.c.key)
                .where(attempt.c.until < uow.now - older_than)
                .limit(batch)
                .with_for_update(skip_locked=True)
            )
            .scalars()
            .all()
        )
        if old:
            uow.session.execute(delete(attempt).where(attempt.c.key.in_(old)))
        return len(old)
