"""The command itself."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from chassis import green


@click.command()
@click.option(
    "--data",
    "folder",
    default="var/run",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Data folder to make; it must not exist yet or be empty.",
)
@click.option("--desk", default=200, show_default=True, help="Cases at one officer's desk.")
@click.option("--quiet", is_flag=True, help="No progress.")
def seed(folder: Path, desk: int, quiet: bool) -> None:
    """Make a data folder in which the sample city has lived: cases in every state, some of them late, one
    officer with two hundred. Then `onewindow run` on it.

    Exit status 2 when the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        click.echo(f"{folder} holds data already: remove it first, or choose another with --data", err=True)
        sys.exit(2)
    green.patch()
    from chassis import logs
    from demo.seed.rehearsal import Rehearsal
    from demo.seed.stories import tell

    folder.mkdir(parents=True, exist_ok=True)
    logs.configure(stream=(folder / "seed.log").open("a", buffering=1))
    with Rehearsal(folder) as rehearsal:
        told = tell(rehearsal, desk, (lambda _: None) if quiet else click.echo)
    for line in told:
        click.echo(line)
    click.echo(f"\nready: onewindow run --data {folder}")
