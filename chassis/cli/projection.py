"""``onewindow projection``: rebuild what a service made of others' events."""

from __future__ import annotations

from contextlib import ExitStack
from typing import cast

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from chassis.cli.database import database_of
from chassis.projection import Projection
from chassis.projection import rebuild as rebuilt
from chassis.services import part, service_names

console = Console()


@click.group()
def projection() -> None:
    """What services make of others' events."""


@projection.command()
@click.argument("service")
def rebuild(service: str) -> None:
    """Make SERVICE's figures anew from the event logs; what is shown changes at the end, at once."""
    made = part(service, "projection") if service in service_names() else None
    if made is None:
        able = [name for name in service_names() if part(name, "projection")]
        raise click.ClickException(f"{service} keeps nothing that can be rebuilt; there is {', '.join(able)}")
    wanted = {event.source for event in made.EVENTS}
    taken = 0
    with ExitStack() as stack, Progress(SpinnerColumn(), TextColumn("{task.description}")) as progress:
        task = progress.add_task("")
        database = stack.enter_context(database_of(service))
        sources = [stack.enter_context(database_of(name)) for name in sorted(wanted)]
        try:
            for count in rebuilt(database, sources, cast(Projection, made)):
                taken += count
                progress.update(task, description=f"{taken} events taken in")
        except RuntimeError as error:
            raise click.ClickException(str(error)) from error
    console.print(f"{service} rebuilt from {taken} events")
