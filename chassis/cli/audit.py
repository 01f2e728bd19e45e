"""``onewindow audit``: whether what was written down is what stands there."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from chassis.audit import Report, trails_of
from chassis.audit import verify as verified
from chassis.cli.database import database_of
from chassis.services import metadata_of, service_names

console = Console(stderr=True)


@click.group()
def audit() -> None:
    """Who read and who did what: append-only, chained by hashes."""


@audit.command()
@click.argument("services", nargs=-1)
@click.option("--from", "since", default=1, show_default=True, help="Begin at this position.")
@click.option("--kept", multiple=True, metavar="TRAIL:POSITION:HASH", help="A hash kept elsewhere.")
def verify(services: tuple[str, ...], since: int, kept: tuple[str, ...]) -> None:
    """Find every changed, removed or inserted row of SERVICES (default: all); exit status 1 if there is one.

    The last column of a line that says `intact` is to be kept outside, and to be given by --kept next time.
    """
    sys.exit(0 if report(services or service_names(), since, kept) else 1)


def report(services: Iterable[str], since: int, kept: Iterable[str]) -> bool:
    """Verify and print; whether all is intact."""
    hashes = [_kept(text) for text in kept]
    intact = True
    for service in services:
        for trail in trails_of(metadata_of(service)):
            outside = {position: head for name, position, head in hashes if name == trail.name}
            with (
                database_of(service) as database,
                Progress(
                    SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True
                ) as progress,
            ):
                progress.add_task(f"{service}: {trail.name}")
                with database.read() as session:
                    found = verified(trail, session, since=since, kept=outside)
            intact &= not found.problems
            _print(service, found)
    return intact


def _print(service: str, found: Report) -> None:
    for problem in found.problems:
        click.echo(f"{service} {found.trail}: {problem}")
    faults = len(found.problems)
    word = f"{faults} fault{'s' if faults > 1 else ''}" if faults else "intact"
    waiting = f", {found.waiting} not chained yet" if found.waiting else ""
    end = f"{found.trail}:{found.position}:{found.head}"
    click.echo(f"{service} {found.trail}: {word}, {found.rows} rows{waiting} · keep {end}")


def _kept(text: str) -> tuple[str, int, str]:
    name, _, rest = text.partition(":")
    position, _, head = rest.partition(":")
    if not position.isdigit() or len(head) != 64:
        raise click.BadParameter("a kept hash looks like audit:120:3f…", param_hint="--kept")
    return name, int(position), head
