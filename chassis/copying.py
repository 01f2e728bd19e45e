"""Many rows into one table by the quickest way each database has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

AHEAD = 6
"""Inserts that may wait: made rows take memory."""
_PACKED_BY_LZ4 = sa.text(
    "SELECT set_config('default_toast_compression', 'lz4', true) FROM pg_settings"
    " WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
)


def is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def insert(table: sa.FromClause, rows: Sequence[Mapping[str, Any]], session: Session) -> None:
    """Insert rows of plain values, JSON written out already; all rows name the same columns. By COPY on
    PostgreSQL."""
    if not rows:
        return
    if not is_postgres(session):
        session.execute(sa.insert(table), rows)  # type: ignore[arg-type]
        return
    names = list(rows[0])
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


class Beside:
    """Inserts while the caller goes on making rows: PostgreSQL takes as long to read them. Inside, nothing
    else may use the session. Leaving waits, and raises what went wrong.

    Long values are packed by lz4 where PostgreSQL was built with it, in a third of the time of its own way.
    """

    def __init__(self, session: Session):
        self._session = session
        self._threads: ThreadPoolExecutor | None = None
        self._under_way: list[Future[None]] = []

    def __enter__(self) -> Beside:
        if is_postgres(self._session):
            self._session.execute(_PACKED_BY_LZ4)
            self._threads = ThreadPoolExecutor(1, "copying")
        return self

    def insert(self, table: sa.FromClause, rows: Sequence[Mapping[str, Any]]) -> None:
        if self._threads is None:
            insert(table, rows, self._session)
            return
        while len(self._under_way) >= AHEAD:
            self._under_way.pop(0).result()
        self._under_way.append(self._threads.submit(insert, table, rows, self._session))

    def __exit__(self, *_: Any) -> None:
        if self._threads is not None:
            self._threads.shutdown()
            for future in self._under_way:
                future.result()
