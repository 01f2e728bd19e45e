"""A service's newest schema: its migrations make it once a process, each test gets a copy."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from chassis import migrate
from chassis.database import Database
from chassis.fakes.database import scratch_config
from deploy.local.servers import PostgresServer


def migrated(service: str, folder: Path, **changes: Any) -> Database:
    """The service's database, at its newest schema: SQLite in ``folder``, or at ``database_url``.

    ``changes`` are those of `scratch_config`.
    """
    config = scratch_config(service, folder, **changes)
    if "database_url" not in changes:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{service}.sqlite").write_bytes(_sqlite_schema(service))
        return Database(config)
    database = Database(config)
    migrate.upgrade(database)
    return database


@cache
def _sqlite_schema(service: str) -> bytes:
    with TemporaryDirectory() as folder:
        database = Database(scratch_config(service, Path(folder)))
        migrate.upgrade(database)
        database.close()
        return Path(folder, f"{service}.sqlite").read_bytes()


class Templates:
    """Migrated databases on a PostgreSQL, one a service, to be copied."""

    def __init__(self, server: PostgresServer):
        self._server = server
        self._made: dict[str, str] = {}

    def copy(self, service: str) -> str:
        """The address of a new database with the service's newest schema."""
        template = self._template(service)
        name = f"{service}_{secrets.token_hex(4)}"
        with psycopg.connect(self._server.url.format(database="postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self._server.url.format(database=name)

    def _template(self, service: str) -> str:
        if service not in self._made:
            name = f"template_{service}"
            url = self._server.create_database(name)
            with TemporaryDirectory() as folder:
                migrated(service, Path(folder), database_url=url).close()
            self._made[service] = name
        return self._made[service]
