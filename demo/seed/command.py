"""The command itself."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from chassis import green

Heard = Callable[[int, int, datetime], None]
AT_THE_DESK, AT_THE_DESK_NOW = 200, 40


@click.command()
@click.option(
    "--data",
    "folder",
    default="var/run",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Data folder to make; it must not exist yet or be empty.",
)
@click.option("--url", help="A platform that runs already, as http://127.0.0.1:8000, instead of a folder.")
@click.option(
    "--desk",
    type=click.IntRange(0, 400),
    help=f"Cases at one officer's desk.  [default: {AT_THE_DESK}, with --url {AT_THE_DESK_NOW}]",
)
@click.option("--quiet", is_flag=True, help="No progress.")
def seed(folder: Path, url: str | None, desk: int | None, quiet: bool) -> None:
    """Make a data folder in which the sample city has lived for three months: cases in every state, some of
    them late, one officer with two hundred. Then `onewindow run` on it.

    With --url, fill a platform that runs (`make run`, `make stack`) with the sample city's accounts in it.
    It gets the same cases as far as they can be at this moment: waiting, returned, turned away, claimed,
    paused, before the head, granted, refused, withdrawn. What takes days by its nature can't be made there,
    since nobody moves a running platform's clock: lights that aren't green, silence, a case across a
    holiday.

    Exit status 2 when the folder holds something already, or the platform was filled before.
    """
    if url:
        from demo.seed.present import Present, SeededAlready
        from demo.seed.stories import tell

        try:
            with _progress(quiet) as heard:
                told = tell(Present(url), AT_THE_DESK_NOW if desk is None else desk, heard)
        except SeededAlready:
            click.echo(f"{url} was filled before: nothing was done", err=True)
            sys.exit(2)
    else:
        if folder.exists() and any(folder.iterdir()):
            click.echo(
                f"{folder} holds data already: remove it first, or choose another with --data", err=True
            )
            sys.exit(2)
        told = _rehearsed(folder, AT_THE_DESK if desk is None else desk, quiet)
    for line in told:
        click.echo(line)
    click.echo(f"\nready: {url or f'onewindow run --data {folder}'}")


def _rehearsed(folder: Path, desk: int, quiet: bool) -> list[str]:
    """Make the folder beside its place and move it there when all is in it, so that half of it is never
    run on."""
    green.patch()
    from chassis import logs
    from demo.seed.rehearsal import Rehearsal
    from demo.seed.stories import tell

    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with (making / "seed.log").open("a", buffering=1) as log:
            logs.configure(stream=log)
            with Rehearsal(making) as rehearsal, _progress(quiet) as heard:
                told = tell(rehearsal, desk, heard)
        making.chmod(0o755)
        making.replace(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return told


@contextmanager
def _progress(quiet: bool) -> Iterator[Heard]:
    """A bar with the day it is in the stories."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("the city wakes up", total=None)

        def heard(made: int, of: int, moment: datetime) -> None:
            bar.update(task, completed=made, total=of, description=f"{moment:%Y-%m-%d}")

        yield heard
