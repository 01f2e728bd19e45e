"""``onewindow generate``, ``import``, ``export``, ``reindex``: the catalogue by the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path)
SAMPLE = Path("sample_city")


@click.command()
@click.argument("count", type=click.IntRange(1, 150_000))
@click.argument("folder", type=FOLDER, required=False)
@click.option("--load", "to_database", is_flag=True, help="Publish them in the catalogue's database.")
@click.option("--city", type=FOLDER, default=SAMPLE, show_default=True, help="The hand-written items.")
def generate(count: int, folder: Path | None, to_database: bool, city: Path) -> None:
    """Make COUNT plausible items from the hand-written ones: into FOLDER, which then holds a whole city, or
    straight into the database (the city must be loaded). The same count makes the same items."""
    from services.catalog import bulk, folders

    if (folder is None) == (not to_database):
        raise click.UsageError("say either a folder or --load")
    shop = bulk.workshop(city)
    if folder is not None:
        with _progress("writing items", count) as told:
            folders.write(shop, count, city, folder, told)
        click.echo(f"{count} items in {folder}")
        return
    with _database() as database, _progress("publishing items", count) as told:
        new = bulk.load(shop, count, database, told)
    click.echo(f"{new} new of {count}")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Publish the items of FILE (.json, .csv, .xlsx): all of them, or none and a report of every bad row."""
    from services.catalog import exchange, sheets

    try:
        rows = sheets.read(file.suffix.lstrip("."), file.read_bytes())
        with _database() as database:
            done = exchange.bring(rows, database)
    except sheets.Unreadable as error:
        raise click.ClickException(str(error)) from None
    except exchange.NoCity:
        raise click.ClickException("load the city first: onewindow load") from None
    except exchange.BadRows as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        raise click.ClickException(f"{len(error.problems)} problems: nothing was imported") from None
    click.echo(f"{done.changed} of {done.rows} items changed")


@click.command()
@click.argument("file", type=FOLDER)
def export(file: Path) -> None:
    """Write all items to FILE (.json, .csv, .xlsx), in the shape that import reads."""
    from services.catalog import exchange, sheets

    with _database() as database, database.read() as session:
        file.write_bytes(sheets.write(file.suffix.lstrip("."), exchange.contents(session)))
    click.echo(str(file))


@click.command()
def reindex() -> None:
    """Make the search index anew from what is published."""
    from services.catalog import indexing

    with _database() as database, database.transaction() as uow:
        count = indexing.rebuild(uow)
    click.echo(f"{count} documents")


COMMANDS: dict[str, click.Command] = {
    "generate": generate,
    "import": import_,
    "export": export,
    "reindex": reindex,
}


def _database() -> Any:
    from chassis.cli.database import database_of

    return database_of("catalog")


class _progress:
    """A bar on the terminal; ``told(n)`` says how far it is."""

    def __init__(self, words: str, total: int):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task(words, total=total)

    def __enter__(self) -> Any:
        self._bar.start()
        return lambda done: self._bar.update(self._task, completed=done)

    def __exit__(self, *_: Any) -> None:
        self._bar.stop()
