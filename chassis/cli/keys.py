"""``onewindow keys``: versions of the key that seals what is kept."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from chassis.cli.database import database_of
from chassis.database import Database
from chassis.reseal import SealedTable, reseal, sealed_tables, versions_in
from chassis.sealing import NEWEST_POSSIBLE, MasterKey, read_master_key
from chassis.services import service_names
from chassis.storage import Vault, open_vault

console = Console(stderr=True)


@click.group()
def keys() -> None:
    """Keys that seal names, numbers, answers and files. Back the key file up: without it they are lost."""


def key_file() -> Path:
    return Path(os.environ.get("ONEWINDOW_MASTER_KEY_FILE", "var/master.key"))


@keys.command("list")
def list_() -> None:
    """Show the versions and what each has sealed, by service."""
    master = read_master_key(key_file())
    counts = {name: _counts(name) for name in service_names()}
    table = Table("service", *(f"version {v}" for v in sorted(master.versions)), "unknown")
    for name, found in counts.items():
        unknown = sum(count for version, count in found.items() if version not in master.versions)
        table.add_row(name, *(str(found[v]) for v in sorted(master.versions)), str(unknown))
    Console().print(table)
    click.echo(f"version {max(master.versions)} seals")


@keys.command()
def add() -> None:
    """Add a version, which seals from now on. Bring the file to every machine before you rotate."""
    master = read_master_key(key_file())
    version = max(master.versions) + 1
    if version > NEWEST_POSSIBLE:
        raise click.ClickException(f"{NEWEST_POSSIBLE} versions were made; no further one fits")
    master.with_version(version, secrets.token_bytes(32)).write(key_file())
    click.echo(f"version {version} added to {key_file()}: back it up, then `onewindow keys rotate SERVICE`")


@keys.command()
@click.argument("services", nargs=-1, required=True)
def rotate(services: tuple[str, ...]) -> None:
    """Seal everything of SERVICES by the newest version. It may be stopped and started again at any time."""
    for name in services:
        with sealed_of(name) as (database, tables, vault), _progress() as progress:
            task, done = progress.add_task(name), 0

            def told(
                place: str, count: int, name: str = name, progress: Progress = progress, task: object = task
            ) -> None:
                nonlocal done
                done += count
                progress.update(task, description=f"{name}: {place}, {done} sealed anew")  # type: ignore[arg-type]

            try:
                changed = reseal(database, tables, vault, told)
            except (RuntimeError, ValueError) as error:
                raise click.ClickException(f"{name}: {error}") from error
        click.echo(f"{name}: {changed} rows and files sealed anew")


@keys.command()
@click.argument("version", type=int)
def remove(version: int) -> None:
    """Remove a VERSION that nothing is sealed by any more. Its backups open nothing new afterwards."""
    master = read_master_key(key_file())
    if version not in master.versions:
        raise click.ClickException(f"there is no version {version}")
    if version == max(master.versions):
        raise click.ClickException(f"version {version} seals: `onewindow keys add` first")
    for name in service_names():
        if count := _counts(name)[version]:
            raise click.ClickException(
                f"{count} values of {name} are sealed by version {version}: rotate it first"
            )
    MasterKey.read(key_file()).without_version(version).write(key_file())
    click.echo(f"version {version} removed")


@contextmanager
def sealed_of(service: str) -> Iterator[tuple[Database, list[SealedTable], Vault | None]]:
    """A service's database, its sealed tables, and its vault where it keeps files."""
    with database_of(service) as database:
        yield database, sealed_tables(service), open_vault(database.config)


def _counts(service: str) -> Counter[int]:
    with sealed_of(service) as (database, tables, vault):
        return versions_in(database, tables, vault)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
