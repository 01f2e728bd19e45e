"""``onewindow migrate`` and ``onewindow load``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from chassis.config import Config
from chassis.database import Database
from chassis.migrate import upgrade
from chassis.services import part, service_names


@contextmanager
def database_of(service: str) -> Iterator[Database]:
    """The service's database by the environment's configuration, closed afterwards."""
    if service not in service_names():
        raise click.BadParameter(f"no service {service}; there are {', '.join(service_names())}")
    database = Database(Config.from_env(service))
    try:
        yield database
    finally:
        database.close()


@click.command()
@click.argument("services", nargs=-1)
def migrate(services: tuple[str, ...]) -> None:
    """Bring the databases of SERVICES (default: all) to the newest schema."""
    for name in services or service_names():
        with database_of(name) as database:
            click.echo(f"{name}: {'migrated' if upgrade(database) else 'already up to date'}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--service", "only", multiple=True, help="Only this service (may be repeated).")
def load(folder: Path, only: tuple[str, ...]) -> None:
    """Let every service load what FOLDER holds for it. Loading the same again changes nothing."""
    for name in only or service_names():
        sample = part(name, "sample")
        if sample is None:
            continue
        with database_of(name) as database, database.transaction() as uow:
            sample.load(folder, uow)
        click.echo(f"{name}: loaded")
