"""Rotation: everything a service has sealed, sealed again by the newest version of the key.

Row by row and file by file, each change in itself: it may be killed anywhere and started again, and runs
beside everything else. A row that somebody changes meanwhile is left to them (they seal by the newest
version), so a pass is repeated until nothing old is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, MetaData, Table, and_, func, or_, select, tuple_, update

from chassis.database import Database
from chassis.sealing import Sealer, blind_index, versioned
from chassis.services import metadata_of
from chassis.storage import MissingFile, Vault
from chassis.types import SealedJSON, SealedText

BATCH = 200
PASSES = 20
Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table's sealed columns as the bytes they are; ``indexes``: blind index columns, each with the sealed
    column it is of and its purpose (column info ``blind_index_of``)."""

    table: Table
    sealed: tuple[str, ...]
    indexes: dict[str, tuple[str, str]]


def sealed_tables(service: str) -> list[SealedTable]:
    """What of a service's tables is sealed."""
    found = []
    for table in metadata_of(service).sorted_tables:
        sealed = tuple(c.name for c in table.c if isinstance(c.type, SealedText | SealedJSON))
        if sealed:
            indexes = {c.name: c.info["blind_index_of"] for c in table.c if "blind_index_of" in c.info}
            found.append(SealedTable(_as_bytes(table, sealed), sealed, indexes))
    return found


def _as_bytes(table: Table, sealed: tuple[str, ...]) -> Table:
    columns = [
        Column(c.name, LargeBinary() if c.name in sealed else c.type, primary_key=c.primary_key)
        for c in table.c
    ]
    return Table(table.name, MetaData(), *columns)


def versions_in(database: Database, tables: list[SealedTable], vault: Vault | None) -> Counter[int]:
    """How many values and files each version has sealed."""
    counts: Counter[int] = Counter()
    with database.read() as session:
        for one in tables:
            for name in one.sealed:
                mark = func.substr(one.table.c[name], 1, 1, type_=LargeBinary)
                rows = session.execute(
                    select(mark, func.count()).where(one.table.c[name].is_not(None)).group_by(mark)
                )
                for version, count in rows:
                    counts[bytes(version)[0]] += count
    for name in vault.names() if vault is not None else ():
        try:
            counts[vault.version_of(name)] += 1  # type: ignore[union-attr]
        except MissingFile:
            continue
    return counts


def reseal(database: Database, tables: list[SealedTable], vault: Vault | None, told: Told) -> int:
    """Seal everything again that the newest version has not sealed; returns how many rows and files changed.

    Raises `RuntimeError` when old values keep coming: a process that doesn't know the newest version.
    """
    changed = 0
    for one in tables:
        for _ in range(PASSES):
            found = 0
            for seen, done in _pass(database, one):
                found += seen
                changed += done
                told(one.table.name, done)
            if not found:
                break
        else:
            raise RuntimeError(f"{one.table.name}: somebody still seals by an old version; is its file new?")
    for name in vault.names() if vault is not None else ():
        if vault.reseal(name):  # type: ignore[union-attr]
            changed += 1
            told("files", 1)
    return changed


def _pass(database: Database, one: SealedTable) -> Iterator[tuple[int, int]]:
    """Once through the table in the order of its key: rows seen with an old seal, rows sealed anew."""
    keys = [c for c in one.table.primary_key]
    last: tuple[Any, ...] | None = None
    while True:
        newest = bytes([versioned(database.config.master_key).newest()])
        old = or_(*(func.substr(one.table.c[n], 1, 1, type_=LargeBinary) != newest for n in one.sealed))
        query = select(one.table).where(old).order_by(*keys).limit(BATCH)
        if last is not None:
            query = query.where(tuple_(*keys) > tuple_(*last))
        with database.read() as session:
            rows = session.execute(query).all()
        if not rows:
            return
        yield len(rows), database.write(lambda uow, rows=rows: _write(uow, one, rows))  # type: ignore[misc]
        last = tuple(rows[-1]._mapping[c.name] for c in keys)


def _write(uow: Any, one: SealedTable, rows: Any) -> int:
    """Put new seals in place of exactly the old bytes; what somebody changed meanwhile stays."""
    sealer, done = Sealer(uow.master_key, "columns"), 0
    for row in rows:
        was = row._mapping
        plain = {n: sealer.open(bytes(was[n])) for n in one.sealed if was[n] is not None}
        values: dict[str, Any] = {name: sealer.seal(content) for name, content in plain.items()}
        for name, (of, purpose) in one.indexes.items():
            if of in plain and was[name] is not None:
                values[name] = blind_index(uow.master_key, purpose, plain[of].decode())
        same = and_(
            *(one.table.c[c.name] == was[c.name] for c in one.table.primary_key),
            *(
                one.table.c[n] == bytes(was[n]) if was[n] is not None else one.table.c[n].is_(None)
                for n in one.sealed
            ),
        )
        done += uow.session.execute(update(one.table).where(same).values(values)).rowcount
    return done
