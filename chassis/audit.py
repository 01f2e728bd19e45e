"""Audit that shows what was done to it: append-only tables whose rows stand in a chain of hashes.

Whoever writes down what was done inserts a row and notes it as unchained, without waiting for anybody. Once
a second one worker (`chassis.chaining.Chainer`) gives the noted rows their positions, gapless from 1, each
with the hash over its own content and the hash before it. `verify` walks the chain: a row that was changed,
removed or put in by somebody else is found, one that was rewritten together with everything after it only by
a hash kept outside the database (`Report.head`, also in the log once an hour).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    exists,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import Session

from chassis.types import BigId, UtcDateTime
from chassis.uow import UnitOfWork

GENESIS = "0" * 64
BATCH = 1000
LATE = timedelta(minutes=10)
"""A row that says it is that much older than its place in the chain was put in later, or the chaining
worker stood still meanwhile."""


class Trail:
    """An append-only table (integer key ``id``, time ``at``), its chain, and what waits to be chained."""

    def __init__(self, table: Table):
        self.name = table.name
        self.table = table
        self.chain = Table(
            f"{table.name}_chain",
            table.metadata,
            Column("position", BigInteger, primary_key=True, autoincrement=False),
            Column("row_id", BigId, nullable=False, unique=True),
            Column("chained_at", UtcDateTime, nullable=False),
            Column("hash", String(64), nullable=False),
        )
        self.unchained = Table(
            f"{table.name}_unchained",
            table.metadata,
            Column("row_id", BigId, primary_key=True, autoincrement=False),
        )
        table.metadata.info.setdefault("trails", []).append(self)

    def write(self, rows: Iterable[Mapping[str, Any]], uow: UnitOfWork) -> None:
        """Add rows. They are chained soon after the commit."""
        values = list(rows)
        if values:
            ids = uow.session.scalars(insert(self.table).returning(self.table.c.id), values).all()
            uow.session.execute(insert(self.unchained), [{"row_id": row_id} for row_id in ids])


@dataclass(kw_only=True)
class Report:
    """What `verify` found. ``rows`` were looked at; ``position`` and ``head`` are the chain's end."""

    trail: str
    rows: int = 0
    position: int = 0
    head: str = GENESIS
    waiting: int = 0
    problems: list[str] = field(default_factory=list)


def trails_of(metadata: MetaData) -> list[Trail]:
    """The audited tables among a service's tables."""
    return list(metadata.info.get("trails", ()))


def chain(trail: Trail, uow: UnitOfWork) -> int:
    """Chain up to `BATCH` waiting rows in the order of their ids; returns how many. One caller at a time:
    0 when somebody else is at it."""
    session = uow.session
    if session.get_bind().dialect.name == "postgresql":
        lock = select(func.pg_try_advisory_xact_lock(func.hashtext(f"chain-{trail.name}")))
        if not session.scalar(lock):
            return 0
    ids = session.scalars(
        select(trail.unchained.c.row_id).order_by(trail.unchained.c.row_id).limit(BATCH)
    ).all()
    if not ids:
        return 0
    position, last = end_of(trail, session)
    links = []
    rows = select(trail.table).where(trail.table.c.id.in_(ids)).order_by(trail.table.c.id)
    for row in session.execute(rows):
        position += 1
        last = link_hash(position, last, uow.now, row._mapping)
        links.append({"position": position, "row_id": row.id, "chained_at": uow.now, "hash": last})
    if links:
        session.execute(insert(trail.chain), links)
    session.execute(trail.unchained.delete().where(trail.unchained.c.row_id.in_(ids)))
    return len(ids)


def end_of(trail: Trail, session: Session) -> tuple[int, str]:
    """Position and hash of the chain's end."""
    newest = select(trail.chain.c.position, trail.chain.c.hash).order_by(trail.chain.c.position.desc())
    row = session.execute(newest.limit(1)).first()
    return (0, GENESIS) if row is None else (row.position, row.hash)


def link_hash(position: int, before: str, chained_at: datetime, row: Mapping[Any, Any]) -> str:
    """SHA-256 over the position, the hash before, and the row's columns that hold something."""
    content = {str(name): _plain(value) for name, value in row.items() if value is not None}
    said = [position, before, _plain(chained_at), content]
    text_of = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text_of.encode()).hexdigest()


def verify(
    trail: Trail, session: Session, *, since: int = 1, kept: Mapping[int, str] | None = None
) -> Report:
    """Walk the chain from position ``since`` on. ``kept``: hashes by position that were kept outside."""
    report = Report(trail=trail.name)
    kept = dict(kept or {})
    expected, before = since, GENESIS
    if since > 1:
        found = session.scalar(select(trail.chain.c.hash).where(trail.chain.c.position == since - 1))
        if found is None:
            report.problems.append(f"position {since - 1} is missing: begin earlier")
            return report
        before = found
        report.position, report.head = since - 1, found
    for link in _links(trail, session, since):
        report.problems += _faults(trail, link, expected, before)
        wanted = kept.pop(link["position"], link["hash"])
        if wanted != link["hash"]:
            report.problems.append(f"position {link['position']}: not the hash that was kept")
        expected, before = link["position"] + 1, link["hash"]
        report.rows += 1
        report.position, report.head = link["position"], link["hash"]
    report.problems += [f"position {position} was kept and is missing" for position in sorted(kept)]
    report.problems += [f"row {row_id}: put in past the chain" for row_id in _strays(trail, session)]
    report.waiting = session.scalar(select(func.count()).select_from(trail.unchained)) or 0
    return report


def _faults(trail: Trail, link: dict[str, Any], expected: int, before: str) -> Iterator[str]:
    place, row = f"position {link['position']}", link["row"]
    if link["position"] != expected:
        yield f"positions {expected} to {link['position'] - 1}: removed"
    if row is None:
        yield f"{place}: row {link['row_id']} was removed"
        return
    if link_hash(link["position"], before, link["chained_at"], row) != link["hash"]:
        if link["position"] == expected:
            yield f"{place}: row {link['row_id']} or its link was changed"
    elif link["chained_at"] - row["at"] > LATE:
        yield f"{place}: row {link['row_id']} says {row['at']:%Y-%m-%d %H:%M}Z and was chained much later"


def _links(trail: Trail, session: Session, since: int) -> Iterator[dict[str, Any]]:
    position = since - 1
    while True:
        found = session.execute(
            select(trail.chain)
            .where(trail.chain.c.position > position)
            .order_by(trail.chain.c.position)
            .limit(BATCH)
        ).all()
        if not found:
            return
        ids = [link.row_id for link in found]
        rows = {
            row.id: row._mapping
            for row in session.execute(select(trail.table).where(trail.table.c.id.in_(ids)))
        }
        for link in found:
            yield dict(link._mapping) | {"row": rows.get(link.row_id)}
        position = found[-1].position


def _strays(trail: Trail, session: Session) -> list[int]:
    table, chained, waiting = trail.table.c, trail.chain.c, trail.unchained.c
    strays = select(table.id).where(
        ~exists().where(chained.row_id == table.id), ~exists().where(waiting.row_id == table.id)
    )
    return list(session.scalars(strays.order_by(table.id).limit(100)))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def make_append_only(connection: Connection, *tables: str) -> None:
    """Have the database refuse to change or delete rows of these tables (in a migration)."""
    for table in tables:
        if connection.dialect.name == "postgresql":
            connection.execute(text(_POSTGRES_FUNCTION))
            for moment, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
                name = f"{table}_append_only_{each.lower()}"
                connection.execute(
                    text(
                        f"CREATE TRIGGER {name} BEFORE {moment} ON {table}"
                        f" FOR EACH {each} EXECUTE FUNCTION append_only()"
                    )
                )
        else:
            for moment in ("UPDATE", "DELETE"):
                connection.execute(
                    text(
                        f"CREATE TRIGGER {table}_append_only_{moment.lower()} BEFORE {moment} ON {table}"
                        " BEGIN SELECT RAISE(ABORT, 'append-only'); END"
                    )
                )


def make_changeable(connection: Connection, *tables: str) -> None:
    """Take `make_append_only` back (in a migration's downgrade)."""
    for table in tables:
        for end in ("row", "statement") if connection.dialect.name == "postgresql" else ("update", "delete"):
            on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only_{end}{on}"))


_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$
"""
