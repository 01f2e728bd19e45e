"""A service's newest schema: its migrations make it once a process, each test gets a copy.

The copy may hold something already: ``fill`` (a function of a module) is called once a process, too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import scratch_config
from chassis.uow import UnitOfWork
from deploy.local.servers import PostgresServer
from services.catalog import sample

Fill = Callable[[UnitOfWork], object]

SAMPLE = Path(__file__).parents[1] / "sample_city"
KEY_OF_THE_FILLED = bytes(range(32))


def sample_catalogue(uow: UnitOfWork) -> None:
    """For ``fill``: the sample city's catalogue."""
    sample.load(SAMPLE, uow)


def migrated(service: str, folder: Path, fill: Fill | None = None, **changes: Any) -> Database:
    """The service's database, at its newest schema: SQLite in ``folder``, or at ``database_url``.

    ``changes`` are those of `scratch_config`.
    """
    if fill is not None:
        changes = {"master_key": KEY_OF_THE_FILLED} | changes
    config = scratch_config(service, folder, **changes)
    if "database_url" not in changes:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{service}.sqlite").write_bytes(_sqlite_file(service, fill))
    return Database(config)


@cache
def _sqlite_file(service: str, fill: Fill | None) -> bytes:
    with TemporaryDirectory() as folder:
        _make(Database(scratch_config(service, Path(folder), master_key=KEY_OF_THE_FILLED)), fill)
        return Path(folder, f"{service}.sqlite").read_bytes()


def _make(database: Database, fill: Fill | None) -> None:
    migrate.upgrade(database)
    if fill is not None:
        with database.transaction() as uow:
            fill(uow)
    database.close()


class Templates:
    """Migrated databases on a PostgreSQL, to be copied."""

    def __init__(self, server: PostgresServer):
        self._server = server
        self._made: dict[tuple[str, Fill | None], str] = {}

    def copy(self, service: str, fill: Fill | None = None) -> str:
        """The address of a new database with the service's newest schema."""
        template = self._template(service, fill)
        name = f"{service}_{secrets.token_hex(4)}"
        with psycopg.connect(self._server.url.format(database="postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self._server.url.format(database=name)

    def _template(self, service: str, fill: Fill | None) -> str:
        if (service, fill) not in self._made:
            name = f"template_{service}_{len(self._made)}"
            url = self._server.create_database(name)
            with TemporaryDirectory() as folder:
                config = scratch_config(service, Path(folder), database_url=url, master_key=KEY_OF_THE_FILLED)
                _make(Database(config), fill)
            self._made[service, fill] = name
        return self._made[service, fill]


class Reused:
    """Databases of one service that are emptied and given again: what a test can't tell from new ones.

    For tests of an API; those that look at plans, locks or migrations take one of their own.
    """

    def __init__(self, templates: Templates, service: str):
        self._templates = templates
        self._service = service
        self._free: list[str] = []

    def take(self) -> str:
        """The address of an empty one."""
        if self._free:
            return self._free.pop()
        url = self._templates.copy(self._service)
        with psycopg.connect(url) as connection:
            for table in _tables(connection):
                found = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
                assert found == (0,), f"migrations fill {table}, which emptying would lose"
        return url

    def give_back(self, url: str) -> None:
        """Nobody is connected to it any more."""
        with psycopg.connect(url) as connection:
            connection.execute("SET lock_timeout = '5s'")
            connection.execute("SET session_replication_role = replica")
            for table in _tables(connection):
                connection.execute(f"DELETE FROM {table}".encode())
            connection.execute(
                "SELECT setval(format('%I', sequencename)::regclass, start_value, false)"
                " FROM pg_sequences WHERE schemaname = 'public'"
            )
        self._free.append(url)


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    query = "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
    return [name for (name,) in connection.execute(query) if name != "alembic_version"]
