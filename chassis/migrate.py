"""Schema migrations: the chassis' own and the service's, brought to their heads together."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from chassis.database import Database

CHASSIS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> bool:
    """Bring the database to the newest schema, in one transaction; returns whether anything changed."""
    if at_head(database):
        return False
    with database.writer.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('onewindow-migrate'))"))
        settings = _settings(database.service)
        settings.attributes["connection"] = connection
        command.upgrade(settings, "heads")
    return True


def at_head(database: Database) -> bool:
    """Whether the schema is the one this code wants. False also when it can't be read."""
    try:
        with database.reader.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            applied = set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    except SQLAlchemyError:
        return False
    return applied == _heads(database.service)


@cache
def _heads(service: str) -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(_settings(service)).get_heads())


def _settings(service: str) -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(CHASSIS))
    folders = [CHASSIS / "versions"]
    spec = find_spec(f"services.{service}")
    if spec is not None and spec.submodule_search_locations:
        own = Path(spec.submodule_search_locations[0]) / "migrations"
        if own.is_dir():
            folders.append(own)
    settings.set_main_option("version_locations", "\n".join(map(str, folders)))
    settings.set_main_option("path_separator", "newline")
    return settings
