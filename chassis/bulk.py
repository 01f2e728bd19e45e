"""Many rows by one statement.

On PostgreSQL the rows travel as one array a column and are taken apart there (``unnest``): the statement's
text is the same for any number of rows, so that it is parsed once, prepared, and needs one round trip. A
``VALUES`` list of changing length is parsed anew each time, ``executemany`` sends a message a row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Result, Table, any_, bindparam, column, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from chassis.copying import is_postgres

Finish = Callable[[Any], Any]
"""Adds ``on_conflict_…`` and ``returning`` to an INSERT. A function of a module, not made anew each time."""


def insert_rows(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], finish: Finish | None = None
) -> Result[Any]:
    """Insert rows, all with the columns of the first one; there must be one."""
    names = tuple(rows[0])
    if not is_postgres(session):
        return session.execute(_by_row(table, names, finish), rows)
    return session.execute(_by_column(table, names, finish), _columns(rows, names))


def update_rows(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    match: tuple[str, ...],
    counter: str = "",
) -> int:
    """Update the rows that agree with one of these in the columns ``match``; the rest are its new values.

    The column ``counter`` goes up by one with it. Returns how many were updated.
    """
    names = tuple(rows[0])
    if not is_postgres(session):
        statement = _update_by_row(table, names, match, counter)
        given = [{f"given_{name}": value for name, value in row.items()} for row in rows]
        return int(session.connection().execute(statement, given).rowcount)
    statement = _update_by_column(table, names, match, counter)
    return int(session.connection().execute(statement, _columns(rows, names)).rowcount)


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """``column IN (values)``, on PostgreSQL as one array."""
    if not is_postgres(session):
        return column.in_(values)  # type: ignore[no-any-return]
    return column == any_(literal(list(values), ARRAY(column.type)))  # type: ignore[no-any-return]


def ignoring_known(statement: Any) -> Any:
    """A `Finish`: rows that are there already stay as they are."""
    return statement.on_conflict_do_nothing()


@lru_cache(maxsize=256)
def _by_row(table: Table, names: tuple[str, ...], finish: Finish | None) -> Any:
    statement = sqlite.insert(table)
    return finish(statement) if finish else statement


@lru_cache(maxsize=256)
def _by_column(table: Table, names: tuple[str, ...], finish: Finish | None) -> Any:
    statement = postgresql.insert(table).from_select(names, select(*_given(table, names).c))
    return finish(statement) if finish else statement


@lru_cache(maxsize=64)
def _update_by_row(table: Table, names: tuple[str, ...], match: tuple[str, ...], counter: str) -> Any:
    values: dict[str, Any] = {n: bindparam(f"given_{n}") for n in names if n not in match}
    if counter:
        values[counter] = table.c[counter] + 1
    return update(table).where(*(table.c[n] == bindparam(f"given_{n}") for n in match)).values(values)


@lru_cache(maxsize=64)
def _update_by_column(table: Table, names: tuple[str, ...], match: tuple[str, ...], counter: str) -> Any:
    given = _given(table, names)
    values: dict[str, Any] = {n: given.c[n] for n in names if n not in match}
    if counter:
        values[counter] = table.c[counter] + 1
    return update(table).where(*(table.c[n] == given.c[n] for n in match)).values(values)


def _given(table: Table, names: tuple[str, ...]) -> Any:
    arrays = [bindparam(f"given_{name}", type_=ARRAY(table.c[name].type)) for name in names]
    columns = [column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def _columns(rows: Sequence[Mapping[str, Any]], names: tuple[str, ...]) -> dict[str, list[Any]]:
    return {f"given_{name}": [row[name] for row in rows] for name in names}
