"""``python -m services.identity rotate-keys``: what an operator does to identity by hand."""

from __future__ import annotations

import click

from chassis.cli.database import database_of
from services.identity import keys


@click.group()
def main() -> None:
    """Identity's keys."""


@main.command()
def rotate_keys() -> None:
    """Publish a new signing key now; the old one is accepted until the last token it signed is over."""
    with database_of("identity") as database, database.transaction() as uow:
        keys.rotate(uow)
    click.echo(f"a new key signs in {keys.LEAD.total_seconds() / 60:.0f} minutes")


if __name__ == "__main__":
    main(prog_name="python -m services.identity")
